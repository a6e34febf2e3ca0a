//! What a fit leaves behind in its pod, in the words that pods and operator share.

use auriga_crds::{Reason, contract::Outcome as Left};

use super::{Outcome, Report};
use crate::manifest::Manifest;

/// What there is to leave of a fit that came to its end.
pub(crate) fn left(outcome: &Outcome, manifest: &Manifest) -> Left {
    let version = match outcome {
        Outcome::New(version) => version,
        Outcome::Existing(loaded) => loaded.manifest(),
        Outcome::NotBetter { report, message } => {
            return Left {
                fit_hash: Some(manifest.fit_hash.clone()),
                reason: Some(Reason::NotBetter.word().to_owned()),
                message: Some(message.clone()),
                ..measured(report)
            };
        }
    };
    Left {
        version: Some(version.number),
        digest: Some(version.digest),
        fit_hash: Some(version.facts.spec_hash.clone()),
        ..measured(&Report::of(&version.facts))
    }
}

fn measured(report: &Report) -> Left {
    let metrics = report.values();
    Left {
        score: report.score(),
        metrics,
        ..Left::default()
    }
}
