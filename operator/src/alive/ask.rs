//! One request to one pod, or to a Service.

use std::time::Duration;

use auriga_crds::contract::{ALIVE_MAX_BYTES, pod::PORT};
use http_body_util::{BodyExt as _, Empty, LengthLimitError, Limited};
use hyper::{
    Request,
    body::{Body, Bytes},
    header,
};
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::{Pod, Service};
use kube::{Client, ResourceExt as _};
use tokio::net::TcpStream;

use super::Via;

/// How long there is for a whole answer.
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

/// Where a pod or a Service answers.
pub(super) struct Place {
    /// Address and port, as a URL has them.
    host: String,
    /// The path at the API server that leads there.
    proxied: String,
}

impl Place {
    /// A pod that listens on `port`.
    pub(super) fn of_pod(pod: &Pod, address: &str, port: u16) -> Place {
        let (namespace, name) = (pod.namespace().unwrap_or_default(), pod.name_any());
        Place {
            host: host(address, i32::from(port)),
            proxied: format!("/api/v1/namespaces/{namespace}/pods/{name}:{PORT}/proxy"),
        }
    }

    /// A Service, by its first port; nothing if it has no address of its own.
    pub(super) fn of_service(service: &Service) -> Option<Place> {
        let spec = service.spec.as_ref()?;
        let address = (spec.cluster_ip.as_deref()).filter(|address| !matches!(*address, "" | "None"))?;
        let port = spec.ports.iter().flatten().next()?.port;
        let (namespace, name) = (service.namespace().unwrap_or_default(), service.name_any());
        Some(Place {
            host: host(address, port),
            proxied: format!("/api/v1/namespaces/{namespace}/services/{name}:{port}/proxy"),
        })
    }
}

fn host(address: &str, port: i32) -> String {
    if address.contains(':') {
        format!("[{address}]:{port}")
    } else {
        format!("{address}:{port}")
    }
}

/// The status and body of an answer; else what happened instead, as the end of a sentence that names who was asked.
pub(super) async fn ask(
    client: &Client,
    via: Via,
    place: &Place,
    page: &Page,
) -> Result<(u16, Bytes), String> {
    let asked = async {
        match via {
            Via::PodIp => ask_address(&place.host, page).await,
            Via::ApiProxy => ask_through_proxy(client, &place.proxied, page).await,
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

async fn ask_address(host: &str, page: &Page) -> Result<(u16, Bytes), String> {
    let stream = (TcpStream::connect(host).await)
        .map_err(|error| format!("cannot be reached at {host}: {}", plain(&error)))?;
    let broken = |error: hyper::Error| format!("did not answer as a server does: {error}");
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let request = Request::get(page.path)
        .header(header::HOST, host)
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

async fn ask_through_proxy(client: &Client, proxied: &str, page: &Page) -> Result<(u16, Bytes), String> {
    let request = Request::get(format!("{proxied}{}", page.path))
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
        std::io::ErrorKind::ConnectionRefused => "the connection was refused".to_owned(),
        kind => kind.to_string(),
    }
}
