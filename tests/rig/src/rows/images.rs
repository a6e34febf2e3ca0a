//! The image of new pods cannot be had.

use std::time::Duration;

use anyhow::Result;
use auriga_e2e::{Manifest, condition, iris_rows};
use serde_json::json;
use tokio::time::sleep;

use crate::{
    clients::Clients,
    finding::{Finding, attempt},
    ground::Ground,
    scene::{Scene, scene, seconds_until},
};

/// How long it may take until an image is named.
const TOLD: f64 = 15.0;

/// Lets the image of new pods be one that nobody has.
///
/// Errors: never; what does not work is in the finding.
pub(super) async fn image_not_had(ground: &Ground) -> Result<Finding> {
    const NOWHERE: [(&str, &str); 3] = [
        ("an unknown image", "docker.io/auriga/no-such-image:1"),
        (
            "an unknown tag of a known one",
            "docker.io/auriga/auriga:no-such-tag",
        ),
        ("a registry that is not there", "127.0.0.1:1/auriga/auriga:1"),
    ];
    let mut finding = Finding::default();
    let mut slowest: f64 = 0.0;
    for (what, image) in NOWHERE {
        let told = scene(ground, async |scene| without_image(ground, scene, image).await).await;
        slowest = slowest.max(told.as_ref().copied().unwrap_or_default());
        finding.count(what, told.map(|_| ()));
    }
    finding.figures.push(format!(
        "named after {slowest:.1} s at most, no prediction failed"
    ));
    Ok(finding)
}

async fn without_image(ground: &Ground, scene: &mut Scene<'_>, image: &str) -> Result<f64, String> {
    scene.space.postgres().await;
    scene.space.rows("iris", &iris_rows()).await;
    let iris = Manifest::iris("iris").on_postgres();
    scene.space.apply(&iris).await;
    scene.space.serves("iris", 1).await;
    scene.space.answers_with("iris", 1, auriga_e2e::IRIS_ROW).await;
    let clients = Clients::begin(&scene.space).await;
    let program = ground.program.with_image(image);
    scene.rise(&program).await.map_err(|error| format!("{error:#}"))?;
    let space = &scene.space;
    let changed = iris.with("/spec/serving/serviceMetadata", json!({ "a": "b" }));
    space.apply(&changed).await;
    let told = attempt(seconds_until(40, "the image is named", async || {
        let model = space.model("iris").await;
        let status = model.status.as_ref()?;
        let of_image =
            |one: &auriga_crds::Condition| one.reason == "ImagePullFailed" && one.message.contains(image);
        let ready = condition(&status.conditions, "Ready")?;
        (of_image(ready) && ready.status != auriga_crds::ConditionStatus::True).then_some(())
    }));
    let told = told.await;
    sleep(Duration::from_secs(5)).await;
    scene.rise_again().await?;
    let healed = attempt(scene.space.serves("iris", 1)).await;
    sleep(Duration::from_secs(1)).await;
    let answers = clients.end().await;
    let (took, ()) = told?;
    answers.all_well()?;
    healed?;
    if took > TOLD {
        return Err(format!("was named after {took:.1} s"));
    }
    Ok(took)
}
