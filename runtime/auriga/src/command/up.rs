//! `auriga up`: the whole way on one machine, from rows to answers, for as long as it runs.

mod journey;

use std::{future::pending, pin::pin, time::Duration};

use auriga_persist::StoreUri;
use clap::Args;
use serde_json::json;
use tokio::time::{Instant, sleep_until};

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
        let files = self.manifest.files()?;
        let texts = files.read()?;
        let manifest = files.manifest(&texts)?;
        let uri = store::uri(self.store.persister.as_deref(), Some(&manifest))?;
        let socket = Socket::bind(self.listen.listen)?;
        let store = store::open(&uri).await?;
        let mut ending = pin!(asked_to_end()?);
        let journey = Journey::new(store, console.clone());
        let mut running = journey.start(socket, manifest).await?;
        let mut watch = Watch::new(files.clone(), texts);
        let mut is_done = false;
        let mut retry = Retry::default();
        loop {
            let texts = tokio::select! {
                () = &mut ending => break,
                changed = watch.changed() => match changed {
                    Ok(texts) => texts,
                    Err(failure) => {
                        console.warn(&failure);
                        continue;
                    }
                },
                reached = journey.reach(&running), if !is_done => {
                    is_done = true;
                    let answers = match reached {
                        Ok(reached) => journey.answer(&running, reached).await,
                        Err(failure) => Err(failure),
                    };
                    match answers {
                        // With nothing to serve and no way to come to it, waiting for an edit would only hide the error.
                        Err(failure) if running.front.service.version().is_none() => return Err(failure),
                        Err(failure) => {
                            // What the user has to mend is tried again when it is mended, all else after a pause.
                            retry.note(!failure.is_mistake);
                            console.warn(&failure);
                        }
                        Ok(()) => retry = Retry::default(),
                    }
                    continue;
                }
                () = retry.due(), if is_done => {
                    is_done = false;
                    continue;
                }
                never = running.follower.follow(&running.front.service) => match never {},
            };
            match files
                .manifest(&texts)
                .and_then(|manifest| self.change(manifest, &uri, &running))
            {
                Ok(manifest) => {
                    console.tell("changed", "the manifest; taking it up", json!({}));
                    running.manifest = manifest;
                    retry = Retry::default();
                    is_done = false;
                }
                Err(failure) => console.warn(&failure),
            }
        }
        console.tell("stopping", "requests in flight are answered", json!({}));
        let stopped = running.front.stop_patiently().await;
        journey.store.close().await;
        stopped
    }

    /// The changed manifest, if this process can take it up.
    fn change(&self, manifest: Manifest, uri: &StoreUri, running: &Running) -> Result<Manifest, Failure> {
        let (now, before) = (&manifest.checked.key, &running.manifest.checked.key);
        if now != before {
            let message = format!(
                "the manifest describes {now} instead of {before}; start `auriga up` again to serve it"
            );
            return Err(Failure::mistake(message));
        }
        if store::uri(self.store.persister.as_deref(), Some(&manifest))? != *uri {
            return Err(Failure::mistake(
                "the manifest names another store; start `auriga up` again to use it",
            ));
        }
        Ok(manifest)
    }
}

/// When to try again what failed for no fault of the user's.
#[derive(Default)]
struct Retry {
    pause: Option<Duration>,
    at: Option<Instant>,
}

impl Retry {
    const FIRST: Duration = Duration::from_secs(5);
    const LONGEST: Duration = Duration::from_secs(300);

    /// Remembers a failure; one that `may_pass` is tried again after a pause that doubles each time.
    fn note(&mut self, may_pass: bool) {
        self.pause = may_pass.then(|| {
            self.pause
                .map_or(Retry::FIRST, |pause| (pause * 2).min(Retry::LONGEST))
        });
        self.at = self.pause.map(|pause| Instant::now() + pause);
    }

    /// Ends when it is time; never if there is nothing to try again.
    async fn due(&self) {
        match self.at {
            Some(at) => sleep_until(at).await,
            None => pending().await,
        }
    }
}
