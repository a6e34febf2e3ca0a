//! Carries a plan out: the only place, with what is below it, that writes to the cluster.
//!
//! Each write stands on its own and may be done twice, because an answer can get lost, and the program can be killed before
//! the next one.

mod begin;
mod covers;
mod mark;
mod object;
mod refusal;
mod remove;
pub(crate) mod status;

use std::time::Duration;

use kube::{
    Resource, ResourceExt as _,
    api::{DynamicObject, Patch, PatchParams, PostParams},
    core::Status,
};
use serde_json::Value;

pub use covers::covers;
use mark::{mark, relabel};
use object::{Object, Standing};
use refusal::refusal;
pub(crate) use refusal::says_that_namespace_ends;
use remove::{is_as_seen, remove};

use crate::{
    caches::Stored,
    call::{READ, WRITE, call, found},
    context::{Context, Settled, lock},
    error::Error,
    labels::AURIGA,
    plan::{Desired, Refusal, Target},
    planted::Bug,
};

/// How long an object may take to go away: pods that end have half of that. What takes longer is held by somebody, and a person
/// has to know.
const STUCK: Duration = Duration::from_secs(60);

/// What came of carrying a plan out.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    /// What was refused.
    pub(crate) refusals: Vec<Refusal>,
    /// Whether something that was to be written had something in its way that goes by itself: what the plan says of it is
    /// not so yet.
    pub(crate) is_unfinished: bool,
    /// Whether something that was to be deleted has changed since it was seen, or what asks for that has.
    pub(crate) has_changed: bool,
}

impl Applied {
    /// Whether all was written as the plan has it.
    fn is_whole(&self) -> bool {
        self.refusals.is_empty() && !self.is_unfinished
    }
}

/// What came of one write.
enum Outcome {
    Done,
    /// An object of a predecessor is still there, or this one has changed meanwhile.
    HeldUp,
    Refused(Refusal),
}

/// Writes `desired` in order, then deletes, all in the namespace of `owner`.
///
/// Behind what was refused or held up nothing new is made, and nothing is deleted: a later object may rest on an earlier one,
/// a pod on its manifest. What is there already is looked after all the same, since it serves: a plan says what each object
/// should be by what its pods have shown, not by what is about to be written before it.
pub(crate) async fn apply<K>(
    ctx: &Context,
    owner: &K,
    desired: &[Desired],
    delete: &[Target],
) -> Result<Applied, Error>
where
    K: Resource<DynamicType = ()>,
{
    let namespace = owner.namespace().unwrap_or_default();
    let mut applied = Applied::default();
    for one in desired {
        let object = Object::of(&ctx.client, &namespace, one.value())?;
        if !applied.is_whole() && !is_there(ctx, one, &object) {
            continue;
        }
        let outcome = match one {
            Desired::Create(_) => create(ctx, owner, &object).await,
            Desired::Apply(_) => make_so(ctx, &object).await,
            Desired::Mark(_) => mark(ctx, &object).await,
        };
        match read(outcome)? {
            Outcome::Done => {}
            Outcome::HeldUp => applied.is_unfinished = true,
            Outcome::Refused(refusal) => applied.refusals.push(refusal),
        }
    }
    if !applied.is_whole() || delete.is_empty() {
        return Ok(applied);
    }
    match is_as_seen(ctx, owner).await {
        Ok(true) => {}
        Ok(false) => {
            applied.has_changed = true;
            return Ok(applied);
        }
        Err(error) => {
            applied.refusals.push(unreadable(&error).ok_or(error)?);
            return Ok(applied);
        }
    }
    for target in delete {
        match read(remove(ctx, &namespace, target).await)? {
            Outcome::Done => {}
            Outcome::HeldUp => applied.has_changed = true,
            Outcome::Refused(refusal) => applied.refusals.push(refusal),
        }
    }
    Ok(applied)
}

/// Whether `desired` would make nothing: the object is there, and ours.
fn is_there(ctx: &Context, desired: &Desired, object: &Object<'_>) -> bool {
    match desired {
        Desired::Create(_) => false,
        Desired::Apply(_) => match object.stored(&ctx.caches) {
            Stored::Seen(live) => standing(ctx, object, &live) == Standing::Ours,
            Stored::Absent | Stored::Unwatched => false,
        },
        Desired::Mark(_) => true,
    }
}

/// The refusal that an error is which kept a look from reading what it rests on: a right is missing.
pub(crate) fn unreadable(error: &Error) -> Option<Refusal> {
    match error {
        Error::Api { what, .. } if error.code() == Some(403) => Some(Refusal {
            object: format!("The attempt to {what}"),
            reason: auriga_crds::Reason::Forbidden,
            message: error.status()?.message.clone(),
        }),
        _ => None,
    }
}

/// What came of a write that had to read something first, which may be what is refused.
fn read(outcome: Result<Outcome, Error>) -> Result<Outcome, Error> {
    outcome.or_else(|error| Ok(Outcome::Refused(unreadable(&error).ok_or(error)?)))
}

async fn create<K>(ctx: &Context, owner: &K, object: &Object<'_>) -> Result<Outcome, Error>
where
    K: Resource<DynamicType = ()>,
{
    if let Stored::Seen(live) = object.stored(&ctx.caches)
        && standing(ctx, object, &live) == Standing::Ours
    {
        return Ok(Outcome::Done);
    }
    if object.kind() == "TrainingJob" && !begin::is_up_to_date(ctx, owner).await? {
        return Ok(Outcome::HeldUp);
    }
    let wanted: DynamicObject = object.parsed()?;
    let what = format!("create {}", object.what());
    let parameters = post();
    match call(&what, WRITE, || object.api.create(&parameters, &wanted)).await {
        Ok(made) => {
            keep(ctx, object, made);
            Ok(Outcome::Done)
        }
        Err(error) if error.status().is_some_and(Status::is_already_exists) => match live(object).await? {
            Some(live) => {
                let seen = json_of(live.clone());
                match judged(ctx, object, live) {
                    Outcome::Done => relabel(ctx, object, &seen).await,
                    outcome => Ok(outcome),
                }
            }
            // It was there a moment ago.
            None => Ok(Outcome::HeldUp),
        },
        Err(error) => refused(ctx, object, error),
    }
}

async fn make_so(ctx: &Context, object: &Object<'_>) -> Result<Outcome, Error> {
    let (mut wanted, hash) = object.stamped();
    let known = match object.stored(&ctx.caches) {
        Stored::Seen(live) if standing(ctx, object, &live) == Standing::Ours => Some(live),
        // What the watches do not know may be there nevertheless, and somebody else's.
        _ => match live(object).await? {
            None => None,
            Some(live) => match judged(ctx, object, live.clone()) {
                Outcome::Done => Some(json_of(live)),
                outcome => return Ok(outcome),
            },
        },
    };
    if let Some(live) = &known
        && (covers(live, &wanted) || is_settled(ctx, live, &hash))
    {
        return Ok(Outcome::Done);
    }
    let what = format!("apply {}", object.what());
    let written = match &known {
        // The very object that was looked at: one of its name that has taken its place meanwhile is not adopted.
        Some(live) => {
            wanted["metadata"]["uid"] = live["metadata"]["uid"].clone();
            if object.kind() == "Service" {
                // Whoever moves the traffic has to know where it is: an operator that takes over may not have heard yet. Others
                // change all the time besides, and what is written to them does no harm twice.
                wanted["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"].clone();
            }
            let parameters = PatchParams::apply(AURIGA).force();
            let patch = Patch::Apply(&wanted);
            let applied = call(&what, WRITE, || {
                object.api.patch(object.name(), &parameters, &patch)
            })
            .await;
            match applied {
                Err(error) if refusal::says_that_something_is_twice(&error) => {
                    replace_lists(object, &what, &wanted).await
                }
                applied => applied,
            }
        }
        None => {
            let wanted = object::parsed(&wanted)?;
            let parameters = post();
            call(&what, WRITE, || object.api.create(&parameters, &wanted)).await
        }
    };
    match written {
        Ok(made) => {
            // Whatever else changes it on the way, a policy or a webhook, would change it again: it is written once.
            let settled = Settled {
                hash,
                version: made.metadata.resource_version.clone(),
            };
            lock(&ctx.settled).insert(made.metadata.uid.clone().unwrap_or_default(), settled);
            keep(ctx, object, made);
            Ok(Outcome::Done)
        }
        // Somebody has changed, deleted or made it in between: the next look sees who.
        Err(error) if error.code() == Some(409) => Ok(Outcome::HeldUp),
        Err(error) => refused(ctx, object, error),
    }
}

/// Writes an object of ours whose lists hold what somebody has made of an item of ours: a port with another number and the
/// same name. To apply keeps the one and adds the other, which the API server takes for the same twice; a merge puts our
/// lists in the place of those.
async fn replace_lists(object: &Object<'_>, what: &str, wanted: &Value) -> Result<DynamicObject, Error> {
    let parameters = by_auriga();
    let patch = Patch::Merge(wanted);
    call(what, WRITE, || {
        object.api.patch(object.name(), &parameters, &patch)
    })
    .await
}

/// A patch of ours that is no apply.
pub(crate) fn by_auriga() -> PatchParams {
    PatchParams {
        field_manager: Some(AURIGA.to_owned()),
        ..PatchParams::default()
    }
}

fn post() -> PostParams {
    PostParams {
        field_manager: Some(AURIGA.to_owned()),
        ..PostParams::default()
    }
}

/// Whether this very content was written already and led to this very object.
fn is_settled(ctx: &Context, live: &Value, hash: &str) -> bool {
    let text = |field: &str| live["metadata"][field].as_str().map(str::to_owned);
    let settled = lock(&ctx.settled);
    let last = text("uid").and_then(|uid| settled.get(&uid));
    last.is_some_and(|last| last.hash == hash && last.version == text("resourceVersion"))
}

async fn live(object: &Object<'_>) -> Result<Option<DynamicObject>, Error> {
    let what = format!("read {}", object.what());
    found(call(&what, READ, || object.api.get(object.name())).await)
}

/// What it means for a plan that `live` has the name of `object` already.
fn judged(ctx: &Context, object: &Object<'_>, live: DynamicObject) -> Outcome {
    match standing(ctx, object, &json_of(live.clone())) {
        Standing::Ours => {
            keep(ctx, object, live);
            Outcome::Done
        }
        Standing::OnItsWayOut => {
            let uid = live.uid().unwrap_or_default();
            let is_going = live.metadata.deletion_timestamp.is_some();
            if is_going && ctx.in_the_way_for(&uid) > STUCK {
                Outcome::Refused(refusal::stuck(object, &live.metadata))
            } else {
                Outcome::HeldUp
            }
        }
        Standing::Foreign => Outcome::Refused(refusal::name_conflict(object)),
    }
}

fn refused(ctx: &Context, object: &Object<'_>, error: Error) -> Result<Outcome, Error> {
    let Some(status) = error.status() else {
        return Err(error);
    };
    if refusal::says_that_namespace_ends(status) {
        ctx.namespace_ends(&object.namespace);
        return Ok(Outcome::HeldUp);
    }
    match refusal(object, status) {
        Some(refusal) => Ok(Outcome::Refused(refusal)),
        None => Err(error),
    }
}

/// Whose `live` is, which has the name of `object`.
fn standing(ctx: &Context, object: &Object<'_>, live: &Value) -> Standing {
    if ctx.settings.has_planted(Bug::AdoptByName) {
        return Standing::Ours;
    }
    object.standing(live)
}

fn keep(ctx: &Context, object: &Object<'_>, made: DynamicObject) {
    if ctx.settings.has_planted(Bug::StaleCache) {
        return;
    }
    ctx.caches.put(object.kind(), json_of(made));
}

fn json_of(object: DynamicObject) -> Value {
    serde_json::to_value(object).expect("what was read as JSON can be written as JSON")
}

#[cfg(test)]
mod tests;
