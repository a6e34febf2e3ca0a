//! What is said at a page of a pod in the pod's stead.

use std::sync::Arc;

use serde_json::Value;

/// What is said in a pod's stead.
#[derive(Clone)]
pub(crate) enum Said {
    /// Nothing, ever.
    Nothing,
    /// These bytes, with this status.
    Text(u16, Vec<u8>),
    /// That it has moved to this address.
    Moved(String),
    /// The first half of what the pod says.
    Half,
    /// What the pod says, changed, with this status.
    Changed(u16, fn(&mut Value)),
}

/// What a pod of this name says at this page; `None`: whatever it says itself.
pub(crate) type StandIn = Arc<dyn Fn(&str, &str) -> Option<Said> + Send + Sync>;
