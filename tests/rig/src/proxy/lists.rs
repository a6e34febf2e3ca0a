//! Lists as they were: an API server that has fallen behind gives them to an operator that starts anew.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context as _, Result};
use http_body_util::BodyExt as _;
use hyper::{HeaderMap, body::Bytes};
use kube::{Client, client::Body};
use serde_json::Value;

/// What was listed, and how it was asked for.
#[derive(Clone, Default)]
pub(super) struct Lists {
    known: Arc<Mutex<HashMap<String, Known>>>,
}

struct Known {
    headers: HeaderMap,
    /// As it was when it was to be kept.
    kept: Option<Bytes>,
    /// Whether what was kept is given once more.
    is_due: bool,
}

impl Lists {
    /// A list was asked for; answers an old one, if that is due.
    pub(super) fn asked(&self, uri: &str, headers: &HeaderMap) -> Option<Bytes> {
        // Of a page that follows upon another one nothing is kept.
        let known = &mut *self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let of = known.entry(key(uri, headers)).or_insert_with(|| Known {
            headers: headers.clone(),
            kept: None,
            is_due: false,
        });
        let is_due = std::mem::take(&mut of.is_due);
        of.kept.clone().filter(|_| is_due)
    }

    /// Keeps all lists that were ever asked for, as they are now.
    ///
    /// Errors: the API server does not answer.
    pub(super) async fn keep(&self, client: &Client) -> Result<()> {
        let asked: Vec<(String, HeaderMap)> = {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known
                .iter()
                .map(|(key, known)| (key.clone(), known.headers.clone()))
                .collect()
        };
        for (key, headers) in asked {
            let uri = key.split(' ').next().unwrap_or_default();
            let mut request = hyper::Request::get(uri);
            if let Some(of) = request.headers_mut() {
                *of = headers;
            }
            let answer = client.send(request.body(Body::empty())?).await;
            let body = answer.context("cannot list")?.into_body().collect().await;
            let body = body.context("cannot list")?.to_bytes();
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = known.get_mut(&key) {
                known.kept = Some(body);
            }
        }
        Ok(())
    }

    /// Each object of the lists that were kept, with its kind; those that were asked for without their contents are left out.
    pub(super) fn objects(&self) -> Vec<Value> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = known.values().filter_map(|known| known.kept.as_ref());
        let lists = kept.filter_map(|text| serde_json::from_slice::<Value>(text).ok());
        let mut objects = Vec::new();
        for list in lists {
            let kind = list["kind"].as_str().and_then(|kind| kind.strip_suffix("List"));
            let Some(kind) = kind.filter(|kind| *kind != "PartialObjectMetadata") else {
                continue;
            };
            for item in list["items"].as_array().into_iter().flatten() {
                let mut object = item.clone();
                object["kind"] = kind.into();
                object["apiVersion"] = list["apiVersion"].clone();
                objects.push(object);
            }
        }
        objects
    }

    /// Whether everything that was kept has been given.
    pub(super) fn are_given(&self) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = known.values().filter(|known| known.kept.is_some());
        kept.clone().count() > 0 && !kept.into_iter().any(|known| known.is_due)
    }

    /// What was kept is given to whoever lists next, once.
    pub(super) fn replay(&self) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for known in known.values_mut() {
            known.is_due = known.kept.is_some();
        }
    }
}

/// ConfigMaps are listed twice, once for who they are alone.
fn key(uri: &str, headers: &HeaderMap) -> String {
    let accepted = headers.get("accept").and_then(|value| value.to_str().ok());
    format!("{uri} {}", accepted.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_list_is_given_once_and_only_when_it_is_due() {
        let lists = Lists::default();
        assert!(!lists.are_given(), "there is nothing to be given");
        let headers = HeaderMap::new();
        assert_eq!(lists.asked("/api/v1/pods", &headers), None);
        for known in lists.known.lock().unwrap().values_mut() {
            known.kept = Some(Bytes::from_static(b"old"));
        }
        assert_eq!(lists.asked("/api/v1/pods", &headers), None);
        lists.replay();
        assert!(!lists.are_given());
        assert_eq!(lists.asked("/api/v1/services", &headers), None);
        assert_eq!(
            lists.asked("/api/v1/pods", &headers),
            Some(Bytes::from_static(b"old"))
        );
        assert!(lists.are_given());
        assert_eq!(lists.asked("/api/v1/pods", &headers), None);
    }
}
