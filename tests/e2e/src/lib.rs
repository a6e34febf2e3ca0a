//! What tests of the operator on a real cluster have in common.
//!
//! A test is given a namespace of its own, which enforces the restricted Pod Security Standard, on a cluster that has the
//! operator of this tree: [`in_a_namespace`]. What is left of a test that fails is printed, see [`Space::story`].

mod cluster;
mod disasters;
mod hands;
mod http;
mod inside;
mod install;
mod ledger;
mod load;
mod manifests;
mod space;
mod story;
mod until;
mod waits;

pub use cluster::{Cluster, alone, in_a_namespace, on_the_cluster};
pub use http::{Answer, get};
pub use install::OPERATOR_NAMESPACE;
pub use ledger::{Activation, assert_only_active_versions_answered, assert_rate};
pub use load::{Load, Running, Sent};
pub use manifests::{IRIS_ROW, Manifest, iris_rows};
pub use space::Space;
pub use until::{condition, eventually, reason, until};
pub use waits::{is_ready, is_seen, ready, ready_now};
