//! Watches that a Service is never without a pod that is ready: an answer in between would be an error.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use auriga_e2e::Space;
use futures_util::StreamExt as _;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::{
    ResourceExt as _,
    runtime::watcher::{Config, Event, watcher},
};
use tokio::task::JoinHandle;

/// The endpoints of the Service iris, for as long as they are watched.
pub(crate) struct Endpoints {
    gaps: Arc<AtomicUsize>,
    watching: JoinHandle<()>,
}

impl Endpoints {
    /// Begins to watch those of `space`.
    pub(crate) fn watch(space: &Space) -> Endpoints {
        let gaps = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&gaps);
        let slices = Config::default().labels("kubernetes.io/service-name=iris");
        let events = watcher(space.typed::<EndpointSlice>(), slices);
        let watching = tokio::spawn(async move {
            let mut ready = Ready::default();
            let mut events = std::pin::pin!(events);
            while let Some(event) = events.next().await {
                match event {
                    Ok(event) => drop(counted.fetch_add(usize::from(ready.ends(event)), Ordering::Relaxed)),
                    Err(_) => tokio::time::sleep(std::time::Duration::from_millis(500)).await,
                }
            }
        });
        Endpoints { gaps, watching }
    }

    /// Ends the watch; answers how often the last pod that was ready went away.
    pub(crate) fn gaps(self) -> usize {
        self.gaps.load(Ordering::Relaxed)
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
    fn ends(&mut self, event: Event<EndpointSlice>) -> bool {
        match event {
            Event::Init => {
                self.slices.clear();
                return false;
            }
            Event::InitApply(slice) => {
                self.slices.insert(slice.name_any(), count(&slice));
                return false;
            }
            Event::Apply(slice) => drop(self.slices.insert(slice.name_any(), count(&slice))),
            Event::Delete(slice) => drop(self.slices.remove(&slice.name_any())),
            Event::InitDone => {}
        }
        let has_one = self.slices.values().any(|ready| *ready > 0);
        let ends = self.had_one && !has_one;
        self.had_one = has_one;
        ends
    }
}

fn count(slice: &EndpointSlice) -> usize {
    // A condition that is not told counts as true (API reference, "EndpointConditions").
    let is_ready =
        |conditions: &k8s_openapi::api::discovery::v1::EndpointConditions| conditions.ready != Some(false);
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
    fn the_last_ready_pod_that_goes_is_counted_and_no_list_that_is_half_read() {
        let mut ready = Ready::default();
        let mut tell = |event| ready.ends(event);
        assert!(!tell(Event::Apply(slice("a", &[]))), "nothing was there yet");
        assert!(!tell(Event::Apply(slice("a", &[true, false]))));
        assert!(!tell(Event::Apply(slice("b", &[true]))));
        assert!(!tell(Event::Apply(slice("a", &[false]))), "another slice has one");
        assert!(!tell(Event::Init) && !tell(Event::InitApply(slice("a", &[]))));
        assert!(!tell(Event::InitApply(slice("b", &[true]))) && !tell(Event::InitDone));
        assert!(tell(Event::Delete(slice("b", &[true]))));
        assert!(!tell(Event::Apply(slice("a", &[]))), "it is counted once");
    }
}
