//! The store is away in each step of a version's way.

use std::time::Duration;

use anyhow::Result;
use auriga_crds::ConditionStatus;
use auriga_e2e::{Manifest, Space, is_ready, until};
use futures_util::{StreamExt as _, stream};
use serde_json::json;
use tokio::time::sleep;

use crate::{
    clients::Clients,
    finding::{Finding, attempt},
    fits::Fits,
    ground::Ground,
    objects::exactly,
    scene::{Scene, scene, seconds_until},
};

/// How many seconds it is away.
const AWAY: usize = 600;
/// How long it may take until all is done once it is back.
const RECOVERED: f64 = 30.0;

/// A step during which the store is away.
#[derive(Clone, Copy)]
enum Step {
    /// Before a fit begins.
    Fit,
    /// While it computes what it has to keep.
    Commit,
    Load,
    Activate,
    Serve,
}

impl Step {
    const ALL: [Step; 5] = [Step::Fit, Step::Commit, Step::Load, Step::Activate, Step::Serve];

    fn word(self) -> &'static str {
        match self {
            Step::Fit => "fit",
            Step::Commit => "what was fitted",
            Step::Load => "load",
            Step::Activate => "activation",
            Step::Serve => "serving",
        }
    }
}

/// Stops it in each step, while clients ask; each step has a store of its own, since that is away for long.
///
/// Errors: never; what does not work is in the finding.
pub(super) async fn away(ground: &Ground) -> Result<Finding> {
    let away = Duration::from_secs(ground.times(AWAY, 20) as u64);
    let tried = stream::iter(Step::ALL).map(|step| async move {
        let result = scene(ground, async |scene| {
            let iris = scene.on_postgres().await;
            scene.space.answers_with("iris", 1, auriga_e2e::IRIS_ROW).await;
            let took = without_store(scene, step, iris, away).await?;
            scene.space.ready_within("iris", 60).await;
            Ok(took)
        });
        (step, result.await)
    });
    let tried: Vec<_> = tried.buffered(Step::ALL.len()).collect().await;
    let mut finding = Finding::default();
    let mut figures = Vec::new();
    for (step, result) in tried {
        let took = finding.found(step.word(), result);
        figures.extend(took.map(|took| format!("{} {took:.1} s", step.word())));
    }
    finding.figures.push(format!(
        "away for {} s; all done after the store was back: {}",
        away.as_secs(),
        figures.join(", ")
    ));
    Ok(finding)
}

/// The time from the store's return until all is done.
async fn without_store(scene: &Scene<'_>, step: Step, iris: Manifest, away: Duration) -> Result<f64, String> {
    let space = &scene.space;
    let manual = |version: i64| json!({ "policy": "Manual", "version": version });
    let mut next = iris.clone();
    match step {
        Step::Fit => next = next.c(0.5),
        Step::Commit => next = slow(&next),
        Step::Load => next = next.with("/spec/serving/serviceMetadata", json!({ "a": "b" })),
        Step::Activate => {
            let active = space
                .model("iris")
                .await
                .status
                .and_then(|status| status.active_version);
            let active = active.ok_or("no version is active")?;
            let waiting = next.clone().c(0.7).with("/spec/activation", manual(active));
            space.apply(&waiting).await;
            space
                .says("iris", "Ready", ConditionStatus::True, "AwaitingApproval", 60)
                .await;
            let newest = space
                .model("iris")
                .await
                .status
                .and_then(|status| status.latest_version);
            next = waiting.with("/spec/activation", manual(newest.ok_or("no version is new")?));
        }
        Step::Serve => {}
    }
    let fits = Fits::watch(space).await;
    let clients = Clients::begin(space).await;
    if matches!(step, Step::Commit) {
        space.apply(&next).await;
        computes(space).await;
        space.kill_postgres().await;
    } else {
        space.scale_postgres(0).await;
        space.apply(&next).await;
    }
    let is_early = !fits.has_ended_well();
    sleep(away).await;
    let told = await_told(space, step).await;
    space.scale_postgres(1).await;
    let done = attempt(seconds_until(60, "what was asked for is served", async || {
        let model = space.model("iris").await;
        let is_served = is_ready(&model) && serves_what_is_asked(space).await;
        is_served.then_some(())
    }));
    let done = done.await;
    sleep(Duration::from_secs(1)).await;
    let answers = clients.end().await;
    let (took, ()) = done?;
    answers.all_well()?;
    told?;
    if !is_early {
        return Err("the fit was over before the store was away".to_owned());
    }
    let begun = fits.begun();
    let wanted = usize::from(matches!(step, Step::Fit | Step::Commit));
    if begun != wanted {
        return Err(format!("a fit began {begun} times instead of {wanted}"));
    }
    if took > RECOVERED {
        return Err(format!("all done {took:.1} s after the store was back"));
    }
    Ok(took)
}

/// Eleven forests, which take longer than PostgreSQL takes to end.
fn slow(iris: &Manifest) -> Manifest {
    let forest = json!({ "randomForestClassifier": { "nEstimators": 10_000 } });
    let folds = json!({ "kFold": { "nSplits": 10, "shuffle": true } });
    (iris.clone())
        .with("/spec/estimator", forest)
        .with("/spec/training/crossValidation", folds)
        .with("/spec/training/resources", exactly("cpu", "100m"))
}

/// Waits until a fit computes and has much to do yet.
async fn computes(space: &Space) {
    until(Duration::from_secs(60), "a fit computes", async || {
        let jobs = space.training_jobs().await;
        let statuses = jobs
            .iter()
            .filter_map(|job| job.status.as_ref()?.trainer_status.as_ref());
        let mut percentages = statuses.filter_map(|status| status.progress_percentage);
        percentages.find(|percentage| (1..=50).contains(percentage))
    })
    .await;
}

/// Whether the Model says what is in the way, where something is.
async fn await_told(space: &Space, step: Step) -> Result<(), String> {
    if matches!(step, Step::Serve) {
        return Ok(());
    }
    let model = space.model("iris").await;
    match is_ready(&model) {
        true => Err("says that it is ready while the store is away".to_owned()),
        false => Ok(()),
    }
}

/// Whether the newest settings answer.
async fn serves_what_is_asked(space: &Space) -> bool {
    let model = space.model("iris").await;
    let status = model.status.unwrap_or_default();
    let jobs = space.training_jobs().await;
    let of_spec = jobs.iter().find(|job| job.spec.fit_hash == status.spec_hash);
    let version = of_spec.and_then(|job| job.status.as_ref()?.result.as_ref()?.version);
    let answers = space.ask("iris", auriga_e2e::IRIS_ROW).await;
    let answered = answers
        .ok()
        .map(|answer| answer.code == 200 && answer.version == status.active_version);
    version == status.active_version && answered == Some(true)
}
