//! Watches that a Service is never without a pod that is ready: an answer in between would be an error.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use auriga_e2e::Space;
use k8s_openapi::api::discovery::v1::{EndpointConditions, EndpointSlice};
use kube::{
    ResourceExt as _,
    api::{WatchEvent, WatchParams},
};
use tokio::task::JoinHandle;

use crate::follow::follow;

/// The endpoints of the Service iris, for as long as they are watched.
pub(crate) struct Endpoints {
    gaps: Arc<AtomicUsize>,
    had_one: Arc<AtomicBool>,
    watching: JoinHandle<()>,
}

impl Endpoints {
    /// Begins to watch those of `space`.
    pub(crate) fn watch(space: &Space) -> Endpoints {
        let gaps = Arc::new(AtomicUsize::new(0));
        let had_one = Arc::new(AtomicBool::new(false));
        let (counted, noted) = (Arc::clone(&gaps), Arc::clone(&had_one));
        let mut ready = Ready::default();
        let take = move |event| {
            counted.fetch_add(usize::from(ready.ends(event)), Ordering::Relaxed);
            noted.fetch_or(ready.had_one, Ordering::Relaxed);
        };
        let slices = WatchParams::default().labels("kubernetes.io/service-name=iris");
        Endpoints {
            gaps,
            had_one,
            watching: tokio::spawn(follow(space.typed(), slices, take)),
        }
    }

    /// Ends the watch; answers how often the last pod that was ready went away. `None`: there never was one, as far as was
    /// seen.
    pub(crate) fn gaps(self) -> Option<usize> {
        let had_one = self.had_one.load(Ordering::Relaxed);
        had_one.then(|| self.gaps.load(Ordering::Relaxed))
    }
}

impl Drop for Endpoints {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

/// How many endpoints are ready, by slice.
#[derive(Default)]
struct Ready {
    slices: BTreeMap<String, usize>,
    had_one: bool,
}

impl Ready {
    /// Takes in what happened; whether there is none any more where there was one before.
    fn ends(&mut self, event: WatchEvent<EndpointSlice>) -> bool {
        match event {
            WatchEvent::Added(slice) | WatchEvent::Modified(slice) => {
                self.slices.insert(slice.name_any(), count(&slice));
            }
            WatchEvent::Deleted(slice) => drop(self.slices.remove(&slice.name_any())),
            WatchEvent::Bookmark(_) => return false,
            WatchEvent::Error(_) => {
                // What went away while nobody watched is not told.
                *self = Ready::default();
                return false;
            }
        }
        let has_one = self.slices.values().any(|ready| *ready > 0);
        let ends = self.had_one && !has_one;
        self.had_one = has_one;
        ends
    }
}

fn count(slice: &EndpointSlice) -> usize {
    // A condition that is not told counts as true (API reference, "EndpointConditions").
    let is_ready = |conditions: &EndpointConditions| conditions.ready != Some(false);
    (slice.endpoints.iter())
        .filter(|endpoint| endpoint.conditions.as_ref().is_none_or(is_ready))
        .count()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn slice(name: &str, ready: &[bool]) -> EndpointSlice {
        let endpoint = |ready: &bool| json!({ "addresses": ["10.0.0.1"], "conditions": { "ready": ready } });
        let slice = json!({
            "metadata": { "name": name }, "addressType": "IPv4",
            "endpoints": ready.iter().map(endpoint).collect::<Vec<_>>(),
        });
        serde_json::from_value(slice).expect("it is a slice")
    }

    #[test]
    fn the_last_ready_pod_that_goes_is_counted_once() {
        let mut ready = Ready::default();
        let mut tell = |event| ready.ends(event);
        assert!(!tell(WatchEvent::Added(slice("a", &[]))), "nothing was there yet");
        assert!(!tell(WatchEvent::Modified(slice("a", &[true, false]))));
        assert!(!tell(WatchEvent::Added(slice("b", &[true]))));
        assert!(
            !tell(WatchEvent::Modified(slice("a", &[false]))),
            "another slice has one"
        );
        assert!(tell(WatchEvent::Deleted(slice("b", &[true]))));
        assert!(!tell(WatchEvent::Modified(slice("a", &[]))), "it is counted once");
    }
}
