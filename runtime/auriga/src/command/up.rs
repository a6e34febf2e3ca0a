//! `auriga up`: the whole way on one machine, from rows to answers, for as long as it runs.

mod journey;

use std::pin::pin;

use auriga_persist::StoreUri;
use clap::Args;
use serde_json::json;

use self::journey::{Journey, Running};
use super::{ListenFlags, ManifestFlags, StoreFlags};
use crate::{
    console::Console,
    failure::Failure,
    front::Socket,
    manifest::Manifest,
    store,
    watch::{Watch, asked_to_end},
};

/// Fits if need be, serves, and follows the manifest.
#[derive(Args)]
pub(crate) struct Up {
    #[command(flatten)]
    manifest: ManifestFlags,
    #[command(flatten)]
    store: StoreFlags,
    #[command(flatten)]
    listen: ListenFlags,
}

impl Up {
    /// Runs until it is asked to end. A manifest that is changed for the worse is told, and what answered before answers
    /// on; only the first one must be good.
    pub(crate) async fn run(self, console: &Console) -> Result<(), Failure> {
        let files = self.manifest.files();
        let texts = files.read()?;
        let manifest = files.manifest(&texts)?;
        let uri = store::uri(self.store.persister.as_deref(), Some(&manifest))?;
        let socket = Socket::bind(self.listen.listen)?;
        let store = store::open_for_writing(&uri).await?;
        let mut ending = pin!(asked_to_end()?);
        let journey = Journey { store, socket, console: *console };
        let mut running = journey.start(manifest).await?;
        let mut watch = Watch::new(files.clone(), texts);
        let mut is_done = false;
        loop {
            let texts = tokio::select! {
                () = &mut ending => break,
                texts = watch.changed() => texts,
                reached = journey.reach(&running), if !is_done => {
                    is_done = true;
                    let answers = match reached {
                        Ok(reached) => journey.answer(&mut running, reached).await,
                        Err(failure) => Err(failure),
                    };
                    match answers {
                        // With nothing to serve and no way to come to it, waiting for an edit would only hide the error.
                        Err(failure) if running.front.service.version().is_none() => return Err(failure),
                        Err(failure) => console.warn(&failure),
                        Ok(()) => {}
                    }
                    continue;
                }
                never = running.follower.follow(&running.front.service) => match never {},
            };
            match files.manifest(&texts).and_then(|manifest| self.change(manifest, &uri, &running)) {
                Ok(manifest) => {
                    console.tell("changed", "the manifest; taking it up", json!({}));
                    running.manifest = manifest;
                    is_done = false;
                }
                Err(failure) => console.warn(&failure),
            }
        }
        console.tell("stopping", "requests in flight are answered", json!({}));
        running.front.stop().await;
        Ok(())
    }

    /// The changed manifest, if this process can take it up.
    fn change(&self, manifest: Manifest, uri: &StoreUri, running: &Running) -> Result<Manifest, Failure> {
        let (now, before) = (&manifest.checked.key, &running.manifest.checked.key);
        if now != before {
            let message = format!("the manifest describes {now} instead of {before}; start `auriga up` again to serve it");
            return Err(Failure::mistake(message));
        }
        if store::uri(self.store.persister.as_deref(), Some(&manifest))? != *uri {
            return Err(Failure::mistake("the manifest names another store; start `auriga up` again to use it"));
        }
        Ok(manifest)
    }
}
