//! Answers at the addresses of all pods: one listener, which tells them apart by the address that it was asked at.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use anyhow::{Context as _, Result};
use auriga_crds::contract::pod::PORT;
use http_body_util::Full;
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header,
};
use serde_json::json;
use tokio::net::TcpListener;

use super::pods::Pods;
use crate::serve::serve;

/// Opens the port of all pods.
pub(super) async fn listen() -> Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT))
        .await
        .with_context(|| format!("cannot listen on port {PORT} for the pods of a stub; end what has it"))
}

/// Answers until the future is dropped.
pub(super) async fn answer(listener: TcpListener, pods: Arc<Pods>) {
    serve(listener, |stream| {
        let Ok(IpAddr::V4(address)) = stream.local_addr().map(|local| local.ip()) else {
            return None;
        };
        let pods = Arc::clone(&pods);
        Some(move |request: Request<Incoming>| {
            let answer = answered(&pods, address, request.uri().path());
            std::future::ready(Ok::<_, Infallible>(answer))
        })
    })
    .await;
}

fn answered(pods: &Pods, address: Ipv4Addr, path: &str) -> Response<Full<Bytes>> {
    let body = match path {
        "/alive" => pods.alive(address).map(|alive| json!(alive)),
        "/list" => pods.list(address),
        _ => None,
    };
    let mut answer = Response::new(Full::from(
        body.as_ref().map_or_else(String::new, |body| body.to_string()),
    ));
    if body.is_none() {
        *answer.status_mut() = StatusCode::NOT_FOUND;
    }
    let json = header::HeaderValue::from_static("application/json");
    answer.headers_mut().insert(header::CONTENT_TYPE, json);
    answer
}
