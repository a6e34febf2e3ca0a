//! Fits that leave anything but an outcome in their termination message.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use anyhow::Result;
use auriga_e2e::{Manifest, is_ready, ready};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::late_watches::has_one_version;
use crate::{
    finding::Finding,
    ground::Ground,
    objects::{MODEL, label},
    scene::{Scene, scene},
};

/// A fit that leaves something odd in its termination message.
///
/// Errors: the cluster does not answer.
pub(crate) async fn odd_outcomes(ground: &Ground) -> Result<Finding> {
    let long = "x".repeat(1 << 20);
    let oddities = [
        ("garbage", "\u{0}\u{1b}[2J{{{".to_owned()),
        ("half an outcome", r#"{"version":1,"digest":"sha256:"#.to_owned()),
        ("1 MiB", long.clone()),
        (
            "1 MiB of JSON",
            json!({ "reason": "Failed", "message": long }).to_string(),
        ),
        ("a version that is none", r#"{"version":0}"#.to_owned()),
        ("nothing", String::new()),
    ];
    let mut finding = Finding::default();
    for (what, text) in oddities.into_iter().take(ground.times(6, 2)) {
        finding.count(
            &format!("the first pod leaves {what}"),
            outcome(ground, text).await,
        );
    }
    let result = foreign_outcome(ground).await;
    finding.count("every pod leaves the outcome of another Model's fit", result);
    Ok(finding)
}

/// Whether the second Job of a fit heals what the first one's pod did not say.
async fn outcome(ground: &Ground, text: String) -> Result<(), String> {
    scene(ground, async |scene| {
        let space = &scene.space;
        space.iris_data("iris").await;
        let first = OnceLock::new();
        let is_of_first_job = move |pod: &Value| {
            let job = label(pod, "batch.kubernetes.io/job-name");
            !job.is_empty() && first.get_or_init(|| job.to_owned()) == job
        };
        let_read(scene, text, is_of_first_job);
        space.apply(&Manifest::iris("iris")).await;
        space.serves("iris", 1).await;
        let model = space.get(MODEL.0, MODEL.1, "iris").await.unwrap_or_default();
        let bytes = model.to_string().len();
        if bytes > 32 << 10 {
            return Err(format!("the Model has grown to {bytes} bytes"));
        }
        has_one_version(space).await
    })
    .await
}

/// Lets the operator read this as what each such pod has left, from now on.
fn let_read(scene: &Scene<'_>, text: String, is_such: impl Fn(&Value) -> bool + Send + Sync + 'static) {
    let rewrite = move |resource: &str, object: &mut Value| {
        if resource == "pods" && is_such(object) {
            leave(object, &text);
        }
    };
    scene
        .proxy()
        .let_see(|view| view.rewrite = Some(Arc::new(rewrite)));
}

/// Replaces what the pod's container left, if it has ended.
fn leave(pod: &mut Value, text: &str) {
    let containers = pod["status"]["containerStatuses"].as_array_mut();
    for container in containers.into_iter().flatten() {
        if let Some(ended) = container.pointer_mut("/state/terminated") {
            ended["message"] = json!(text);
        }
    }
}

/// A pod that claims a version which its fit has not made: that version is not in the store, and never answers.
async fn foreign_outcome(ground: &Ground) -> Result<(), String> {
    scene(ground, async |scene| {
        let space = &scene.space;
        space.iris_data("iris").await;
        let digest = format!("sha256:{}", "5".repeat(64));
        let text = json!({ "version": 7, "digest": digest, "fitHash": "v1-of-somebody-else" }).to_string();
        let_read(scene, text, |_| true);
        space.apply(&Manifest::iris("iris")).await;
        sleep(Duration::from_secs(40)).await;
        let model = space.model("iris").await;
        let active = model.status.as_ref().and_then(|status| status.active_version);
        if active.is_some() || is_ready(&model) {
            return Err("a version became active that no fit had made".to_owned());
        }
        if ready(&model).is_none_or(|ready| ready.message.is_empty()) {
            return Err("no condition says what is wrong".to_owned());
        }
        scene.proxy().let_see(|view| view.rewrite = None);
        space.refit("iris", "2026-01-01T00:00:00Z").await;
        let model = space.ready_within("iris", 60).await;
        match model.status.and_then(|status| status.active_version) {
            Some(_) => Ok(()),
            None => Err("nothing is active".to_owned()),
        }
    })
    .await
}
