//! What a TrainingJob's turn decides.

use auriga_crds::{TrainingJob, TrainingJobStatus};
use auriga_operator::{plan::Plan, seen::TrainingJobSeen, training_job::decide};

use crate::{given, golden::golden};

fn plan(job: &TrainingJob, seen: &TrainingJobSeen) -> Plan<TrainingJobStatus> {
    decide::decide(job, seen, &given::settings(), given::NOW)
}

#[test]
fn a_fit_without_its_model_waits_for_it() {
    golden!(plan(&given::training_job("iris"), &TrainingJobSeen::default()));
}
