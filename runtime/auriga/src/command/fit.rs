//! `auriga fit`: one fit, kept as a version, and activated unless told not to.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use auriga_crds::contract::Alive;
use auriga_persist::{Persister, StoreUri};
use clap::Args;
use serde_json::Value;

use super::{ManifestFlags, StoreFlags, value};
use crate::{
    activation,
    console::Console,
    dataset,
    failure::Failure,
    fit::{Learned, Outcome, Report, Wishes, fit, learn, left, patiently, version_json},
    front::Socket,
    manifest::{ConfigMapTexts, Manifest},
    pod::{self, Pod},
    progress::Progress,
    store, translate, watch,
};

/// How long the pod of a fit waits for its store: the fit is worth more than a pod that stands about.
const PATIENCE_IN_A_POD: Duration = Duration::from_secs(3600);

/// Fits a Model and keeps it as a version.
#[derive(Args)]
pub(crate) struct Fit {
    #[command(flatten)]
    manifest: ManifestFlags,
    #[command(flatten)]
    store: StoreFlags,
    /// Fit and score, but write nothing
    #[arg(long)]
    no_save: bool,
    /// Keep the version inactive
    #[arg(long)]
    no_activate: bool,
    /// Write only if the score is greater; takes the place of training.saveIfBetterThan
    #[arg(long, value_name = "SCORE", value_parser = value::score, allow_negative_numbers = true)]
    save_if_better_than: Option<f64>,
    /// A folder with the ConfigMaps that the dataset names, as <FOLDER>/<name>/<key>, beside those given with -f
    #[arg(long, value_name = "FOLDER")]
    config_maps: Option<PathBuf>,
    /// Answer /alive here with how far the fit is, and /livez; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", value_parser = value::address)]
    alive: Option<SocketAddr>,
}

impl Fit {
    pub(crate) async fn run(self, console: &Console, pod: Option<&Pod>) -> Result<(), Failure> {
        let files = self.manifest.files()?;
        let files = match &self.config_maps {
            Some(folder) => files.with_config_maps(ConfigMapTexts::Folder(folder.clone())),
            None => files,
        };
        let progress = Arc::new(Progress::new());
        let console = &console.telling(progress.clone());
        if let Some(address) = self.alive {
            tell_progress(address, progress, pod, console);
        }
        let manifest = files.manifest(&files.read()?)?;
        let uri = store::uri(self.store.persister.as_deref(), Some(&manifest))?;
        watch::unless_asked_to_end(self.carried_out(&manifest, &uri, console, pod)).await
    }

    async fn carried_out(
        &self,
        manifest: &Manifest,
        uri: &StoreUri,
        console: &Console,
        pod: Option<&Pod>,
    ) -> Result<(), Failure> {
        let usual = Wishes::default();
        let wishes = Wishes {
            save_if_better_than: self.save_if_better_than,
            training_job: pod.and_then(|pod| pod.owner_uid.clone()),
            patience: pod.map_or(usual.patience, |_| PATIENCE_IN_A_POD),
        };
        if self.no_save {
            let rows = dataset::rows(manifest, console).await?;
            let Learned {
                report, not_better, ..
            } = learn(manifest, rows, &wishes, console).await?;
            let message = not_better.unwrap_or_else(|| format!("fitted, not saved: {}", report.line()));
            return console.result(&message, not_saved(&report, &message));
        }
        // Somebody who looks on is told at once; a pod would only be started again, later and later.
        let patience = pod.map_or(Duration::ZERO, |_| PATIENCE_IN_A_POD);
        let open = async || store::open(uri).await;
        let store = patiently(patience, "the fit waits for its store", console, open).await?;
        let kept = self.keep(manifest, &*store, &wishes, console, pod).await;
        store.close().await;
        kept
    }

    async fn keep(
        &self,
        manifest: &Manifest,
        store: &dyn Persister,
        wishes: &Wishes,
        console: &Console,
        pod: Option<&Pod>,
    ) -> Result<(), Failure> {
        let key = &manifest.checked.key;
        let outcome = fit(manifest, store, wishes, console).await?;
        if let Some(pod) = pod {
            pod.leave(&left(&outcome, manifest))?;
        }
        let (version, loaded) = match outcome {
            Outcome::New(version) => (*version, None),
            Outcome::Existing(loaded) => (loaded.manifest().clone(), Some(*loaded)),
            Outcome::NotBetter { report, message } => {
                return console.result(&message, not_saved(&report, &message));
            }
        };
        let mut json = version_json(&version);
        json["model"] = key.to_string().into();
        json["saved"] = Value::Bool(true);
        json["new"] = Value::Bool(loaded.is_none());
        let verb = if loaded.is_none() {
            "fitted"
        } else {
            "already fitted"
        };
        let is_active = if self.no_activate {
            store.properties(key).await?.active_version == Some(version.number)
        } else {
            let loaded = match loaded {
                Some(loaded) => loaded,
                None => activation::load(store, key, version.number).await?,
            };
            if let Err(error) = translate::settings(&manifest.checked).check(&loaded) {
                let number = version.number;
                let is_active = store.properties(key).await?.active_version == Some(number);
                let state = if is_active { "active" } else { "inactive" };
                return Err(Failure::from(error).after(format_args!(
                    "{key}: {verb} as version {number}, {state}; this manifest cannot serve it, so mend spec.serving and run \
                     `auriga activate {number}`: "
                )));
            }
            activation::activate(store, key, &loaded, "fit").await?;
            true
        };
        json["active"] = Value::Bool(is_active);
        let state = if is_active { "active" } else { "inactive" };
        console.result(
            format_args!(
                "{key}: {verb} as version {}, {state}; {}",
                version.number,
                Report::of(&version.facts).line()
            ),
            json,
        )
    }
}

/// Tells at `address` how far the fit is, for as long as the process runs. Where nobody can be told, the fit goes on.
fn tell_progress(address: SocketAddr, progress: Arc<Progress>, pod: Option<&Pod>, console: &Console) {
    let process = pod::process(pod);
    let alive = move || {
        let (reason, message) = progress.waiting_for().unzip();
        Alive {
            message,
            reason: reason.map(|reason| reason.word().to_owned()),
            trainer_status: Some(progress.status()),
            ..process.alive()
        }
    };
    match Socket::bind(address).and_then(|socket| socket.tell(alive)) {
        Ok(address) => console.tell(
            "telling",
            format_args!("how far it is, at http://{address}/alive"),
            serde_json::json!({ "address": address.to_string() }),
        ),
        Err(failure) => console.warn(&failure.after("the progress is told to nobody: ")),
    }
}

/// A fit that left nothing, as programs read it.
fn not_saved(report: &Report, message: &str) -> Value {
    let mut json = report.json();
    json["saved"] = Value::Bool(false);
    json["message"] = message.into();
    json
}
