//! Random stories of a cluster. Whatever happens, the invariants hold, and once it stops happening every Model becomes what
//! its last spec asks for, or goes without a trace.

use auriga_crds::DeletionPolicy;
use auriga_operator::settings::Settings;
use proptest::{prelude::*, test_runner::TestCaseResult};
use tokio::runtime::Builder;

use super::{
    Cluster,
    server::Fault,
    steps::{Step, step},
};
use crate::given::{self, Stories};

/// How a story begins and ends.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    /// Whether there are two Models of one store.
    has_two: bool,
    policy: DeletionPolicy,
    /// Whether the Models are deleted in the end.
    ends_without: bool,
}

pub(super) fn frame() -> impl Strategy<Value = Frame> {
    let policy = prop_oneof![
        3 => Just(DeletionPolicy::Retain),
        1 => Just(DeletionPolicy::Delete),
    ];
    let frame = |(has_two, policy, ends_without)| Frame {
        has_two,
        policy,
        ends_without,
    };
    (prop::bool::weighted(0.2), policy, prop::bool::weighted(0.3)).prop_map(frame)
}

/// What the operators of stories are told: pods are asked at each look.
pub(super) fn settings() -> Settings {
    Settings {
        poll_fit: std::time::Duration::ZERO,
        poll_rollout: std::time::Duration::ZERO,
        poll_serving: std::time::Duration::ZERO,
        ..given::settings()
    }
}

/// Tells one story.
pub(super) fn tell(frame: &Frame, steps: &[Step], settings: Settings) -> TestCaseResult {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(told(frame, steps, settings))
}

async fn told(frame: &Frame, steps: &[Step], settings: Settings) -> TestCaseResult {
    let names: &[&str] = if frame.has_two {
        &["iris", "rose"]
    } else {
        &["iris"]
    };
    let mut cluster = Cluster::of(names, settings, |spec| spec.deletion_policy = frame.policy);
    for step in steps {
        let before = cluster.facts();
        cluster.happen(step).await;
        match step {
            Step::Looks => {
                cluster.holds(&before)?;
                cluster.suspends()?;
            }
            Step::LooksBlindly | Step::IsStruck(..) | Step::IsStruckBlindly(..) => cluster.holds(&before)?,
            _ => {}
        }
    }
    cluster.settles().await?;
    if frame.ends_without {
        cluster.are_deleted().await?;
    }
    Ok(())
}

#[test]
fn whatever_happens_in_a_cluster_it_comes_right() {
    let stories = Stories {
        few: 24,
        shorter: 2_000,
        file: file!(),
    };
    let frame_and_steps = || (frame(), prop::collection::vec(step(), 1..80));
    stories.each(frame_and_steps, |(frame, steps)| tell(&frame, &steps, settings()));
}

/// Stories that were found and went wrong once, cut down by proptest; each with what had happened.
#[test]
fn what_went_wrong_once_goes_well() {
    let frame = Frame {
        has_two: false,
        policy: DeletionPolicy::Retain,
        ends_without: false,
    };
    // Told of neither the refit nor its TrainingJob, an operator began another fit of the same.
    let second_fit = [
        Step::IsStruck(1, Fault::KilledAfter),
        Step::Hears(0, 1),
        Step::Refit(0),
        Step::Looks,
        Step::Looks,
        Step::RestartsLate(2),
        Step::LooksBlindly,
    ];
    tell(&frame, &second_fit, settings()).unwrap();
}
