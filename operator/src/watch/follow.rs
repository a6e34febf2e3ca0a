//! Follows one kind: a list, then the watch that goes on from it, and all anew after an error.

use std::{hash::BuildHasher as _, time::Duration};

use futures_util::{Stream, StreamExt as _};
use kube::{
    Resource,
    runtime::{
        reflector::ObjectRef,
        watcher::{self, Event},
    },
};
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep},
};

use super::PAGE;
use crate::{
    cache::{Cache, Change},
    error::plain_watch,
    kept::Guarded,
    listing::Listing,
};

/// How many kinds are listed at once: the text of a page is held as a whole.
const AT_ONCE: usize = 2;
/// The pause before the next page of a list: an operator that begins is not the only one that the API server has to answer.
const BETWEEN_PAGES: Duration = Duration::from_millis(50);
/// The longest pause between two tries of a watch that fails: an API server that is back is heard again soon.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// The lists with which watches begin.
pub(super) struct Lists<'a> {
    /// Lets a few kinds be listed at a time.
    turns: Semaphore,
    /// Who waits for them.
    listing: &'a Listing,
}

impl<'a> Lists<'a> {
    /// Those of a term, before the first of them; `listing` is told of each that is whole.
    pub(super) fn told_to(listing: &'a Listing) -> Lists<'a> {
        Lists {
            turns: Semaphore::new(AT_ONCE),
            listing,
        }
    }

    /// Fills a cache from what `begin` starts: a list, and a watch that goes on from it. After an error all begins anew with
    /// a list. To go on from the last version that was seen would miss what happens on an API server whose objects were
    /// restored from a backup: it counts from lower versions again, and tells who asks from a higher one nothing until it has
    /// passed it.
    pub(super) async fn follow<K, E>(
        &self,
        name: impl AsRef<str>,
        begin: impl Fn() -> E,
        cache: &Cache<K>,
        tell: impl Fn(&Change<K>),
    ) where
        K: Resource<DynamicType = ()> + Clone + 'static,
        E: Stream<Item = watcher::Result<Event<Guarded<K>>>>,
    {
        let (name, mut pause) = (name.as_ref(), Pause::default());
        // How many objects have come of the list at most: one that begins anew again and again does not go on.
        let (mut most, mut is_first) = (0, true);
        loop {
            let mut turn = self.turns.acquire().await.ok();
            let mut events = std::pin::pin!(begin());
            let (mut listed, mut came) = (None, 0);
            while let Some(event) = events.next().await {
                let event = match event {
                    Ok(event) => event,
                    Err(error) => {
                        let error = plain_watch(&error);
                        tracing::warn!(kind = %K::kind(&()), %error, "cannot watch {name}: {error}");
                        break;
                    }
                };
                if matches!(event, Event::InitApply(_)) {
                    came += 1;
                    if came % PAGE as usize == 0 {
                        sleep(BETWEEN_PAGES).await;
                    }
                }
                if is_first && came > most {
                    most = came;
                    self.listing.goes_on();
                }
                let is_whole = matches!(event, Event::InitDone);
                if let Some(event) = known(each(event, |object| readable(object, cache, &tell))) {
                    cache.take(event).iter().for_each(&tell);
                }
                if is_whole {
                    is_first = false;
                    listed = Some(Instant::now());
                    turn = None;
                    self.listing.done(name);
                }
            }
            drop(turn);
            // Lists that go well say nothing of a watch that is refused each time.
            if listed.is_some_and(|listed| listed.elapsed() > LONGEST_PAUSE) {
                pause = Pause::default();
            }
            sleep(pause.next()).await;
        }
    }
}

/// The object, if it is one at all.
fn readable<K>(object: Guarded<K>, cache: &Cache<K>, tell: impl Fn(&Change<K>)) -> Option<K>
where
    K: Resource<DynamicType = ()> + Clone + 'static,
{
    match object.0 {
        Ok(object) => Some(object),
        Err(broken) => {
            let name = broken.metadata.name.unwrap_or_default();
            let namespace = broken.metadata.namespace.unwrap_or_default();
            tracing::error!(
                kind = %K::kind(&()), %namespace, %name, error = %broken.error,
                "cannot read {} {namespace}/{name}; it is left alone until it is corrected", K::kind(&()),
            );
            // What it was before is no longer what anybody wants.
            if let Some(change) = cache.forget(&ObjectRef::new(&name).within(&namespace)) {
                tell(&change);
            }
            None
        }
    }
}

/// The event about what `map` makes of its object.
pub(super) fn each<A, B>(event: Event<A>, map: impl FnOnce(A) -> B) -> Event<B> {
    match event {
        Event::Apply(object) => Event::Apply(map(object)),
        Event::Delete(object) => Event::Delete(map(object)),
        Event::InitApply(object) => Event::InitApply(map(object)),
        Event::Init => Event::Init,
        Event::InitDone => Event::InitDone,
    }
}

/// The event, unless it is about an object that cannot be read.
fn known<K>(event: Event<Option<K>>) -> Option<Event<K>> {
    Some(match event {
        Event::Apply(object) => Event::Apply(object?),
        Event::Delete(object) => Event::Delete(object?),
        Event::InitApply(object) => Event::InitApply(object?),
        Event::Init => Event::Init,
        Event::InitDone => Event::InitDone,
    })
}

/// Pauses between tries: from half a second, doubling, each cut at random so that watches do not come back all at once.
#[derive(Default)]
struct Pause {
    tries: u32,
}

impl Pause {
    fn next(&mut self) -> Duration {
        let whole = Duration::from_millis(500) * (1 << self.tries.min(6));
        self.tries = self.tries.saturating_add(1);
        jittered(whole.min(LONGEST_PAUSE))
    }
}

/// Between half of a time and the whole.
pub(crate) fn jittered(whole: Duration) -> Duration {
    // The keys of a hash map are random and need no generator of their own.
    let random = std::hash::RandomState::new().hash_one(whole) % 1024;
    whole.mul_f64(0.5 + f64::from(u32::try_from(random).unwrap_or(0)) / 2048.0)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures_util::{FutureExt as _, StreamExt as _, stream};
    use k8s_openapi::api::core::v1::Service;
    use tokio::time::timeout;

    use super::*;

    fn service(name: &str, version: &str) -> Service {
        let mut service = Service::default();
        service.metadata.name = Some(name.to_owned());
        service.metadata.namespace = Some("a".to_owned());
        service.metadata.uid = Some(name.to_owned());
        service.metadata.resource_version = Some(version.to_owned());
        service
    }

    #[tokio::test(start_paused = true)]
    async fn after_an_error_objects_are_listed_anew_also_from_lower_versions() {
        let cache = Cache::new(|_: &Service| Vec::new());
        let listing = Listing::default();
        listing.begin(["services"]);
        let lists = Lists::told_to(&listing);
        let count = Cell::new(0);
        let begin = || {
            count.set(count.get() + 1);
            // The second time the API server is back at where it was before.
            let (found, is_broken) = match count.get() {
                1 => (vec![service("iris", "90"), service("rose", "80")], true),
                _ => (vec![service("iris", "20")], false),
            };
            let found = found.into_iter().map(|one| Event::InitApply(Guarded(Ok(one))));
            let events = [Event::Init].into_iter().chain(found).chain([Event::InitDone]);
            let broken = is_broken.then_some(Err(watcher::Error::NoResourceVersion));
            let events: Vec<watcher::Result<_>> = events.map(Ok).chain(broken).collect();
            stream::iter(events).chain(stream::pending())
        };
        let followed = lists.follow("services", begin, &cache, |_| {});
        timeout(Duration::from_secs(60), followed).map(drop).await;
        assert_eq!(count.get(), 2);
        let versions: Vec<_> = cache
            .all()
            .iter()
            .map(|one| one.metadata.resource_version.clone())
            .collect();
        assert_eq!(versions, [Some("20".to_owned())]);
        assert_eq!(listing.what(), None, "all was listed");
    }

    #[tokio::test(start_paused = true)]
    async fn a_list_that_breaks_off_at_the_same_place_again_and_again_does_not_go_on() {
        let cache = Cache::new(|_: &Service| Vec::new());
        let listing = Listing::default();
        listing.begin(["services"]);
        let lists = Lists::told_to(&listing);
        let begin = || {
            let first = Event::InitApply(Guarded(Ok(service("iris", "1"))));
            stream::iter([Ok(Event::Init), Ok(first), Err(watcher::Error::NoResourceVersion)])
        };
        tokio::select! {
            () = lists.follow("services", begin, &cache, |_| {}) => panic!("it does not end"),
            is_whole = timeout(Duration::from_secs(600), listing.all()) => assert_eq!(is_whole, Ok(false)),
        }
    }
}
