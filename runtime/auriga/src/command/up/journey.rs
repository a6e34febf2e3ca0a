//! From a manifest to its version answering: find or fit it, prove it, activate it, let it answer.

use std::sync::Arc;

use auriga_crds::VersionNumber;
use auriga_persist::Persister;
use auriga_serve::Loaded;
use serde_json::json;

use crate::{
    activation,
    console::Console,
    curl,
    failure::Failure,
    fit::{Outcome, Wishes, fit, shown, version_json},
    follow::Follower,
    front::{Front, Socket},
    manifest::Manifest,
    translate,
};

/// What stays the same while the manifest changes.
pub(super) struct Journey {
    pub(super) store: Arc<dyn Persister>,
    pub(super) socket: Socket,
    pub(super) console: Console,
}

/// What runs for one state of the manifest.
pub(super) struct Running {
    pub(super) manifest: Manifest,
    pub(super) front: Front,
    pub(super) follower: Follower,
}

impl Journey {
    /// Opens the door; what was active before answers at once.
    pub(super) async fn start(&self, manifest: Manifest) -> Result<Running, Failure> {
        let front = self.socket.serve(translate::settings(&manifest.checked), self.store.clone())?;
        let follower = Follower::new(self.store.clone(), manifest.checked.key.clone(), self.console);
        if let Err(failure) = follower.look(&front.service, None).await {
            self.console.warn(&failure);
        }
        Ok(Running { manifest, front, follower })
    }

    /// Takes up a changed manifest. A change of how versions are served gets a new server on the same socket; the old
    /// one finishes its requests.
    pub(super) async fn change(&self, running: Running, manifest: Manifest) -> Result<Running, Failure> {
        if translate::settings(&manifest.checked) == translate::settings(&running.manifest.checked) {
            return Ok(Running { manifest, ..running });
        }
        let next = self.start(manifest).await?;
        tokio::spawn(running.front.stop());
        Ok(next)
    }

    /// Brings the version that the manifest asks for into service. Dropping the future stops whatever it does; what was
    /// active before stays so.
    pub(super) async fn reach(&self, running: &Running) -> Result<(), Failure> {
        let (loaded, reason) = self.wanted(&running.manifest).await?;
        let number = loaded.manifest().number;
        let service = &running.front.service;
        // What could not answer must not become active.
        service.check(&loaded)?;
        let address = self.socket.address();
        let settings = translate::settings(&running.manifest.checked);
        let line = settings.entry_points.first().map(|entry_point| curl::line(address, entry_point, &loaded));
        activation::activate(&*self.store, &running.manifest.checked.key, &loaded, reason).await?;
        running.follower.look(service, Some(loaded)).await?;
        self.console.tell(
            "ready",
            format_args!("http://{address} answers; try\n\n  {}\n", line.as_deref().unwrap_or_default()),
            json!({ "address": address.to_string(), "version": number, "try": line }),
        );
        Ok(())
    }

    /// The version that the manifest asks for, loaded and so proven: one that was fitted before, or a new one.
    async fn wanted(&self, manifest: &Manifest) -> Result<(Loaded, &'static str), Failure> {
        let key = &manifest.checked.key;
        let past = match self.fitted_before(manifest).await? {
            None => None,
            Some(number) => match activation::load(&*self.store, key, number).await {
                Ok(loaded) => return Ok((loaded, "manifest")),
                Err(failure) => {
                    let failure = Failure::from(failure);
                    // Rows can be fitted again; a store that is down cannot be written either.
                    self.console.warn(&Failure::trouble(format!("{failure}; fitting again")));
                    Some(number)
                }
            },
        };
        let number = self.fit(manifest, past).await?;
        Ok((activation::load(&*self.store, key, number).await?, "fit"))
    }

    /// The active version if it was fitted to this spec, else the newest that was.
    async fn fitted_before(&self, manifest: &Manifest) -> Result<Option<VersionNumber>, Failure> {
        let key = &manifest.checked.key;
        let active = self.store.properties(key).await?.active_version;
        let versions = self.store.list(key).await?;
        let mut same = versions.iter().filter(|version| version.facts.spec_hash == manifest.fit_hash);
        let is_active = same.clone().find(|version| Some(version.number) == active);
        let Some(found) = is_active.or_else(|| same.next_back()) else { return Ok(None) };
        if is_active.is_none() {
            self.console.tell(
                "found",
                format_args!("version {} was fitted to this manifest before", found.number),
                version_json(found),
            );
        }
        Ok(Some(found.number))
    }

    async fn fit(&self, manifest: &Manifest, past: Option<VersionNumber>) -> Result<VersionNumber, Failure> {
        let wishes = Wishes { past, ..Wishes::default() };
        let version = match fit(manifest, &*self.store, &wishes, &self.console).await? {
            Outcome::New(version) => version,
            Outcome::Existing(version) => return Ok(version.number),
            Outcome::NotBetter { message, .. } => return Err(Failure::mistake(message)),
            Outcome::NotSaved { .. } => return Err(Failure::trouble("the fitted model was not kept")),
        };
        self.console.tell(
            "fitted",
            format_args!("version {}: {}", version.number, shown(&version.facts.scores)),
            version_json(&version),
        );
        Ok(version.number)
    }
}
