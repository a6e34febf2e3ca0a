//! `auriga serve`: answers requests with the active version, or with a given one.

use std::{path::PathBuf, sync::Arc};

use auriga_crds::VersionNumber;
use auriga_persist::{Cached, Persister};
use auriga_serve::Service;
use clap::Args;
use serde_json::json;

use super::{ListenFlags, ManifestFlags, StoreFlags};
use crate::{console::Console, failure::Failure, follow::Follower, front::Socket, store, translate, watch};

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
}

impl Serve {
    /// Serves until it is asked to end. Without `--version` it follows the ledger: a version that another process
    /// activates takes over without a dropped request.
    pub(crate) async fn run(self, console: &Console) -> Result<(), Failure> {
        let files = self.manifest.files()?;
        let manifest = files.manifest(&files.read()?)?;
        let key = manifest.checked.key.clone();
        let uri = store::uri(self.store.persister.as_deref(), Some(&manifest))?;
        let socket = Socket::bind(self.listen.listen)?;
        let cache = self
            .cache
            .map(|folder| Arc::new(Cached::new(store::open_lazily(uri.clone()), folder)));
        let store: Arc<dyn Persister> = match &cache {
            Some(cache) => cache.clone(),
            None => store::open_existing(&uri).await?,
        };
        let ending = watch::asked_to_end()?;
        let service = Service::new(translate::settings(&manifest.checked), store.clone())?;
        let front = socket.serve(Arc::new(service))?;
        let address = front.address;
        console.tell(
            "listening",
            format_args!("on http://{address}"),
            json!({ "address": address.to_string() }),
        );
        let follower = match self.version {
            Some(number) => Follower::pinned(store.clone(), key, *console, number),
            None => Follower::new(store.clone(), key, *console),
        }
        .with_cache(cache);
        tokio::select! {
            () = ending => {}
            failure = serving(&follower, &front.service, console) => return Err(failure),
        }
        console.tell("stopping", "requests in flight are answered", json!({}));
        let stopped = front.stop_patiently().await;
        store.close().await;
        stopped
    }
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
        let reason = "no version is active yet; /alive answers 503 until one is";
        console.tell("waiting", reason, json!({ "message": reason }));
    }
    match follower.follow(service).await {}
}
