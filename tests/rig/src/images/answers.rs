//! What a registry answers (OCI distribution): the manifests and blobs of a layout, to whoever asks.

use std::{
    convert::Infallible,
    fs,
    future::pending,
    path::{Path, PathBuf},
    sync::Arc,
};

use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{self, HeaderValue},
};
use tokio::net::TcpListener;

use super::{INDEX, NAME, SILENT, TAG, read};
use crate::serve::serve;

/// Answers until the future is dropped.
pub(super) async fn answer(listener: TcpListener, layout: PathBuf) {
    let layout = Arc::new(layout);
    serve(listener, |_| {
        let layout = Arc::clone(&layout);
        Some(move |request: Request<Incoming>| {
            let layout = Arc::clone(&layout);
            async move {
                let path = request.uri().path();
                if path.ends_with(&format!("/{SILENT}")) {
                    return pending().await;
                }
                Ok::<_, Infallible>(answered(&layout, request.method(), path))
            }
        })
    })
    .await;
}

fn answered(layout: &Path, method: &Method, path: &str) -> Response<Full<Bytes>> {
    let found = path.strip_prefix(&format!("/v2/{NAME}/"));
    let found = found.and_then(|what| blob(layout, what));
    let Some((digest, kind, bytes)) = found else {
        let mut answer = Response::new(Full::default());
        // The first question is whether this is a registry at all.
        if path != "/v2/" {
            *answer.status_mut() = StatusCode::NOT_FOUND;
        }
        return answer;
    };
    let length = bytes.len();
    let body = if method == Method::HEAD { Vec::new() } else { bytes };
    let mut answer = Response::new(Full::from(body));
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    for (name, value) in [("content-type", &kind), ("docker-content-digest", &digest)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    answer
}

/// The digest, media type and bytes of `manifests/<tag or digest>` or `blobs/<digest>`.
fn blob(layout: &Path, what: &str) -> Option<(String, String, Vec<u8>)> {
    let (kind, name) = what.split_once('/')?;
    let index = read(&layout.join(INDEX)).ok()?;
    let is_it = |one: &&serde_json::Value| one["annotations"][TAG] == name || one["digest"] == name;
    let manifest = index["manifests"].as_array()?.iter().find(is_it);
    let (digest, media_type) = match (kind, manifest) {
        ("manifests", Some(manifest)) => (manifest["digest"].as_str()?, manifest["mediaType"].as_str()?),
        ("blobs", _) => (name, "application/octet-stream"),
        _ => return None,
    };
    let hash = digest.strip_prefix("sha256:")?;
    let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    let bytes = is_hash
        .then(|| fs::read(layout.join("blobs/sha256").join(hash)))?
        .ok()?;
    Some((digest.to_owned(), media_type.to_owned(), bytes))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::images::write;

    #[test]
    fn a_manifest_is_found_by_its_tag_and_its_digest_and_nothing_outside_of_the_layout() {
        let folder = tempfile::tempdir().unwrap();
        let digest = format!("sha256:{}", "a".repeat(64));
        let manifest = json!({ "digest": digest, "mediaType": "type", "annotations": { TAG: "late" } });
        write(&folder.path().join(INDEX), &json!({ "manifests": [manifest] })).unwrap();
        fs::create_dir_all(folder.path().join("blobs/sha256")).unwrap();
        fs::write(folder.path().join("blobs/sha256").join("a".repeat(64)), "text").unwrap();
        let found = Some((digest.clone(), "type".to_owned(), b"text".to_vec()));
        assert_eq!(blob(folder.path(), "manifests/late"), found);
        assert_eq!(blob(folder.path(), &format!("manifests/{digest}")), found);
        assert!(blob(folder.path(), &format!("blobs/{digest}")).is_some());
        for nothing in [
            "manifests/early",
            "blobs/sha256:../../index.json",
            "blobs/late",
            "late",
        ] {
            assert_eq!(blob(folder.path(), nothing), None, "{nothing}");
        }
        let asked = |path: &str| answered(folder.path(), &Method::HEAD, path).status();
        assert_eq!(asked("/v2/"), StatusCode::OK);
        assert_eq!(asked(&format!("/v2/{NAME}/manifests/late")), StatusCode::OK);
        assert_eq!(
            asked(&format!("/v2/{NAME}/manifests/early")),
            StatusCode::NOT_FOUND
        );
    }
}
