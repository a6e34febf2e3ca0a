//! What a Model asks for, out of its spec and annotations.

use auriga_crds::{ActivationPolicy, Checked, Model, VersionNumber, fit_hash, serve_hash};
use kube::ResourceExt as _;

use crate::{build::deployment::Slot, labels, names, runnable, seen::Texts};

/// Hex digits of the serve hash in names; two sets of settings of one version are what it has to tell apart.
const SHORT: usize = 8;

/// What a Model asks for.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The Model in its checked form.
    pub checked: Checked,
    /// The hash of what decides the fit; `None` while a text that it is made of is missing.
    pub fit_hash: Option<String>,
    /// The first digits of the hash of what pods that serve are made of.
    pub serve_hash: String,
    /// A hash of the store that versions are kept in: the same number in another store is another version.
    pub store: String,
    /// Asks for one more fit whenever it changes.
    pub refit_at: Option<String>,
    /// Who decides which version gets the traffic.
    pub policy: ActivationPolicy,
    /// The version for `Manual` and `Pinned`.
    pub version: Option<VersionNumber>,
    /// How many pods answer.
    pub replicas: i32,
}

impl Wish {
    /// Reads the wish of `model`.
    ///
    /// Errors: what is wrong with the spec, in sentences.
    pub fn read(model: &Model, texts: &Texts) -> Result<Wish, String> {
        runnable::check(model).map(|checked| Wish::of(model, checked, texts))
    }

    fn of(model: &Model, checked: Checked, texts: &Texts) -> Wish {
        let mut serve_hash = serve_hash(&checked);
        serve_hash.truncate(SHORT);
        Wish {
            fit_hash: texts.missing.is_empty().then(|| fit_hash(&checked, &texts.found)),
            checked,
            serve_hash,
            store: store(model),
            refit_at: model.annotations().get(labels::REFIT_AT).cloned(),
            policy: model.spec.activation.policy,
            // The schema lets no number below 1 pass.
            version: (model.spec.activation.version)
                .and_then(|number| VersionNumber::new(u64::try_from(number).ok()?)),
            replicas: i32::try_from(model.spec.replicas).unwrap_or(i32::MAX),
        }
    }

    /// Where `version` is served as the spec says today.
    pub fn slot(&self, version: VersionNumber) -> Slot {
        Slot {
            version,
            serve_hash: self.serve_hash.clone(),
        }
    }
}

/// A hash of the store of `model`. Credentials say who reads it, not which one it is.
pub fn store(model: &Model) -> String {
    let persister = model.spec.persister.as_ref();
    let uri = persister.map_or("", |persister| &persister.uri);
    let claim = persister.and_then(|persister| persister.persistent_volume_claim.as_ref());
    names::short_hash(&[uri, claim.map_or("", |claim| &claim.claim_name)])
}
