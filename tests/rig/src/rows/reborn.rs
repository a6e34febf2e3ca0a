//! A Model is deleted and made anew under the same name at once, again and again.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Result;
use auriga_e2e::{Manifest, Space, until};
use tokio::time::sleep;

use crate::{
    finding::{Finding, attempt},
    ground::Ground,
    objects::MODEL,
    oracle::{listed, named, orphans},
    scene::{scene, seconds_until, within},
};

/// How long a Model lives before it is deleted: not at all, until its fit begins, while it runs, until it serves.
const LIVES: [u64; 4] = [0, 700, 2500, 6000];
/// How many versions are kept, of all that have the name; a status shows as many.
const KEPT: usize = 10;
/// How long a status may take to show what the store has.
const SHOWN: f64 = 30.0;

/// Does so, and sees what is left.
///
/// Errors: never; what does not work is in the finding.
pub(super) async fn reborn(ground: &Ground) -> Result<Finding> {
    let cycles = ground.times(100, 8);
    let mut finding = Finding::default();
    let result = scene(ground, async |scene| {
        let space = &scene.space;
        space.iris_data("iris").await;
        let iris = Manifest::iris("iris").with("/spec/historyLimit", KEPT);
        let mut known = BTreeMap::new();
        for cycle in 0..cycles {
            // Every other one is fitted anew.
            let iris = iris.clone().c(0.3 + 0.01 * (cycle / 2) as f64);
            // The one before may still be there, on its way out.
            let applied = until(Duration::from_secs(30), "it can be made anew", async || {
                space.try_apply(iris.value()).await.ok()
            });
            let applied = attempt(applied).await;
            finding.found(&format!("cycle {cycle}"), applied);
            sleep(Duration::from_millis(LIVES[cycle % LIVES.len()])).await;
            known.extend(versions(space).await);
            space.remove(MODEL.0, MODEL.1, "iris").await;
        }
        let last = iris.c(0.2);
        space.apply(&last).await;
        let (took, ()) = seconds_until(90, "the last one is ready", async || {
            auriga_e2e::is_ready(&space.model("iris").await).then_some(())
        })
        .await;
        let left = attempt(until(
            Duration::from_secs(60),
            "nothing is left of those before",
            async || orphans(&listed(space).await).is_empty().then_some(()),
        ));
        if left.await.is_err() {
            let all = listed(space).await;
            let left: Vec<String> = orphans(&all).into_iter().map(named).collect();
            return Err(format!("{} are left: {}", left.len(), left.join(", ")));
        }
        keeps(space, &known).await?;
        known.extend(versions(space).await);
        forgets(space, &last, &known).await?;
        Ok(took)
    })
    .await;
    if let Some(took) = finding.found("what is left", result) {
        finding
            .figures
            .push(format!("{cycles} cycles, the last Model ready after {took:.1} s"));
    }
    Ok(finding)
}

/// The digests of the versions that the Model's status shows, by number.
async fn versions(space: &Space) -> BTreeMap<i64, String> {
    let model = space.get(MODEL.0, MODEL.1, "iris").await.unwrap_or_default();
    let shown = model["status"]["versions"].as_array();
    let shown = shown.into_iter().flatten().filter_map(|one| {
        let digest = one["digest"].as_str()?;
        Some((one["version"].as_i64()?, digest.to_owned()))
    });
    shown.collect()
}

/// Whether the versions of those before, which are retained, are this one's history.
async fn keeps(space: &Space, known: &BTreeMap<i64, String>) -> Result<(), String> {
    within(SHOWN, "the versions of those before are shown", async || {
        let shown = versions(space).await;
        // The last one of its own took a place.
        let mut expected = known.iter().rev().take(KEPT - 1);
        expected.all(|(number, digest)| shown.get(number) == Some(digest))
    })
    .await
    .map(drop)
}

/// Whether nothing is left of the versions of a Model that is deleted with them.
async fn forgets(space: &Space, last: &Manifest, known: &BTreeMap<i64, String>) -> Result<(), String> {
    let with_versions = last.clone().with("/spec/deletionPolicy", "Delete");
    space.apply(&with_versions).await;
    space.ready_within("iris", 60).await;
    space.remove(MODEL.0, MODEL.1, "iris").await;
    space.gone(MODEL.0, MODEL.1, "iris").await;
    space.apply(&with_versions).await;
    space.ready_within("iris", 90).await;
    let newest = known.keys().next_back().copied().unwrap_or(0);
    within(
        SHOWN,
        "one version is shown, with a number of its own",
        async || {
            let shown = versions(space).await;
            shown.len() == 1 && shown.keys().all(|number| *number > newest)
        },
    )
    .await
    .map(drop)
}
