//! Labels and annotations of what the operator makes.

/// The Model that an object belongs to.
pub const MODEL: &str = "auriga.dev/model";
/// The UID of the Model that an object was made for, where no owner reference says so.
pub const MODEL_UID: &str = "auriga.dev/model-uid";
/// The version that a pod serves.
pub const MODEL_VERSION: &str = "auriga.dev/model-version";
/// Which Deployment of a Model a pod is of: `v<version>-<hash of what serving needs>`; the Service selects by it.
pub const SLOT: &str = "auriga.dev/slot";
/// The TrainingJob that an object belongs to.
pub const TRAINING_JOB: &str = "auriga.dev/training-job";
/// The claim that a pod mounts, as a label value: pods of one claim run on one node.
pub const CLAIM: &str = "auriga.dev/claim";
/// What an object is for: [`RUNTIME`], [`FIT`] or [`CLEANUP`].
pub const COMPONENT: &str = "app.kubernetes.io/component";
/// Who manages an object: always [`AURIGA`].
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// The value of [`MANAGED_BY`], the field manager, and the controller's name.
pub const AURIGA: &str = "auriga";
/// Pods that answer requests.
pub const RUNTIME: &str = "runtime";
/// Pods that fit.
pub const FIT: &str = "fit";
/// Pods that delete versions.
pub const CLEANUP: &str = "cleanup";
/// On what is applied: a hash of what was asked for.
pub const APPLIED: &str = "auriga.dev/applied";

/// On a Model: fit once more; any new value, best a time.
pub const REFIT_AT: &str = "auriga.dev/refit-at";
/// On a Model: give up deleting its versions.
pub const SKIP_CLEANUP: &str = "auriga.dev/skip-cleanup";
/// On a Model with `deletionPolicy: Delete`: its versions are still to be deleted.
pub const ARTIFACTS_FINALIZER: &str = "auriga.dev/artifacts";
/// On what was made for a fit: the hash of what is fitted.
pub const FIT_HASH: &str = "auriga.dev/fit-hash";
/// On a TrainingJob and on a Deployment: a hash of the store that its version is in.
pub const STORE: &str = "auriga.dev/store";
/// On a Deployment: the sha256 of the bytes that its version has by the record of its fit.
pub const DIGEST: &str = "auriga.dev/digest";
/// On a TrainingJob of a Model: how many fits of the same were tried before.
pub const ATTEMPT: &str = "auriga.dev/attempt";
/// On what a Model makes: the edition of the Model that it was made for.
pub const EDITION: &str = "auriga.dev/edition";
/// On a Deployment: since when its pods are wanted (RFC 3339).
pub const SINCE: &str = "auriga.dev/since";
/// On a Deployment: when all of its pods had shown for the first time that they can answer (RFC 3339).
pub const PROVED_AT: &str = "auriga.dev/proved-at";
/// On a Deployment: since when its pods may activate its version, and have not (RFC 3339).
pub const ACTIVATING_SINCE: &str = "auriga.dev/activating-since";
/// On a pod: when it was told its fence last (RFC 3339); written anew while that shows no effect, so that the kubelet looks
/// at the pod and its files again.
pub const FENCED_AT: &str = "auriga.dev/fenced-at";
/// On a TrainingJob of a Model and on a Deployment: the image that its pods are to be started with.
pub const IMAGE: &str = "auriga.dev/image";
/// On a Deployment: something outside of it keeps its pods from answering.
pub const HELD_UP: &str = "auriga.dev/held-up";
/// On a Deployment: since when it has, or had, the traffic (RFC 3339); the Service says the same while it is there.
pub const SERVES_SINCE: &str = "auriga.dev/serves-since";
/// On a Deployment: the sha256 of the pods' template as the operator built it.
pub const RECIPE: &str = "auriga.dev/recipe";
/// On a Deployment whose version was given up: `<Reason>: <message>`.
pub const REJECTED: &str = "auriga.dev/rejected";
/// On such a Deployment: when (RFC 3339).
pub const REJECTED_AT: &str = "auriga.dev/rejected-at";
/// On a Service: since when its pods have had the traffic (RFC 3339).
pub const SWITCHED_AT: &str = "auriga.dev/switched-at";
/// On a Service: the slot that had the traffic before.
pub const PREVIOUS_SLOT: &str = "auriga.dev/previous-slot";
/// On a Service: the version that had the traffic before this one, by whatever settings.
pub const PREVIOUS_VERSION: &str = "auriga.dev/previous-version";
/// Kueue's label on jobs that wait in a queue of its own (Kueue's documentation, "Run a Job").
pub const QUEUE_NAME: &str = "kueue.x-k8s.io/queue-name";
/// Kueue's label for the priority of such a job.
pub const QUEUE_PRIORITY: &str = "kueue.x-k8s.io/priority-class";
