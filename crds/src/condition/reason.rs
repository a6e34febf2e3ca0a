//! Why a condition holds or not: one word from this list.

/// The cause of a condition, in one CamelCase word. Words that users of other tools know keep their spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The version that is wanted answers.
    Active,
    /// A version waits until `activation.version` names it.
    AwaitingApproval,
    /// The version that `activation` pins answers.
    Pinned,
    /// `replicas: 0` asks for no pod.
    ScaledToZero,
    /// An older version answers again, as asked.
    RolledBack,
    /// `suspend: true` pauses what there is to do.
    Suspended,
    /// A fit runs.
    Fitting,
    /// A fit is over, and went well.
    Fitted,
    /// A fit waits for its turn.
    Queued,
    /// A pod is about to start, or its node does not start it.
    Pending,
    /// A pod works.
    Running,
    /// The pods of a version load it.
    Loading,
    /// The pods of a version are asked whether they can answer.
    Probing,
    /// The pods of a version move the active pointer.
    Activating,
    /// The traffic moves.
    RollingOut,
    /// The version is in the store.
    Persisted,
    /// Nothing was fitted yet.
    NothingFitted,
    /// The score was not greater than `saveIfBetterThan`.
    NotBetter,
    /// The Model has changed before the fit began.
    Superseded,
    /// There is no Model of this name.
    ModelNotFound,
    /// The Model is being deleted.
    ModelDeleted,
    /// The manifest cannot be carried out.
    InvalidSpec,
    /// The rows cannot be learned from.
    InvalidData,
    /// A ConfigMap or a key of it does not exist.
    ConfigMapNotFound,
    /// The store's Secret, or a key of it, does not exist.
    SecretNotFound,
    /// The PersistentVolumeClaim does not exist.
    ClaimNotFound,
    /// The store does not answer.
    PersisterUnavailable,
    /// The store has no room left.
    PersisterFull,
    /// The version is not in the store.
    VersionNotFound,
    /// A version predicts something else than when it was fitted.
    GoldenRequestFailed,
    /// The bytes of a version are not those that were written.
    DigestMismatch,
    /// A version was written by a newer build.
    SchemaIncompatible,
    /// A version cannot be loaded.
    ModelLoadFailed,
    /// Pods do not answer at /alive.
    RuntimeUnhealthy,
    /// A pod answers with another version than it was started for.
    WrongVersion,
    /// A pod ends again and again.
    CrashLoopBackOff,
    /// A version took too long until its pods could answer.
    ProgressDeadlineExceeded,
    /// A pod was killed because it used more memory than its limit.
    OOMKilled,
    /// The image cannot be had.
    ImagePullFailed,
    /// No node can take a pod.
    Unschedulable,
    /// A quota of the namespace is reached.
    QuotaExceeded,
    /// The API server refuses an object.
    Forbidden,
    /// An object of the same name belongs to somebody else.
    NameConflict,
    /// The fit took longer than `activeDeadlineSeconds`.
    DeadlineExceeded,
    /// The fit failed as often as `backoffLimit` allows.
    BackoffLimitExceeded,
    /// The fit failed in a way that a retry does not mend.
    PodFailurePolicy,
    /// Something failed without telling why.
    Failed,
    /// Versions stay in the store although they were to be deleted.
    ArtifactsLeft,
}

const ALL: [Reason; 48] = [
    Reason::Active,
    Reason::AwaitingApproval,
    Reason::Pinned,
    Reason::ScaledToZero,
    Reason::RolledBack,
    Reason::Suspended,
    Reason::Fitting,
    Reason::Fitted,
    Reason::Queued,
    Reason::Pending,
    Reason::Running,
    Reason::Loading,
    Reason::Probing,
    Reason::Activating,
    Reason::RollingOut,
    Reason::Persisted,
    Reason::NothingFitted,
    Reason::NotBetter,
    Reason::Superseded,
    Reason::ModelNotFound,
    Reason::ModelDeleted,
    Reason::InvalidSpec,
    Reason::InvalidData,
    Reason::ConfigMapNotFound,
    Reason::SecretNotFound,
    Reason::ClaimNotFound,
    Reason::PersisterUnavailable,
    Reason::PersisterFull,
    Reason::VersionNotFound,
    Reason::GoldenRequestFailed,
    Reason::DigestMismatch,
    Reason::SchemaIncompatible,
    Reason::ModelLoadFailed,
    Reason::RuntimeUnhealthy,
    Reason::WrongVersion,
    Reason::CrashLoopBackOff,
    Reason::ProgressDeadlineExceeded,
    Reason::OOMKilled,
    Reason::ImagePullFailed,
    Reason::Unschedulable,
    Reason::QuotaExceeded,
    Reason::Forbidden,
    Reason::NameConflict,
    Reason::DeadlineExceeded,
    Reason::BackoffLimitExceeded,
    Reason::PodFailurePolicy,
    Reason::Failed,
    Reason::ArtifactsLeft,
];

impl Reason {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Reason::Active => "Active",
            Reason::AwaitingApproval => "AwaitingApproval",
            Reason::Pinned => "Pinned",
            Reason::ScaledToZero => "ScaledToZero",
            Reason::RolledBack => "RolledBack",
            Reason::Suspended => "Suspended",
            Reason::Fitting => "Fitting",
            Reason::Fitted => "Fitted",
            Reason::Queued => "Queued",
            Reason::Pending => "Pending",
            Reason::Running => "Running",
            Reason::Loading => "Loading",
            Reason::Probing => "Probing",
            Reason::Activating => "Activating",
            Reason::RollingOut => "RollingOut",
            Reason::Persisted => "Persisted",
            Reason::NothingFitted => "NothingFitted",
            Reason::NotBetter => "NotBetter",
            Reason::Superseded => "Superseded",
            Reason::ModelNotFound => "ModelNotFound",
            Reason::ModelDeleted => "ModelDeleted",
            Reason::InvalidSpec => "InvalidSpec",
            Reason::InvalidData => "InvalidData",
            Reason::ConfigMapNotFound => "ConfigMapNotFound",
            Reason::SecretNotFound => "SecretNotFound",
            Reason::ClaimNotFound => "ClaimNotFound",
            Reason::PersisterUnavailable => "PersisterUnavailable",
            Reason::PersisterFull => "PersisterFull",
            Reason::VersionNotFound => "VersionNotFound",
            Reason::GoldenRequestFailed => "GoldenRequestFailed",
            Reason::DigestMismatch => "DigestMismatch",
            Reason::SchemaIncompatible => "SchemaIncompatible",
            Reason::ModelLoadFailed => "ModelLoadFailed",
            Reason::RuntimeUnhealthy => "RuntimeUnhealthy",
            Reason::WrongVersion => "WrongVersion",
            Reason::CrashLoopBackOff => "CrashLoopBackOff",
            Reason::ProgressDeadlineExceeded => "ProgressDeadlineExceeded",
            Reason::OOMKilled => "OOMKilled",
            Reason::ImagePullFailed => "ImagePullFailed",
            Reason::Unschedulable => "Unschedulable",
            Reason::QuotaExceeded => "QuotaExceeded",
            Reason::Forbidden => "Forbidden",
            Reason::NameConflict => "NameConflict",
            Reason::DeadlineExceeded => "DeadlineExceeded",
            Reason::BackoffLimitExceeded => "BackoffLimitExceeded",
            Reason::PodFailurePolicy => "PodFailurePolicy",
            Reason::Failed => "Failed",
            Reason::ArtifactsLeft => "ArtifactsLeft",
        }
    }

    /// The reason that is written so.
    pub fn from_word(word: &str) -> Option<Reason> {
        ALL.into_iter().find(|reason| reason.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_what_the_name_says_and_leads_back_to_it() {
        for reason in ALL {
            assert_eq!(format!("{reason:?}"), reason.word());
            assert_eq!(Reason::from_word(reason.word()), Some(reason));
        }
        assert_eq!(Reason::from_word("Monday"), None);
    }
}
