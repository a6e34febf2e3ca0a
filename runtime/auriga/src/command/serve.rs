//! `auriga serve`: answers requests with the active version, or with a given one.

mod patient;

use std::{path::PathBuf, sync::Arc, time::Duration};

use auriga_crds::VersionNumber;
use auriga_persist::{Persister, StoreUri};
use auriga_serve::{Limits, Service};
use clap::Args;
use serde_json::json;
use tokio::sync::Mutex;

use self::patient::Patient;
use super::{ListenFlags, ManifestFlags, StoreFlags};
use crate::{
    console::Console,
    failure::Failure,
    follow::Follower,
    front::{Front, Socket},
    manifest::{ConfigMapTexts, Manifest},
    pod::{self, Pod},
    store, translate, watch,
};

const NOTHING_ACTIVE: &str = "no version is active yet; /alive answers 503 until one is";

/// How long a pod still accepts connections after it was told to end: until then, everybody who sends it requests has
/// learned that it goes.
const DRAIN_DELAY: Duration = Duration::from_secs(5);

/// Serves the active version, or a given one.
#[derive(Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    manifest: ManifestFlags,
    #[command(flatten)]
    store: StoreFlags,
    #[command(flatten)]
    listen: ListenFlags,
    /// Serve this version, whatever is active
    #[arg(long, value_name = "NUMBER")]
    version: Option<VersionNumber>,
    /// Keep what is read of the store in this folder, so that a start while the store is down answers from there
    #[arg(long, value_name = "FOLDER")]
    cache: Option<PathBuf>,
    /// Wait for a store and a version that are not there yet, and make the version the active one from the revision of
    /// the ledger that this file comes to hold
    #[arg(long, value_name = "FILE", requires = "version")]
    fence: Option<PathBuf>,
}

impl Serve {
    /// Serves until it is asked to end. Without `--version` it follows the ledger: a version that another process
    /// activates takes over without a dropped request. With a fence, it is patient as in a pod.
    pub(crate) async fn run(self, console: &Console, pod: Option<&Pod>) -> Result<(), Failure> {
        let files = self.manifest.files()?.with_config_maps(ConfigMapTexts::IfGiven);
        let manifest = files.manifest(&files.read()?)?;
        let uri = store::uri(self.store.persister.as_deref(), Some(&manifest))?;
        let socket = Socket::bind(self.listen.listen)?;
        match pod {
            None if self.fence.is_none() => self.serve(&manifest, &uri, socket, console).await,
            _ => self.serve_patiently(&manifest, uri, socket, console, pod).await,
        }
    }

    /// Where somebody looks on, who is told at once what is missing.
    async fn serve(
        self,
        manifest: &Manifest,
        uri: &StoreUri,
        socket: Socket,
        console: &Console,
    ) -> Result<(), Failure> {
        let cache = store::cached(self.cache, uri);
        let store: Arc<dyn Persister> = match &cache {
            Some(cache) => cache.clone(),
            None => store::open_existing(uri).await?,
        };
        let ending = watch::asked_to_end()?;
        let service = Service::new(translate::settings(&manifest.checked), store.clone())?;
        let front = listen(socket, service, Limits::default(), console)?;
        let (kept, key, console) = (store.clone(), manifest.checked.key.clone(), console.clone());
        let follower = match self.version {
            Some(number) => Follower::pinned(kept, key, console.clone(), number),
            None => Follower::new(kept, key, console.clone()),
        }
        .with_cache(cache);
        tokio::select! {
            () = ending => {}
            failure = serving(&follower, &front.service, &console) => return Err(failure),
        }
        let stopped = stop(front, &console).await;
        store.close().await;
        stopped
    }

    /// Where nobody looks on but who asks `/alive`.
    async fn serve_patiently(
        self,
        manifest: &Manifest,
        uri: StoreUri,
        socket: Socket,
        console: &Console,
        pod: Option<&Pod>,
    ) -> Result<(), Failure> {
        let ending = watch::asked_to_end()?;
        let settings = translate::settings(&manifest.checked);
        let service = Service::without_store(settings, pod::process(pod))?;
        let limits = Limits {
            drain_delay: pod.map_or(Duration::ZERO, |_| DRAIN_DELAY),
            ..Limits::default()
        };
        let front = listen(socket, service, limits, console)?;
        let patient = Patient {
            uri,
            key: manifest.checked.key.clone(),
            version: self.version,
            fence: self.fence,
            cache: self.cache,
            console: console.clone(),
            store: Mutex::default(),
        };
        tokio::select! {
            () = ending => {}
            never = patient.serve(&front.service) => match never {},
        }
        let stopped = stop(front, console).await;
        patient.close().await;
        stopped
    }
}

fn listen(socket: Socket, service: Service, limits: Limits, console: &Console) -> Result<Front, Failure> {
    let front = socket.serve(Arc::new(service), limits)?;
    let address = front.address;
    console.tell(
        "listening",
        format_args!("on http://{address}"),
        json!({ "address": address.to_string() }),
    );
    Ok(front)
}

async fn stop(front: Front, console: &Console) -> Result<(), Failure> {
    console.tell("stopping", "requests in flight are answered", json!({}));
    front.stop_patiently().await
}

/// Brings a version into service and follows the ledger; ends only with an error that no waiting mends.
async fn serving(follower: &Follower, service: &Service, console: &Console) -> Failure {
    if let Err(failure) = follower.look(service, None).await {
        // A given version that is not there never will be. Where an older one answers in the place of the active one, it
        // answers on until that is mended or another one becomes active.
        if failure.is_mistake && service.version().is_none() {
            return failure;
        }
        console.warn(&failure);
    } else if service.version().is_none() {
        console.tell("waiting", NOTHING_ACTIVE, json!({ "message": NOTHING_ACTIVE }));
    }
    match follower.follow(service).await {}
}
