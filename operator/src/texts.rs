//! Reads the texts of the ConfigMaps that a Model's dataset names, and keeps their digests: a text may have a mebibyte.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
    time::Duration,
};

use auriga_crds::{ConfigMapKey, Digest, Model};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{Api, Client, ResourceExt as _};
use tokio::time::{Instant, sleep_until};

use crate::{
    caches::Caches,
    call::{READ, call, found},
    context::lock,
    error::Error,
    seen::Texts,
};

/// The least time between two reads, on average: an operator that begins has one to do for each Model, and the API server has
/// others to answer.
const APART: Duration = Duration::from_millis(30);

/// Reads ConfigMaps, and keeps what it read as long as they have not changed.
pub struct Reader {
    client: Client,
    kept: Mutex<HashMap<(String, String), Arc<Kept>>>,
    pace: Mutex<Pace>,
}

struct Kept {
    uid: Option<String>,
    version: Option<String>,
    texts: BTreeMap<String, Digest>,
}

impl Reader {
    /// One that reads by `client`.
    pub fn new(client: Client) -> Reader {
        Reader {
            client,
            kept: Mutex::default(),
            pace: Mutex::default(),
        }
    }

    /// The texts that the dataset of `model` names, and a sentence for each that is not there.
    pub async fn texts(&self, model: &Model, caches: &Caches) -> Result<Texts, Error> {
        let namespace = model.namespace().unwrap_or_default();
        let dataset = &model.spec.dataset;
        let parts = [("train", Some(&dataset.train)), ("test", dataset.test.as_ref())];
        let named = parts.into_iter().filter_map(|(part, source)| {
            let key = source?.csv.as_ref()?.config_map.as_ref()?;
            Some((format!("spec.dataset.{part}.csv.configMap"), key))
        });
        let mut texts = Texts::default();
        for (field, key) in named {
            match self.kept(&namespace, &key.name, caches).await? {
                Some(kept) => take(&mut texts, &kept, &field, key),
                None => texts.missing.push(format!(
                    "ConfigMap {} does not exist; create it, or correct {field}.",
                    key.name
                )),
            }
        }
        Ok(texts)
    }

    /// Forgets a ConfigMap that is gone.
    pub(crate) fn forget(&self, namespace: &str, name: &str) {
        lock(&self.kept).remove(&(namespace.to_owned(), name.to_owned()));
    }

    async fn kept(&self, namespace: &str, name: &str, caches: &Caches) -> Result<Option<Arc<Kept>>, Error> {
        let place = (namespace.to_owned(), name.to_owned());
        if let Some(source) = caches.sources.get(namespace, name)
            && let Some(kept) = lock(&self.kept).get(&place)
            && kept.uid == source.metadata.uid
            && kept.version == source.metadata.resource_version
        {
            return Ok(Some(Arc::clone(kept)));
        }
        // One that the watch has not told yet may be there: it and the Model are often applied together.
        let turn = lock(&self.pace).book(Instant::now());
        sleep_until(turn).await;
        let api: Api<ConfigMap> = Api::namespaced(self.client.clone(), namespace);
        let what = format!("read ConfigMap {name}");
        let Some(source) = found(call(&what, READ, || api.get(name)).await)? else {
            lock(&self.kept).remove(&place);
            return Ok(None);
        };
        let kept = Arc::new(Kept {
            uid: source.metadata.uid,
            version: source.metadata.resource_version,
            texts: (source.data.unwrap_or_default().into_iter())
                .map(|(key, text)| (key, Digest::of(text.as_bytes())))
                .collect(),
        });
        lock(&self.kept).insert(place, Arc::clone(&kept));
        Ok(Some(kept))
    }
}

fn take(texts: &mut Texts, kept: &Kept, field: &str, key: &ConfigMapKey) {
    match kept.texts.get(&key.key) {
        Some(text) => {
            texts.found.insert(key.clone(), *text);
        }
        None => texts.missing.push(format!(
            "ConfigMap {} has no key {}; add it to its data, or correct {field}.",
            key.name, key.key
        )),
    }
}

/// Whose turn comes when: a few that come together wait for nobody, many go one after the other.
#[derive(Default)]
struct Pace {
    next: Option<Instant>,
}

impl Pace {
    /// How many may go at once after a pause.
    const AT_ONCE: u32 = 5;

    /// When it is the turn of whoever asks `now`.
    fn book(&mut self, now: Instant) -> Instant {
        let rested = now.checked_sub(APART * (Pace::AT_ONCE - 1)).unwrap_or(now);
        let turn = self.next.map_or(rested, |next| next.max(rested));
        self.next = Some(turn + APART);
        turn.max(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_read_at_once_and_a_thousand_one_after_the_other() {
        let now = Instant::now() + Duration::from_secs(60);
        let mut pace = Pace::default();
        let waits: Vec<Duration> = (0..1000).map(|_| pace.book(now) - now).collect();
        assert_eq!(waits[..5], [Duration::ZERO; 5]);
        assert_eq!((waits[5], waits[6]), (APART, APART * 2));
        assert_eq!(waits[999], APART * 995);
        let later = now + Duration::from_secs(60);
        assert_eq!([pace.book(later), pace.book(later)], [later, later]);
    }
}
