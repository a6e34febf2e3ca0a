//! The image of new pods cannot be had, or is for another machine.

use std::time::Duration;

use anyhow::Result;
use auriga_e2e::{Manifest, iris_rows, ready};
use serde_json::json;
use tokio::time::sleep;

use crate::{
    clients::Clients,
    finding::{Finding, attempt, in_words},
    ground::Ground,
    images::{Change, Registry, SILENT},
    scene::{Scene, scene, seconds_until},
};

/// How long it may take until an image is named.
const TOLD: f64 = 15.0;
/// The reasons that a Model may give, but for a registry that is silent: such a node still tries.
const NAMES_IT: [&str; 2] = ["ImagePullFailed", "Failed"];
/// Where the image has its program, without the leading slash.
const PROGRAM: &str = "usr/local/bin/auriga";

/// Lets the image of new pods be one that nobody has, or that this machine cannot run.
///
/// Errors: never; what does not work is in the finding.
pub(super) async fn image_not_had(ground: &Ground) -> Result<Finding> {
    // None of these is ever answered for: the node of the tests pulls nothing from elsewhere.
    const NOWHERE: [(&str, &str); 3] = [
        ("an image of elsewhere", "docker.io/auriga/no-such-image:1"),
        (
            "a tag that the node does not have",
            "docker.io/auriga/auriga:no-such-tag",
        ),
        ("a registry that is not there", "127.0.0.1:1/auriga/auriga:1"),
    ];
    let registry = Registry::begin(ground).await?;
    let foreign = Change {
        architecture: Some("arm64"),
        ..Change::default()
    };
    let program = program_of_another_machine();
    let mistaken = Change {
        file: Some((PROGRAM, &program)),
        ..Change::default()
    };
    let elsewhere = [
        (
            "a tag that its registry does not know",
            registry.image("no-such-tag"),
        ),
        (
            "an image for another machine",
            registry.add("arm64", foreign).await?,
        ),
        (
            "an image that does not say that its program is for another machine",
            registry.add("mistaken", mistaken).await?,
        ),
        // The last one: the kubelet pulls nothing else meanwhile.
        ("a registry that never answers", registry.image(SILENT)),
    ];
    let mut finding = Finding::default();
    let mut slowest: f64 = 0.0;
    let nowhere = NOWHERE.map(|(what, image)| (what, image.to_owned()));
    for (what, image) in nowhere.into_iter().chain(elsewhere) {
        let told = scene(ground, async |scene| without_image(ground, scene, &image).await).await;
        slowest = slowest.max(finding.found(what, told).unwrap_or_default());
    }
    registry.end().await?;
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
    scene.rise(&program).await.map_err(in_words)?;
    let space = &scene.space;
    let changed = iris.with("/spec/serving/serviceMetadata", json!({ "a": "b" }));
    space.apply(&changed).await;
    let told = attempt(seconds_until(40, "the image is named", async || {
        let model = space.model("iris").await;
        let ready = ready(&model)?;
        let reasons = if image.ends_with(SILENT) {
            &["Loading"][..]
        } else {
            &NAMES_IT
        };
        let names_it = ready.message.contains(image) && reasons.contains(&ready.reason.as_str());
        (names_it && ready.status != auriga_crds::ConditionStatus::True).then_some(())
    }));
    let told = told.await;
    // What the Model says while nobody has mended it.
    let words = scene.told().await;
    sleep(Duration::from_secs(5)).await;
    scene.rise_again().await?;
    let healed = attempt(scene.space.serves("iris", 1)).await;
    sleep(Duration::from_secs(1)).await;
    let answers = clients.end().await;
    let (took, ()) = told.map_err(|late| late + &words)?;
    answers.all_well()?;
    healed?;
    if took > TOLD {
        return Err(format!("was named after {took:.1} s"));
    }
    Ok(took)
}

/// The beginning of a program for 64-bit ARM (ELF, "e_machine"): a kernel of another machine reads no further.
fn program_of_another_machine() -> Vec<u8> {
    let mut header = vec![0; 64];
    // 64 bits, little endian, version 1.
    header[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    // An executable for AArch64; the size of this header.
    header[16..20].copy_from_slice(&[2, 0, 183, 0]);
    header[20] = 1;
    header[52] = 64;
    header
}
