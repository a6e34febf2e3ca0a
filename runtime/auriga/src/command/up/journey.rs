//! From a manifest to its version answering: find or fit it, prove it, activate it, let it answer.

use std::sync::Arc;

use auriga_crds::VersionNumber;
use auriga_persist::Persister;
use auriga_serve::{Loaded, Service, Settings};
use serde_json::json;

use crate::{
    activation,
    console::Console,
    curl,
    failure::Failure,
    fit::{Outcome, Report, Wishes, fit, version_json},
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

/// What the manifest asks for, and what runs already.
pub(super) struct Running {
    pub(super) manifest: Manifest,
    /// Of the manifest before, until the version that the present one asks for is there.
    pub(super) front: Front,
    pub(super) follower: Follower,
    settings: Settings,
}

/// A version that was activated and is still to answer.
pub(super) struct Reached {
    loaded: Loaded,
    /// What it shall answer through: the service that runs, or one for other settings.
    service: Arc<Service>,
    settings: Settings,
}

impl Journey {
    /// Opens the door; what was active before answers at once.
    pub(super) async fn start(&self, manifest: Manifest) -> Result<Running, Failure> {
        let settings = translate::settings(&manifest.checked);
        let front = self
            .socket
            .serve(Arc::new(Service::new(settings.clone(), self.store.clone())?))?;
        let follower = Follower::new(self.store.clone(), manifest.checked.key.clone(), self.console);
        if let Err(failure) = follower.look(&front.service, None).await {
            self.console.warn(&failure);
        }
        Ok(Running {
            manifest,
            front,
            follower,
            settings,
        })
    }

    /// Activates the version that the manifest asks for. Dropping the future stops whatever it does; what answered
    /// before answers on.
    pub(super) async fn reach(&self, running: &Running) -> Result<Reached, Failure> {
        let (loaded, reason) = self.wanted(&running.manifest).await?;
        let settings = translate::settings(&running.manifest.checked);
        let service = if settings == running.settings {
            running.front.service.clone()
        } else {
            Arc::new(Service::new(settings.clone(), self.store.clone())?)
        };
        // What could not answer must not become active.
        service.check(&loaded)?;
        activation::activate(&*self.store, &running.manifest.checked.key, &loaded, reason).await?;
        Ok(Reached {
            loaded,
            service,
            settings,
        })
    }

    /// Lets what was reached answer. Other settings get a server of their own on the same socket, which has its version
    /// before it takes its first request; the old one finishes those it has.
    pub(super) async fn answer(&self, running: &mut Running, reached: Reached) -> Result<(), Failure> {
        let Reached {
            loaded,
            service,
            settings,
        } = reached;
        let (address, number) = (self.socket.address(), loaded.manifest().number);
        let line = settings
            .entry_points
            .first()
            .map(|entry_point| curl::line(address, entry_point, &loaded));
        running.follower.look(&service, Some(loaded)).await?;
        if !Arc::ptr_eq(&service, &running.front.service) {
            let before = std::mem::replace(&mut running.front, self.socket.serve(service)?);
            running.settings = settings;
            tokio::spawn(before.stop());
        }
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
        let mut same = listing
            .versions
            .iter()
            .filter(|version| version.facts.spec_hash == manifest.fit_hash);
        let is_active = same.clone().find(|version| Some(version.number) == active);
        let Some(found) = is_active.or_else(|| same.next_back()) else {
            return Ok(None);
        };
        if is_active.is_none() {
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
