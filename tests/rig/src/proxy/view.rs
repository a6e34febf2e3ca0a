//! What an operator is let see of the cluster, and when.

use std::{sync::Arc, time::Duration};

use serde_json::Value;

use crate::objects::name;

/// What vanishes without a word: whoever asks hears nothing, not even that a connection has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hole {
    /// Lists and watches alone.
    Watches,
    /// Everything.
    All,
}

/// Changes an object of a resource as lists and watches tell it.
pub(crate) type Rewrite = Arc<dyn Fn(&str, &mut Value) + Send + Sync>;

/// What lists and watches tell.
#[derive(Clone, Default)]
pub(crate) struct View {
    /// How late each event is.
    pub(crate) lag: Duration,
    /// Whether events wait until this ends.
    pub(crate) is_frozen: bool,
    /// The resource, and the beginning of the names, whose events are left out.
    pub(crate) hidden: Option<(&'static str, String)>,
    /// Whether a watch is refused with 410 when it is asked for.
    pub(crate) is_gone: bool,
    /// What is told of objects instead.
    pub(crate) rewrite: Option<Rewrite>,
    pub(super) hole: Option<Hole>,
    pub(super) marks: Marks,
}

/// How often something has happened to all that was under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    /// Watches were ended with 410.
    pub(super) gone: u64,
    /// Watches fell silent for good.
    pub(super) silent: u64,
    /// Connections died without a word.
    pub(super) dead: u64,
}

impl View {
    /// Ends all watches with 410; what was held back of their events is lost.
    pub(crate) fn end_watches(&mut self) {
        self.marks.gone += 1;
    }

    /// From now on `hole` swallows what is asked for. What was under way stays silent for good, also once the path is back:
    /// nobody on the way knows of those connections any more.
    pub(crate) fn swallow(&mut self, hole: Hole) {
        self.hole = Some(hole);
        self.marks.silent += 1;
        if hole == Hole::All {
            self.marks.dead += 1;
        }
    }

    /// The path is back, for what is asked on new connections.
    pub(crate) fn is_back(&mut self) {
        self.hole = None;
    }

    /// The event as it is told; `None`: it is left out.
    pub(super) fn told(&self, resource: &str, line: &[u8]) -> Option<Vec<u8>> {
        if self.hidden.is_none() && self.rewrite.is_none() {
            return Some(line.to_vec());
        }
        let Ok(mut event) = serde_json::from_slice::<Value>(line) else {
            return Some(line.to_vec());
        };
        let is_bookmark = event["type"] == "BOOKMARK";
        let name = name(&event["object"]);
        let is_hidden = (self.hidden.as_ref())
            .is_some_and(|(hidden, beginning)| *hidden == resource && name.starts_with(beginning));
        if is_hidden && !is_bookmark {
            return None;
        }
        if let Some(rewrite) = &self.rewrite {
            rewrite(resource, &mut event["object"]);
        }
        let mut line = event.to_string().into_bytes();
        line.push(b'\n');
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_a_hidden_object_are_left_out() {
        let view = View {
            hidden: Some(("pods", "iris-1".to_owned())),
            ..View::default()
        };
        let event = |name: &str| format!(r#"{{"type":"ADDED","object":{{"metadata":{{"name":"{name}"}}}}}}"#);
        let passes = |resource, name: &str| view.told(resource, event(name).as_bytes()).is_some();
        assert!(!passes("pods", "iris-1-abc"));
        assert!(passes("pods", "iris-2"));
        assert!(passes("jobs", "iris-1"));
    }

    #[test]
    fn an_event_is_told_as_it_was_rewritten() {
        let view = View {
            rewrite: Some(Arc::new(|_, object| object["spec"] = Value::Null)),
            ..View::default()
        };
        let told = view.told("pods", br#"{"type":"ADDED","object":{"spec":1}}"#);
        let told: Value = serde_json::from_slice(&told.unwrap()).unwrap();
        assert!(told["object"]["spec"].is_null());
    }
}
