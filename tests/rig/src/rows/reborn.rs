//! A Model is deleted and made anew under the same name at once, again and again.

use std::time::Duration;

use anyhow::Result;
use auriga_e2e::{Manifest, until};
use tokio::time::sleep;

use crate::{
    finding::{Finding, attempt},
    ground::Ground,
    objects::MODEL,
    oracle::{listed, named, orphans},
    scene::{scene, seconds_until},
};

/// How long a Model lives before it is deleted: not at all, until its fit begins, while it runs, until it serves.
const LIVES: [u64; 4] = [0, 700, 2500, 6000];

/// Does so, and sees what is left.
///
/// Errors: never; what does not work is in the finding.
pub(super) async fn reborn(ground: &Ground) -> Result<Finding> {
    let cycles = ground.times(100, 8);
    let mut finding = Finding::default();
    let result = scene(ground, async |scene| {
        let space = &scene.space;
        space.iris_data("iris").await;
        let iris = Manifest::iris("iris");
        for cycle in 0..cycles {
            // Every other one is fitted anew.
            let iris = iris.clone().c(0.3 + 0.01 * (cycle / 2) as f64);
            let fits_or_not = iris.with("/spec/historyLimit", 10);
            // The one before may still be there, on its way out.
            let applied = until(Duration::from_secs(30), "it can be made anew", async || {
                space.try_apply(fits_or_not.value()).await.ok()
            });
            let applied = attempt(applied).await;
            finding.found(&format!("cycle {cycle}"), applied);
            sleep(Duration::from_millis(LIVES[cycle % LIVES.len()])).await;
            space.remove(MODEL.0, MODEL.1, "iris").await;
        }
        space.apply(&iris.c(0.2)).await;
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
