//! The summary of a Model: what the spec asks for is there, is on its way, or needs somebody.

use auriga_crds::{ConditionStatus, ConditionType, Reason, TrainingJob};
use kube::ResourceExt as _;

use super::{
    stage::Stage,
    story::{Story, Walk},
};

/// How a Model stands: the summary condition before it has a time.
pub(super) struct Standing {
    pub(super) status: ConditionStatus,
    pub(super) reason: Reason,
    pub(super) message: String,
    /// Whether nothing more happens until a person does something.
    pub(super) is_stalled: bool,
}

/// The summary: what the spec asks for is there, is on its way, or needs somebody.
pub(super) fn standing(story: &Story<'_>) -> Standing {
    let attention = |reason, message: String| Standing {
        status: ConditionStatus::False,
        reason,
        message,
        is_stalled: true,
    };
    let on_the_way = |reason, message: String| Standing {
        status: ConditionStatus::Unknown,
        reason,
        message,
        is_stalled: false,
    };
    if let Some(fault) = &story.fault {
        return attention(Reason::InvalidSpec, fault.clone());
    }
    // A refit of the same changes nothing about what the spec asks for: it shows in the candidate alone.
    if story.is_as_specified() {
        return serving(story);
    }
    if let Some(missing) = story.seen.texts.missing.first() {
        return attention(Reason::ConfigMapNotFound, missing.clone());
    }
    let suspended = story.model.spec.suspend;
    // A version that was given up is of no more interest once its place is being taken.
    let is_replaced = |walk: &&Walk| {
        let is_rejected = matches!(walk.step.stage, Stage::Rejected { .. });
        is_rejected
            && story
                .fits
                .is_some_and(|fits| fits.running.is_some() || fits.begin.is_some())
    };
    if let Some(walk) = story.walk.as_ref().filter(|walk| !is_replaced(walk)) {
        return walking(story, walk, suspended);
    }
    if suspended {
        return on_the_way(
            Reason::Suspended,
            "spec.suspend is true: nothing is fitted or rolled out until it is false.".to_owned(),
        );
    }
    if let Some(waiting) = &story.waiting {
        let awaits = matches!(waiting.step.stage, Stage::Activating | Stage::Ready);
        // All that the spec asks for is done; what comes next is a person's to say.
        return if awaits && story.answering().is_some() {
            serving(story)
        } else {
            approval(story, waiting)
        };
    }
    if let Some(fits) = story.fits {
        if let Some(job) = fits.running {
            return fitting(job);
        }
        if let Some(failed) = fits.failed {
            let status = failed.job.status.as_ref();
            let words = status
                .and_then(|status| status.message.clone())
                .unwrap_or_default();
            let message = format!("TrainingJob {}: {words}", failed.job.name_any());
            return attention(failed.reason, message);
        }
        if fits.begin.is_some() {
            return on_the_way(
                Reason::Fitting,
                "What the spec describes is about to be fitted.".to_owned(),
            );
        }
    }
    if let Some(version) = story.answering() {
        let message = format!("Version {version} answers; what the spec describes is not there yet.");
        return on_the_way(Reason::NothingFitted, message);
    }
    on_the_way(Reason::NothingFitted, "Nothing was fitted yet.".to_owned())
}

/// The pods with the traffic are those that the spec asks for.
pub(super) fn serving(story: &Story<'_>) -> Standing {
    let wanted = story.wanted();
    let version = story
        .answering()
        .map_or_else(String::new, |version| version.to_string());
    if wanted == 0 {
        return Standing {
            status: ConditionStatus::True,
            reason: Reason::ScaledToZero,
            message: format!("Version {version} is active; spec.replicas asks for no pod."),
            is_stalled: false,
        };
    }
    if story.health.ready >= wanted && story.health.active < story.health.passed {
        return Standing {
            status: ConditionStatus::Unknown,
            reason: Reason::Activating,
            message: format!(
                "Version {version} has the traffic; its pods make it the active one in the store."
            ),
            is_stalled: false,
        };
    }
    if let Some(arriving) = &story.arriving {
        return Standing {
            status: ConditionStatus::Unknown,
            reason: Reason::RollingOut,
            message: format!("Version {version} is active; {arriving}."),
            is_stalled: false,
        };
    }
    if story.health.ready >= wanted {
        let pinned = story
            .wish
            .is_some_and(|wish| wish.policy == auriga_crds::ActivationPolicy::Pinned);
        let (reason, more) = match &story.waiting {
            Some(waiting) if matches!(waiting.step.stage, Stage::Activating | Stage::Ready) => (
                Reason::AwaitingApproval,
                format!(
                    " Version {} can answer and waits until spec.activation.version names it.",
                    waiting.slot.version
                ),
            ),
            _ if pinned => (Reason::Pinned, String::new()),
            _ => (Reason::Active, String::new()),
        };
        return Standing {
            status: ConditionStatus::True,
            reason,
            message: format!(
                "Version {version} answers on {wanted} of {wanted} pods.{more}{}{}",
                story.health.ran_out_of_memory(),
                story.health.in_doubt()
            ),
            is_stalled: false,
        };
    }
    let ready = story.health.ready;
    match &story.health.trouble {
        Some(trouble) => Standing {
            status: ConditionStatus::False,
            reason: trouble.reason,
            message: format!(
                "Version {version} answers on {ready} of {wanted} pods: {}",
                trouble.message
            ),
            is_stalled: false,
        },
        None => Standing {
            status: ConditionStatus::Unknown,
            reason: Reason::RollingOut,
            message: format!(
                "Version {version} answers on {ready} of {wanted} pods.{}",
                story.health.in_doubt()
            ),
            is_stalled: false,
        },
    }
}

/// A version is on its way to the traffic.
fn walking(story: &Story<'_>, walk: &Walk, suspended: bool) -> Standing {
    let wanted = story.wanted();
    if wanted == 0 {
        return Standing {
            status: ConditionStatus::Unknown,
            reason: Reason::ScaledToZero,
            message: format!(
                "Version {} is made active once spec.replicas asks for a pod that can prove it.",
                walk.slot.version
            ),
            is_stalled: false,
        };
    }
    let (status, reason, message) = walk.step.stage.told(&walk.step.health, wanted, &walk.slot);
    let is_stalled = match &walk.step.stage {
        Stage::Rejected { .. } => true,
        Stage::Held { is_overdue, .. } => *is_overdue,
        _ => false,
    };
    if suspended && !is_stalled {
        return Standing {
            status: ConditionStatus::Unknown,
            reason: Reason::Suspended,
            message: format!("spec.suspend is true. {message}"),
            is_stalled: false,
        };
    }
    Standing {
        status,
        reason,
        message,
        is_stalled,
    }
}

/// A version waits for a person, and nothing answers yet.
fn approval(story: &Story<'_>, waiting: &Walk) -> Standing {
    let wanted = story.wanted();
    let version = waiting.slot.version;
    match &waiting.step.stage {
        Stage::Activating | Stage::Ready => Standing {
            status: ConditionStatus::False,
            reason: Reason::AwaitingApproval,
            message: format!(
                "Version {version} can answer; name it in spec.activation.version to give it the traffic."
            ),
            is_stalled: true,
        },
        stage => {
            let (status, reason, message) = stage.told(&waiting.step.health, wanted, &waiting.slot);
            Standing {
                status,
                reason,
                message,
                is_stalled: matches!(
                    stage,
                    Stage::Rejected { .. } | Stage::Held { is_overdue: true, .. }
                ),
            }
        }
    }
}

/// A fit runs, or waits for something.
pub(super) fn fitting(job: &TrainingJob) -> Standing {
    let status = job.status.as_ref();
    let stalled = status
        .into_iter()
        .flat_map(|status| &status.conditions)
        .find(|one| one.kind == ConditionType::Stalled.word() && one.status == ConditionStatus::True);
    if let Some(stalled) = stalled {
        return Standing {
            status: ConditionStatus::False,
            reason: Reason::from_word(&stalled.reason).unwrap_or(Reason::Failed),
            message: format!("TrainingJob {}: {}", job.name_any(), stalled.message),
            is_stalled: true,
        };
    }
    let reason = status.and_then(|status| Reason::from_word(status.reason.as_deref()?));
    let reason = match reason {
        Some(Reason::Running | Reason::Pending) | None => Reason::Fitting,
        Some(other) => other,
    };
    let words = status.and_then(|status| status.message.clone());
    Standing {
        status: ConditionStatus::Unknown,
        reason,
        message: format!(
            "TrainingJob {} {}",
            job.name_any(),
            words.map_or_else(
                || "is about to begin.".to_owned(),
                |words| format!("runs: {words}")
            )
        ),
        is_stalled: false,
    }
}
