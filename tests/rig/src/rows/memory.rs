//! A fit, or pods that serve, are killed for want of memory.

use std::{collections::BTreeSet, time::Duration};

use anyhow::Result;
use auriga_e2e::{Manifest, Space, is_ready, ready, until};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::bodies;
use crate::{
    clients::Clients,
    finding::{Finding, attempt},
    ground::Ground,
    objects::{JOB, POD, exactly, is_any_true, label, name, text},
    scene::{Scene, scene, seconds_until},
};

/// How long it may take until the reason is told.
const OOM_TOLD: f64 = 10.0;
/// How long no other pod may come once the Job of the fit is over: twice the pause after which a fit that failed otherwise is tried
/// again here.
const AFTER: Duration = Duration::from_secs(30);
/// How often a fit that was killed for memory may run.
const RUNS: usize = 3;

/// Lets a fit need more memory than it may have, and pods that serve.
///
/// Errors: never; what does not work is in the finding.
pub(super) async fn short_of_memory(ground: &Ground) -> Result<Finding> {
    let mut finding = Finding::default();
    let fit = scene(ground, async |scene| fit_beyond_its_limit(&scene.space).await).await;
    if let Some((took, runs)) = finding.found("a fit", fit) {
        let figure = format!("a fit told after {took:.1} s, which ran in {runs} pods");
        finding.figures.push(figure);
    }
    let serving = scene(ground, async |scene| serving_beyond_its_limit(scene).await).await;
    if let Some(took) = finding.found("pods that serve", serving) {
        finding.figures.push(format!("pods that serve after {took:.1} s"));
    }
    for (with, limit) in [("48Mi", Some("48Mi")), ("the default limit", None)] {
        let asked = scene(ground, async |scene| asked_for_much(scene, limit).await).await;
        let what = format!("requests as large as may be to a pod with {with}");
        if let Some(outcome) = finding.found(&what, asked) {
            finding.figures.push(outcome.words(with));
        }
    }
    Ok(finding)
}

/// The iris Model on words that take some forty times the room that they have in the file.
fn wordy(limit: &str) -> Manifest {
    let encode = json!([{ "name": "encode", "oneHotEncoder": {} }]);
    Manifest::iris("iris")
        .with("/spec/dataset/train/csv/nrows", 75_000)
        .with("/spec/dataset/test/csv/skiprows", 74_900)
        .with("/spec/transformers", encode)
        .with("/spec/training/resources", exactly("memory", limit))
}

/// So many rows of words.
fn words(rows: u32) -> String {
    let row = |number: u32| {
        let letter = |shift: u32| char::from(b'a' + u8::try_from((number >> shift) % 4).unwrap_or_default());
        format!(
            "{},{},{},{},{}\n",
            letter(0),
            letter(1),
            letter(2),
            letter(3),
            letter(4)
        )
    };
    (0..rows).map(row).collect()
}

/// What becomes of a pod that is asked as much as may be at once: one with little memory is killed, one with the memory that it
/// has by default answers on.
async fn asked_for_much(scene: &Scene<'_>, limit: Option<&str>) -> Result<bodies::Outcome, String> {
    let outcome = bodies::large(scene, limit).await?;
    match outcome.told {
        Some(told) if told > OOM_TOLD => Err(format!("was told after {told:.1} s")),
        Some(_) if limit.is_none() => {
            Err("was killed, with the limit that a Model has by default".to_owned())
        }
        None if limit.is_some() => Err("had memory enough, so that nothing was tried".to_owned()),
        _ => Ok(outcome),
    }
}

/// The time from the first kill until the limit was told, and how many pods there were.
async fn fit_beyond_its_limit(space: &Space) -> Result<(f64, usize), String> {
    space.claim("iris").await;
    space.rows("iris", &words(75_000)).await;
    // Somebody else in the namespace goes on.
    space.iris_data("other").await;
    space.apply(&Manifest::iris("other")).await;
    space.serves("other", 1).await;
    space.apply(&wordy("16Mi")).await;
    // All pods that ever fitted it, by their UIDs: those of a Job that is suspended are deleted.
    let mut runs = BTreeSet::new();
    until(Duration::from_secs(60), "a fit was killed", async || {
        let pods = fits(space, &mut runs).await;
        pods.iter().any(was_killed).then_some(())
    })
    .await;
    let (took, ()) = seconds_until(30, "the limit is told", async || {
        fits(space, &mut runs).await;
        let model = space.model("iris").await;
        let ready = ready(&model)?;
        let is_told = ready.reason == "OOMKilled" && ready.message.contains("16Mi");
        is_told.then_some(())
    })
    .await;
    until(
        Duration::from_secs(300),
        "the Job of the fit is over",
        async || {
            fits(space, &mut runs).await;
            let mut jobs = space.list(JOB.0, JOB.1).await;
            jobs.retain(|job| name(job).starts_with("iris-"));
            (!jobs.is_empty() && jobs.iter().all(is_over)).then_some(())
        },
    )
    .await;
    let over = Instant::now();
    while over.elapsed() < AFTER {
        fits(space, &mut runs).await;
        sleep(Duration::from_millis(200)).await;
    }
    let runs = runs.len();
    if runs > RUNS {
        return Err(format!("ran {runs} times"));
    }
    if !is_ready(&space.model("other").await) {
        return Err("another Model is not ready any more".to_owned());
    }
    if took > OOM_TOLD {
        return Err(format!("was told after {took:.1} s"));
    }
    space.apply(&wordy("1Gi")).await;
    attempt(space.ready_within("iris", 90)).await?;
    Ok((took, runs))
}

/// Whether a Job has ended, or was stopped, and has no pod at work any more.
fn is_over(job: &Value) -> bool {
    is_any_true(job, &["Failed", "Complete", "Suspended"])
        && job["status"]["active"].as_u64().unwrap_or_default() == 0
}

/// The pods that fit the Model iris; they are added to all that ever did.
async fn fits(space: &Space, all: &mut BTreeSet<String>) -> Vec<Value> {
    let mut pods = space.list(POD.0, POD.1).await;
    pods.retain(|pod| {
        label(pod, "auriga.dev/model") == "iris" && label(pod, "app.kubernetes.io/component") == "fit"
    });
    all.extend(pods.iter().map(|pod| text(pod, "/metadata/uid").to_owned()));
    pods
}

pub(super) fn was_killed(pod: &Value) -> bool {
    let statuses = pod["status"]["containerStatuses"].as_array();
    statuses.into_iter().flatten().any(|status| {
        ["/state/terminated/reason", "/lastState/terminated/reason"]
            .iter()
            .any(|place| text(status, place) == "OOMKilled")
    })
}

/// The time until it is told that a candidate's pods are killed; the version before answers all requests.
async fn serving_beyond_its_limit(scene: &Scene<'_>) -> Result<f64, String> {
    let space = &scene.space;
    space.claim("iris").await;
    // Nothing can be learned from these, so that the trees grow as large as they can: some 40 MiB.
    space.rows("iris", &noise(300)).await;
    let good = Manifest::iris("iris")
        .with("/spec/dataset/train/csv/nrows", 250)
        .with("/spec/dataset/test/csv/skiprows", 250)
        .with(
            "/spec/estimator",
            json!({ "randomForestClassifier": { "nEstimators": 3000 } }),
        );
    space.apply(&good).await;
    space.serves("iris", 1).await;
    space.answers_with("iris", 1, auriga_e2e::IRIS_ROW).await;
    let clients = Clients::begin(space).await;
    space
        .apply(
            &good
                .clone()
                .with("/spec/serving/resources", exactly("memory", "20Mi"))
                .with("/spec/serving/progressDeadlineSeconds", 40),
        )
        .await;
    until(
        Duration::from_secs(60),
        "a pod that serves was killed",
        async || {
            let pods = space.list(POD.0, POD.1).await;
            pods.iter().any(was_killed).then_some(())
        },
    )
    .await;
    let told = attempt(seconds_until(60, "the limit is told", async || {
        let model = space.model("iris").await;
        let status = model.status.as_ref()?;
        let is_told = status.conditions.iter().any(|one| one.message.contains("20Mi"));
        is_told.then_some(())
    }));
    let told = told.await;
    let answers = clients.end().await;
    let (took, ()) = told?;
    answers.all_well()?;
    space.apply(&good).await;
    attempt(space.serves("iris", 1)).await?;
    if took > OOM_TOLD {
        return Err(format!("was told after {took:.1} s"));
    }
    Ok(took)
}

/// So many rows drawn by a generator of linear congruences (Knuth's MMIX), without any rule to learn.
fn noise(rows: u32) -> String {
    let mut state: u64 = 1;
    let mut digit = |of: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % of
    };
    let mut text = String::new();
    for _ in 0..rows {
        for _ in 0..4 {
            text.push_str(&format!("{}.{},", digit(10), digit(10)));
        }
        text.push_str(&format!("class-{}\n", digit(10)));
    }
    text
}
