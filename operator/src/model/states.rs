//! The conditions of a Model, the summary first.

use auriga_crds::{ConditionStatus, ConditionType, Reason, State};

use super::{
    stage::Stage,
    standing::{Standing, fitting, serving},
    story::Story,
};

/// Every condition, the summary first.
pub(super) fn states(story: &Story<'_>, standing: &Standing) -> Vec<State> {
    let mut states = Vec::new();
    let mut add = |kind, status, reason, message: &str| {
        states.push(State {
            kind,
            status,
            reason,
            message: message.to_owned(),
        });
    };
    let reason = standing.reason;
    add(ConditionType::Ready, standing.status, reason, &standing.message);
    if standing.is_stalled {
        add(
            ConditionType::Stalled,
            ConditionStatus::True,
            reason,
            &standing.message,
        );
    } else if standing.status != ConditionStatus::True && reason != Reason::Suspended {
        add(
            ConditionType::Reconciling,
            ConditionStatus::True,
            reason,
            &standing.message,
        );
    }
    if story.model.spec.suspend {
        let message = "spec.suspend pauses fits and changes of what is served.";
        add(
            ConditionType::Suspended,
            ConditionStatus::True,
            Reason::Suspended,
            message,
        );
    }
    if let Some(fits) = story.fits {
        match (fits.fitted, fits.running, fits.failed) {
            (Some(version), ..) => {
                let message = format!("Version {version} is what the spec describes.");
                add(
                    ConditionType::Fitted,
                    ConditionStatus::True,
                    Reason::Fitted,
                    &message,
                );
                add(
                    ConditionType::Persisted,
                    ConditionStatus::True,
                    Reason::Persisted,
                    &message,
                );
            }
            (None, Some(job), _) => {
                let found = fitting(job);
                add(ConditionType::Fitted, found.status, found.reason, &found.message);
            }
            (None, None, Some(failed)) => {
                let words = failed
                    .job
                    .status
                    .as_ref()
                    .and_then(|status| status.message.clone());
                add(
                    ConditionType::Fitted,
                    ConditionStatus::False,
                    failed.reason,
                    &words.unwrap_or_default(),
                );
            }
            (None, None, None) => {}
        }
    }
    let wanted = story.wanted();
    for walk in story.walk.iter().chain(&story.waiting) {
        let (status, reason, message) = walk.step.stage.told(&walk.step.health, wanted, &walk.slot);
        if matches!(walk.step.stage, Stage::Rejected { .. }) {
            add(
                ConditionType::CandidateRejected,
                ConditionStatus::True,
                reason,
                &message,
            );
        }
        let status = match walk.step.stage {
            Stage::Activating | Stage::Ready => ConditionStatus::True,
            _ => status,
        };
        // What serves as the spec asks is ready, whatever becomes of a newer fit of the same.
        let is_first = story.walk.as_ref().is_none_or(|first| first.slot == walk.slot);
        if is_first && wanted > 0 && !story.is_as_specified() {
            add(ConditionType::RuntimeReady, status, reason, &message);
        }
    }
    if let Some(version) = story.answering() {
        let ready = story.health.ready;
        let found = serving(story);
        if story.is_as_specified() || story.walk.is_none() && story.waiting.is_none() {
            add(
                ConditionType::RuntimeReady,
                found.status,
                found.reason,
                &found.message,
            );
        }
        let (status, message) = match (wanted, ready) {
            (0, _) => (ConditionStatus::True, format!("Version {version} is active.")),
            (_, 0) => (
                ConditionStatus::False,
                format!("No pod of version {version} can answer."),
            ),
            _ => (ConditionStatus::True, format!("Version {version} answers.")),
        };
        add(ConditionType::Active, status, Reason::Active, &message);
    }
    let mut told = Vec::new();
    states.retain(|state| {
        !told.contains(&state.kind) && {
            told.push(state.kind);
            true
        }
    });
    states
}
