//! The one loop, for every kind.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::{FutureExt as _, StreamExt as _, stream};
use jiff::Timestamp;
use kube::{
    ResourceExt as _,
    runtime::{
        controller::{self, Action, Controller},
        reflector::ObjectRef,
    },
};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::{
    apply::{self, status},
    context::Context,
    error::Error,
    kept::Packed,
    kind::Kind,
    plan::{Next, Note, Plan, Refusal, Urgency},
    watch::jittered,
};

/// How long one look may take, all its calls together.
const LIMIT: Duration = Duration::from_secs(60);
/// When a plan that was refused is tried again, though nothing has changed that the operator can see: a quota may be raised.
const REFUSED: Duration = Duration::from_secs(10);
/// When something is looked at again that has to go first.
const IN_THE_WAY: Duration = Duration::from_millis(500);
/// The first pause after a look that failed; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause where time alone may mend it.
const SHORT_PAUSE: Duration = Duration::from_secs(10);
/// The longest pause where somebody has to do something.
const LONG_PAUSE: Duration = Duration::from_secs(300);

/// Looks at objects of one kind whenever `triggers` names one, until `shutdown`; then finishes the looks that it has begun.
pub async fn run<K: Kind>(
    ctx: Arc<Context>,
    mut triggers: UnboundedReceiver<ObjectRef<Packed<K>>>,
    concurrency: u16,
    shutdown: impl Future<Output = ()> + Send + Sync + 'static,
) where
    K::DynamicType: std::fmt::Debug + Unpin,
{
    let store = K::cache(&ctx.caches).store();
    Controller::for_stream(stream::pending(), store)
        .reconcile_on(stream::poll_fn(move |task| triggers.poll_recv(task)))
        .with_config(controller::Config::default().concurrency(concurrency))
        .graceful_shutdown_on(shutdown)
        .run(reconcile::<K>, error_policy::<K>, ctx)
        // An object that is gone by its turn is no error, and those of looks were logged.
        .for_each(|_| std::future::ready(()))
        .await;
}

async fn reconcile<K: Kind>(object: Arc<Packed<K>>, ctx: Arc<Context>) -> Result<Action, Error> {
    if !ctx.leading.now() {
        // All objects are looked at once this operator leads.
        return Ok(Action::await_change());
    }
    let kept = object.unpacked();
    let mut measured = ctx.metrics.measure(K::NAME);
    let looked = AssertUnwindSafe(look(&kept, &ctx, || ctx.clock.now())).catch_unwind();
    let outcome = match tokio::time::timeout(LIMIT, looked).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_panic)) => Err(Error::Panicked),
        Err(_) => Err(Error::Unfinished(LIMIT)),
    };
    measured.ended(&outcome, matches!(outcome, Ok(Next::After(_))));
    let next = outcome?;
    ctx.succeeded(&object.uid().unwrap_or_default());
    Ok(match next {
        Next::OnChange => Action::await_change(),
        Next::After(pause) => Action::requeue(pause),
    })
}

/// One look at an object:
///
/// 1. observe: read all that a decision may rest on, once; a right that is missing ends the look in a condition;
/// 2. decide: choose what is to be done, as plain data;
/// 3. apply: write objects in order, then delete; a refusal ends this step and is no error;
/// 4. status: write it whole, once, last, and only if it differs from the one that was seen; not at all while something is
///    in the way of a write, since the status tells of what was to be written, nor that all is over while something is
///    still to be deleted;
/// 5. events: tell what has happened, once the status says so;
///
/// and then say when to look again. Every step rests on what the cluster holds, never on what this program did before: it
/// may be killed between any two writes. `clock` says what time it is.
///
/// Errors: the cluster could not be read or written; what was done until then stays.
pub async fn look<K: Kind>(object: &K, ctx: &Context, clock: impl Fn() -> Timestamp) -> Result<Next, Error> {
    let clock_set_at = ctx.clock.set_at();
    let seen = match object.observe(ctx).await {
        Ok(seen) => seen,
        Err(error) => match apply::unreadable(&error) {
            Some(refusal) => return unreadable(object, ctx, refusal, clock()).await,
            None => return Err(error),
        },
    };

    let now = clock();
    if ctx.clock.set_at() != clock_set_at {
        // What was seen is of a time that is no longer.
        return Ok(Next::After(Duration::ZERO));
    }
    let Plan {
        apply: desired,
        delete,
        status,
        notes,
        next,
    } = object.decide(&seen, &ctx.settings, now);

    let applied = apply::apply(ctx, object, &desired, &delete).await?;

    match applied.refusals.as_slice() {
        [] if applied.is_unfinished => {}
        // What is told to be over is not looked after any more.
        [] if applied.has_changed && K::is_over(&status) => {}
        [] => write(object, ctx, status).await?,
        refusals => write(object, ctx, object.refused(status, refusals, now)).await?,
    }

    publish(
        object,
        ctx,
        told(notes, &applied.refusals, !applied.is_unfinished),
    )
    .await;
    Ok(if !applied.refusals.is_empty() {
        Next::After(jittered(REFUSED))
    } else if applied.is_unfinished || applied.has_changed {
        next.or(Next::After(IN_THE_WAY))
    } else {
        next
    })
}

/// The end of a look that could not read what it rests on: the status stays, but for its conditions.
async fn unreadable<K: Kind>(
    object: &K,
    ctx: &Context,
    refusal: Refusal,
    now: Timestamp,
) -> Result<Next, Error> {
    let before = object.status().cloned().unwrap_or_default();
    let refusals = [refusal];
    write(object, ctx, object.refused(before, &refusals, now)).await?;
    publish(object, ctx, told(Vec::new(), &refusals, true)).await;
    Ok(Next::After(jittered(REFUSED)))
}

async fn write<K: Kind>(object: &K, ctx: &Context, status: K::Status) -> Result<(), Error> {
    if object.status() != Some(&status) {
        status::write(ctx, object, &status).await?;
        object.count(&status, &ctx.metrics);
    }
    Ok(())
}

async fn publish<K: Kind>(object: &K, ctx: &Context, notes: Vec<Note>) {
    let namespace = object.namespace().unwrap_or_default();
    for note in notes {
        // What is refused there says nothing of this object.
        if !ctx.namespace_is_terminating(&namespace) {
            ctx.announcer.publish(&object.object_ref(&()), &note).await;
        }
    }
}

/// The events of a plan. Where a part of it was refused, or is not finished, what it was to bring about has not happened,
/// but what it warns of has.
fn told(notes: Vec<Note>, refusals: &[Refusal], is_finished: bool) -> Vec<Note> {
    let is_whole = refusals.is_empty() && is_finished;
    let happened = |note: &Note| is_whole || note.urgency == Urgency::Warning;
    let refused = refusals.iter().map(|refusal| Note {
        urgency: Urgency::Warning,
        reason: refusal.reason.word(),
        action: "Applying",
        message: format!("{}: {}", refusal.object, refusal.message),
    });
    notes.into_iter().filter(happened).chain(refused).collect()
}

fn error_policy<K: Kind>(object: Arc<Packed<K>>, error: &Error, ctx: Arc<Context>) -> Action {
    let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
    // What went away during the look was forgotten, and is not remembered again.
    let is_there =
        (K::cache(&ctx.caches).get(&namespace, &name)).is_some_and(|there| there.uid() == object.uid());
    let pause = |failures| pause(failures, error.is_passing());
    let pause = if is_there {
        ctx.failed(&object.uid().unwrap_or_default(), pause)
    } else {
        pause(1)
    };
    tracing::warn!(
        kind = K::NAME, %namespace, %name, cause = error.label(), %error, retry_ms = pause.as_millis(),
        "cannot look after {} {namespace}/{name}: {error}", K::NAME,
    );
    Action::requeue(jittered(pause))
}

fn pause(failures: u32, passing: bool) -> Duration {
    let longest = if passing { SHORT_PAUSE } else { LONG_PAUSE };
    (FIRST_PAUSE * (1 << failures.saturating_sub(1).min(10))).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(urgency: Urgency) -> Note {
        Note {
            urgency,
            reason: "FitStarted",
            action: "Fitting",
            message: "A fit began.".to_owned(),
        }
    }

    #[test]
    fn pauses_double_up_to_a_limit_that_depends_on_who_can_mend_it() {
        let seconds = |failures, passing| pause(failures, passing).as_secs_f64();
        assert_eq!(
            [seconds(1, true), seconds(2, true), seconds(3, true)],
            [0.5, 1.0, 2.0]
        );
        assert_eq!([seconds(9, true), seconds(u32::MAX, true)], [10.0, 10.0]);
        assert_eq!([seconds(9, false), seconds(u32::MAX, false)], [128.0, 300.0]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_that_fails_before_its_time_makes_no_pause_longer() {
        let nobody = tower::service_fn(|_: hyper::Request<kube::client::Body>| async {
            Err::<hyper::Response<kube::client::Body>, _>(std::io::Error::other("nobody listens"))
        });
        let client = kube::Client::new(nobody, "default");
        let ctx = Context::new(
            client,
            crate::settings::Settings::default(),
            crate::alive::Via::PodIp,
            crate::lease::Leading::default(),
        );
        let failed = || ctx.failed("1", |failures| pause(failures, false)).as_secs_f64();
        let first: Vec<f64> = (0..100).map(|_| failed()).collect();
        assert!(first.iter().all(|pause| *pause == 0.5), "{first:?}");
        tokio::time::advance(Duration::from_millis(500)).await;
        assert_eq!([failed(), failed()], [1.0, 1.0]);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(failed(), 2.0);
        ctx.succeeded("1");
        assert_eq!(failed(), 0.5);
    }

    #[test]
    fn a_refused_plan_tells_no_success() {
        let refusal = Refusal {
            object: "Job iris-fit".to_owned(),
            reason: auriga_crds::Reason::QuotaExceeded,
            message: "exceeded quota".to_owned(),
        };
        let notes = vec![note(Urgency::Normal), note(Urgency::Warning)];
        assert_eq!(told(notes.clone(), &[], true), notes);
        assert_eq!(told(notes.clone(), &[], false), [note(Urgency::Warning)]);
        let reasons: Vec<_> = (told(notes, &[refusal], true).into_iter())
            .map(|note| (note.urgency, note.reason, note.message))
            .collect();
        assert_eq!(
            reasons,
            [
                (Urgency::Warning, "FitStarted", "A fit began.".to_owned()),
                (
                    Urgency::Warning,
                    "QuotaExceeded",
                    "Job iris-fit: exceeded quota".to_owned()
                ),
            ]
        );
    }
}
