//! What the loop asks of a kind.

use std::fmt::Debug;

use jiff::Timestamp;
use kube::{Resource, core::NamespaceResourceScope};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    cache::Cache,
    caches::Caches,
    context::Context,
    error::Error,
    kept::{Kept, Packed},
    metrics::Metrics,
    plan::{Plan, Refusal},
    settings::Settings,
};

/// A kind that the operator looks after.
pub trait Kind:
    Kept
    + Resource<DynamicType = (), Scope = NamespaceResourceScope>
    + Clone
    + Debug
    + Serialize
    + DeserializeOwned
    + Send
    + Sync
    + 'static
{
    /// Its name, as metrics and logs have it.
    const NAME: &'static str;
    /// What one look finds.
    type Seen: Send + Sync;
    /// What is written last.
    type Status: Serialize + PartialEq + Clone + Default + Send + Sync;

    /// Where its objects are kept.
    fn cache(caches: &Caches) -> &Cache<Packed<Self>>;

    /// The status that was seen last.
    fn status(&self) -> Option<&Self::Status>;

    /// Reads once all that a decision may rest on. May fail; chooses nothing.
    fn observe(&self, ctx: &Context) -> impl Future<Output = Result<Self::Seen, Error>> + Send;

    /// Chooses. Pure and total: a bad spec becomes a condition, a silent pod a wait, never an error.
    fn decide(&self, seen: &Self::Seen, settings: &Settings, now: Timestamp) -> Plan<Self::Status>;

    /// The status of a plan that could not be carried out as a whole.
    fn refused(&self, status: Self::Status, refusals: &[Refusal], now: Timestamp) -> Self::Status;

    /// Whether this is the end: nothing is done for an object of which that was told.
    fn is_over(_status: &Self::Status) -> bool {
        false
    }

    /// Counts what the new status tells beyond the one before.
    fn count(&self, _status: &Self::Status, _metrics: &Metrics) {}
}
