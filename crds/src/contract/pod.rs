//! Where things lie in a pod, and what its environment says: written by the operator, read by `auriga`.

/// The port that answers predictions, `/alive`, `/list` and `/livez`.
pub const PORT: u16 = 8080;
/// The container's name in every pod.
pub const CONTAINER: &str = "auriga";

/// The folder with the Model's manifest, mounted from a ConfigMap of the operator's.
pub const MANIFEST_FOLDER: &str = "/etc/auriga/manifest";
/// The manifest in that folder, and its key in the ConfigMap.
pub const MANIFEST_FILE: &str = "model.yaml";
/// A folder for each ConfigMap that the dataset names, with a file for each key.
pub const CONFIG_MAPS_FOLDER: &str = "/etc/auriga/config-maps";
/// The keys of `persister.secretRef` as files; empty while the Secret is absent.
pub const SECRET_FOLDER: &str = "/etc/auriga/persister";
/// The folder with the certificates of `persister.caBundleRef`.
pub const CA_FOLDER: &str = "/etc/auriga/ca";
/// The certificates in that folder.
pub const CA_FILE: &str = "ca.crt";
/// Annotations of the pod as files.
pub const POD_FOLDER: &str = "/etc/auriga/pod";
/// The fence in that folder: the revision of the ledger that this pod's version may be activated from. Empty: not yet.
pub const FENCE_FILE: &str = "activate-from";
/// The claim of `persister.persistentVolumeClaim`.
pub const CLAIM_FOLDER: &str = "/var/lib/auriga";
/// A folder that outlives a restart of the container: versions read once answer again while the store is down.
pub const CACHE_FOLDER: &str = "/var/cache/auriga";
/// The only other folder that may be written to.
pub const TEMPORARY_FOLDER: &str = "/tmp";
/// Where the outcome is written.
pub const TERMINATION_LOG: &str = "/dev/termination-log";

/// Names the file that the outcome is written to; that it is set says that `auriga` runs in a pod.
pub const TERMINATION_LOG_VARIABLE: &str = "AURIGA_TERMINATION_LOG";
/// The pod's name, who activates a version by the ledger.
pub const POD_NAME_VARIABLE: &str = "AURIGA_POD_NAME";
/// The pod's UID, told at `/alive`.
pub const POD_UID_VARIABLE: &str = "AURIGA_POD_UID";
/// The UID of the Model or TrainingJob, told at `/alive`.
pub const OWNER_UID_VARIABLE: &str = "AURIGA_OWNER_UID";

/// The annotation of a serving pod that becomes the fence file.
pub const FENCE_ANNOTATION: &str = "auriga.dev/activate-from";
