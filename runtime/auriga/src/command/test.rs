//! `auriga test`: scores a version on the rows kept apart, without writing.

use auriga_crds::VersionNumber;
use auriga_persist::Scores;
use clap::Args;
use serde_json::json;

use super::{ManifestFlags, StoreFlags};
use crate::{
    activation,
    console::Console,
    dataset,
    failure::Failure,
    fit::{Report, scores_on},
    store, translate, watch,
};

/// Two scores that are this near, relative to their size, differ by the rounding of another machine only.
const TOLERANCE: f64 = 1e-9;

/// Scores the active version, or a given one, on `dataset.test`. Nothing is written.
#[derive(Args)]
pub(crate) struct Test {
    #[command(flatten)]
    manifest: ManifestFlags,
    #[command(flatten)]
    store: StoreFlags,
    /// Score this version, whatever is active
    #[arg(long, value_name = "NUMBER")]
    version: Option<VersionNumber>,
}

impl Test {
    pub(crate) async fn run(self, console: &Console) -> Result<(), Failure> {
        let files = self.manifest.files()?;
        let manifest = files.manifest(&files.read()?)?;
        let uri = store::uri(self.store.persister.as_deref(), Some(&manifest))?;
        watch::unless_asked_to_end(async {
            let key = &manifest.checked.key;
            let store = store::open_existing(&uri).await?;
            let loaded = activation::load_given(&*store, key, self.version).await?;
            let is_active = store.properties(key).await?.active_version == Some(loaded.manifest().number);
            let part = dataset::test(&manifest, loaded.fitted().signature(), console).await?;
            let n_rows = part.features.n_rows();
            let needed = manifest.checked.training.scoring.map(translate::metric);
            // On a thread of its own, so that a signal is heard meanwhile.
            let computing = tokio::task::spawn_blocking(move || {
                let found = scores_on(loaded.fitted(), "test", &part, needed);
                (loaded, found)
            });
            let (loaded, found) = computing
                .await
                .map_err(|error| Failure::trouble(format!("the scoring broke off: {error}")))?;
            let version = loaded.manifest();
            let report = Report::of_test(&version.facts, found?);
            let stored = &version.facts.scores;
            let changes = changes(&report, stored);
            let active = if is_active { " (active)" } else { "" };
            let mut lines = vec![
                format!(
                    "{key}: version {}{active} scores {}",
                    version.number,
                    report.line()
                ),
                format!("  digest {}", version.digest),
            ];
            lines.extend(changes.iter().cloned());
            let json = json!({
                "model": key.to_string(),
                "version": version.number,
                "digest": version.digest,
                "active": is_active,
                "rows": n_rows,
                "scores": report.scores,
                "stored": stored,
                "differs": !changes.is_empty(),
            });
            console.result(lines.join("\n"), json)
        })
        .await
    }
}

/// A line for each score for people that is another one than when the version was fitted.
fn changes(report: &Report, stored: &Scores) -> Vec<String> {
    let Some(before) = stored.get("test") else {
        return vec!["  it was fitted without test rows, so there is no score to compare with".to_owned()];
    };
    let metrics = report.metrics();
    let differing = metrics.iter().filter_map(|metric| {
        let score = report.scores.get("test")?.get(metric.name())?;
        let before = before.get(metric.name())?;
        let is_near = (score - before).abs() <= TOLERANCE * score.abs().max(1.0);
        (!is_near).then(|| format!("  {metric} was {before} when it was fitted, and is {score}"))
    });
    differing.collect()
}
