//! One request to one pod.

use std::time::Duration;

use auriga_crds::contract::{ALIVE_MAX_BYTES, pod::PORT};
use http_body_util::{BodyExt as _, Empty, LengthLimitError, Limited};
use hyper::{
    Request,
    body::{Body, Bytes},
    header,
};
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::Pod;
use kube::{Client, ResourceExt as _};
use tokio::net::TcpStream;

use super::Via;

/// How long a pod has for its whole answer.
pub(super) const DEADLINE: Duration = Duration::from_secs(2);

/// What is asked for.
pub(super) struct Page {
    path: &'static str,
    /// The longest answer that is read, in bytes.
    limit: usize,
}

/// A pod's own account.
pub(super) const ALIVE: Page = Page {
    path: "/alive",
    limit: ALIVE_MAX_BYTES,
};
/// The versions in its store: the newest hundred, with all their scores.
pub(super) const LIST: Page = Page {
    path: "/list",
    limit: 512 * 1024,
};

/// The status and body of a pod's answer; else what it did instead, as the end of a sentence that names it.
pub(super) async fn ask(
    client: &Client,
    via: Via,
    pod: &Pod,
    address: &str,
    port: u16,
    page: &Page,
) -> Result<(u16, Bytes), String> {
    let asked = async {
        match via {
            Via::PodIp => ask_address(address, port, page).await,
            Via::ApiProxy => ask_through_proxy(client, pod, page).await,
        }
    };
    match tokio::time::timeout(DEADLINE, asked).await {
        Ok(answer) => answer,
        Err(_) => Err(format!(
            "gave no answer at {} within {} s",
            page.path,
            DEADLINE.as_secs()
        )),
    }
}

async fn ask_address(address: &str, port: u16, page: &Page) -> Result<(u16, Bytes), String> {
    let host = if address.contains(':') {
        format!("[{address}]:{port}")
    } else {
        format!("{address}:{port}")
    };
    let stream = (TcpStream::connect(&host).await)
        .map_err(|error| format!("cannot be reached at {host}: {}", plain(&error)))?;
    let broken = |error: hyper::Error| format!("did not answer as a server does: {error}");
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let request = Request::get(page.path)
        .header(header::HOST, &host)
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|error| format!("has an address that is none: {error}"))?;
    let exchange = async {
        let response = sender.send_request(request).await.map_err(broken)?;
        let status = response.status().as_u16();
        Ok((status, read(response.into_body(), page).await?))
    };
    // The connection has to be driven while the answer is read, and ends with it.
    let mut connection = std::pin::pin!(connection);
    let mut exchange = std::pin::pin!(exchange);
    tokio::select! {
        answer = &mut exchange => answer,
        _ = &mut connection => exchange.await,
    }
}

async fn ask_through_proxy(client: &Client, pod: &Pod, page: &Page) -> Result<(u16, Bytes), String> {
    let path = format!(
        "/api/v1/namespaces/{}/pods/{}:{PORT}/proxy{}",
        pod.namespace().unwrap_or_default(),
        pod.name_any(),
        page.path,
    );
    let request = Request::get(path)
        .body(kube::client::Body::empty())
        .map_err(|error| format!("has a name that is none: {error}"))?;
    let response = (client.send(request).await).map_err(|error| {
        format!(
            "cannot be reached through the API server: {}",
            crate::error::plain(&error)
        )
    })?;
    Ok((
        response.status().as_u16(),
        read(response.into_body(), page).await?,
    ))
}

async fn read<B>(body: B, page: &Page) -> Result<Bytes, String>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let body = Limited::new(body, page.limit);
    match std::pin::pin!(body).collect().await {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(format!(
            "answered more than {} KiB at {}",
            page.limit / 1024,
            page.path
        )),
        Err(error) => Err(format!("broke off its answer at {}: {error}", page.path)),
    }
}

/// The error without the number that the system gives it.
fn plain(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::ConnectionRefused => "it listens on no such port".to_owned(),
        kind => kind.to_string(),
    }
}
