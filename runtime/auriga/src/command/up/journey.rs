//! From a manifest to its version answering: find or fit it, prove it, activate it, let it answer.

use std::sync::Arc;

use auriga_crds::VersionNumber;
use auriga_persist::Persister;
use auriga_serve::{Limits, Loaded, Service};
use serde_json::json;
use tokio::sync::Mutex;

use crate::{
    activation,
    console::Console,
    curl,
    failure::Failure,
    fit::{Outcome, Report, Wishes, fit, version_json},
    follow::{Candidate, Follower},
    front::{Front, Socket},
    manifest::Manifest,
    translate,
};

/// What stays the same while the manifest changes.
pub(super) struct Journey {
    pub(super) store: Arc<dyn Persister>,
    pub(super) console: Console,
    /// The fit hash of the manifest whose version was activated last.
    reached: Mutex<Option<String>>,
}

/// What the manifest asks for, and what runs already.
pub(super) struct Running {
    pub(super) manifest: Manifest,
    /// Answers by the manifest before, until the version that the present one asks for is there.
    pub(super) front: Front,
    pub(super) follower: Follower,
}

impl Journey {
    pub(super) fn new(store: Arc<dyn Persister>, console: Console) -> Journey {
        Journey {
            store,
            console,
            reached: Mutex::default(),
        }
    }

    /// Opens the door; what was active before answers at once.
    pub(super) async fn start(&self, socket: Socket, manifest: Manifest) -> Result<Running, Failure> {
        let service = Service::new(translate::settings(&manifest.checked), self.store.clone())?;
        let front = socket.serve(Arc::new(service), Limits::default())?;
        let follower = Follower::new(
            self.store.clone(),
            manifest.checked.key.clone(),
            self.console.clone(),
        );
        if let Err(failure) = follower.look(&front.service, None).await {
            self.console.warn(&failure);
        }
        Ok(Running {
            manifest,
            front,
            follower,
        })
    }

    /// Activates the version that the manifest asks for, which is then to answer. Dropping the future stops whatever it
    /// does; what answered before answers on.
    ///
    /// A manifest that would be fitted as the one before activates nothing: since then, somebody may have gone back to
    /// another version, and an edit of `serving` is no reason to undo that.
    pub(super) async fn reach(&self, running: &Running) -> Result<Candidate, Failure> {
        let manifest = &running.manifest;
        let settings = translate::settings(&manifest.checked);
        let mut reached = self.reached.lock().await;
        if reached.as_ref() == Some(&manifest.fit_hash)
            && let Some(loaded) = self.active(manifest).await?
        {
            settings.check(&loaded)?;
            return Ok(Candidate { loaded, settings });
        }
        let (loaded, reason) = self.wanted(manifest).await?;
        // What could not answer must not become active.
        settings.check(&loaded)?;
        // Where this future is dropped half-way, nobody knows which version is active.
        *reached = None;
        activation::activate(&*self.store, &manifest.checked.key, &loaded, reason).await?;
        *reached = Some(manifest.fit_hash.clone());
        Ok(Candidate { loaded, settings })
    }

    /// The active version, unless it is damaged.
    async fn active(&self, manifest: &Manifest) -> Result<Option<Loaded>, Failure> {
        match activation::load_given(&*self.store, &manifest.checked.key, None).await {
            Ok(loaded) => Ok(Some(loaded)),
            Err(failure) if activation::is_damage(&failure) => Ok(None),
            Err(failure) => Err(failure.into()),
        }
    }

    /// Lets what was reached answer, in the place of the version and the settings before.
    pub(super) async fn answer(&self, running: &Running, reached: Candidate) -> Result<(), Failure> {
        let (address, number) = (running.front.address, reached.loaded.manifest().number);
        let line = reached
            .settings
            .entry_points
            .first()
            .map(|entry_point| curl::line(address, entry_point, &reached.loaded));
        running
            .follower
            .look(&running.front.service, Some(reached))
            .await?;
        self.console.tell(
            "ready",
            format_args!(
                "http://{address} answers; try\n\n  {}\n",
                line.as_deref().unwrap_or_default()
            ),
            json!({ "address": address.to_string(), "version": number, "try": line }),
        );
        Ok(())
    }

    /// The version that the manifest asks for, loaded and so proven: one that was fitted before, or a new one.
    async fn wanted(&self, manifest: &Manifest) -> Result<(Loaded, &'static str), Failure> {
        let key = &manifest.checked.key;
        if let Some(number) = self.fitted_before(manifest).await? {
            match activation::load(&*self.store, key, number).await {
                Ok(loaded) => return Ok((loaded, "manifest")),
                // The fit finds the damage too, tells it, and makes a version past it.
                Err(failure) if activation::is_damage(&failure) => {}
                Err(failure) => return Err(failure.into()),
            }
        }
        Ok((self.fit(manifest).await?, "fit"))
    }

    /// The active version if it was fitted to this spec, else the newest that was.
    async fn fitted_before(&self, manifest: &Manifest) -> Result<Option<VersionNumber>, Failure> {
        let key = &manifest.checked.key;
        let active = self.store.properties(key).await?.active_version;
        let listing = self.store.list(key).await?;
        for damaged in listing.damaged {
            self.console.warn(&Failure::trouble(damaged.message));
        }
        let Some(found) = activation::fitted_before(&listing.versions, active, &manifest.fit_hash) else {
            return Ok(None);
        };
        if Some(found.number) != active {
            self.console.tell(
                "found",
                format_args!("version {} was fitted to this manifest before", found.number),
                version_json(found),
            );
        }
        Ok(Some(found.number))
    }

    async fn fit(&self, manifest: &Manifest) -> Result<Loaded, Failure> {
        let version = match fit(manifest, &*self.store, &Wishes::default(), &self.console).await? {
            Outcome::New(version) => version,
            Outcome::Existing(loaded) => return Ok(*loaded),
            Outcome::NotBetter { message, .. } => return Err(Failure::mistake(message)),
        };
        self.console.tell(
            "fitted",
            format_args!(
                "version {}: {}",
                version.number,
                Report::of(&version.facts).line()
            ),
            version_json(&version),
        );
        Ok(activation::load(&*self.store, &manifest.checked.key, version.number).await?)
    }
}
