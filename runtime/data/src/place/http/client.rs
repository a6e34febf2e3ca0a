//! One request to one host whose addresses were checked.

use std::{
    error::Error as _,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use reqwest::{Client, Response, Url, redirect};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use tokio::time::timeout;

use crate::{DataError, Limits, message::clean, place::address::is_internal};

/// Where the next request may go, beside what the policy says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// To every host: the user named it, or a host inside did.
    Anywhere,
    /// To public hosts alone: a public one sent us, and must not choose which hosts inside are asked.
    PublicAlone,
}

/// Asks `url` once; redirects come back as they are, with where they may lead. Proxies of the environment are not used:
/// behind one, nobody here could tell which address is asked.
pub(super) async fn get(
    url: &Url,
    reach: Reach,
    place: &str,
    limits: &Limits,
) -> Result<(Response, Reach), DataError> {
    let addresses = resolve(url, reach, place, limits).await?;
    let redirects_reach = match addresses.iter().any(|address| is_internal(address.ip())) {
        true => Reach::Anywhere,
        false => Reach::PublicAlone,
    };
    let client = client(url, &addresses, place, limits)?;
    let answer = client
        .get(url.clone())
        .header("accept", "text/csv, */*;q=0.5")
        .send();
    match timeout(limits.first_byte, answer).await {
        Ok(Ok(response)) => Ok((response, redirects_reach)),
        Ok(Err(error)) if error.is_timeout() => Err(DataError::Timeout {
            place: place.to_owned(),
            phase: "connecting",
            after: limits.connect,
        }),
        Ok(Err(error)) => Err(unreachable(place, innermost(&error))),
        Err(_) => Err(DataError::Timeout {
            place: place.to_owned(),
            phase: "waiting for the first byte",
            after: limits.first_byte,
        }),
    }
}

/// What is at the bottom of a chain of errors, such as `connection refused`, without the address.
pub(super) fn innermost(error: &reqwest::Error) -> String {
    let mut text = None;
    let mut cause = error.source();
    while let Some(error) = cause {
        text = Some(error.to_string());
        cause = error.source();
    }
    clean(&text.unwrap_or_else(|| "the request failed".to_owned()))
}

fn unreachable(place: &str, fault: String) -> DataError {
    DataError::Unreachable {
        place: place.to_owned(),
        fault,
    }
}

/// The host's addresses, each of them allowed. One forbidden address refuses the host: a name that stands for both is
/// an attempt to have the second one tried.
async fn resolve(
    url: &Url,
    reach: Reach,
    place: &str,
    limits: &Limits,
) -> Result<Vec<SocketAddr>, DataError> {
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let addresses: Vec<SocketAddr> = match bare.parse::<IpAddr>() {
        Ok(address) => vec![SocketAddr::new(address, port)],
        Err(_) => match timeout(limits.connect, tokio::net::lookup_host((host, port))).await {
            Ok(Ok(addresses)) => addresses.collect(),
            Ok(Err(error)) => {
                return Err(unreachable(
                    place,
                    format!("host \"{}\": {}", clean(host), clean(&error.to_string())),
                ));
            }
            Err(_) => {
                return Err(DataError::Timeout {
                    place: place.to_owned(),
                    phase: "resolving the host's name",
                    after: limits.connect,
                });
            }
        },
    };
    for address in &addresses {
        let sent_inside = (reach == Reach::PublicAlone && is_internal(address.ip()))
            .then_some("inside this network, where a redirect from a public host must not lead");
        if let Some(why) = limits.addresses.refuses(address.ip()).or(sent_inside) {
            return Err(DataError::Refused {
                place: place.to_owned(),
                host: clean(host),
                address: address.ip(),
                why,
            });
        }
    }
    Ok(addresses)
}

fn client(url: &Url, addresses: &[SocketAddr], place: &str, limits: &Limits) -> Result<Client, DataError> {
    let failed = |fault: String| unreachable(place, fault);
    Client::builder()
        .tls_backend_preconfigured(tls(url).map_err(failed)?)
        .resolve_to_addrs(url.host_str().unwrap_or_default(), addresses)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .connect_timeout(limits.connect)
        .user_agent(concat!("auriga/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| failed(innermost(&error)))
}

/// TLS by ring, named here so that no provider of the process is needed, trusting the system's certificates
/// (`SSL_CERT_FILE` and `SSL_CERT_DIR` point elsewhere). Plain http trusts none and needs none.
fn tls(url: &Url) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    if url.scheme() == "https" {
        let (n_trusted, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if n_trusted == 0 {
            return Err(
                "this system has no root certificates for https: install ca-certificates or set SSL_CERT_FILE"
                    .to_owned(),
            );
        }
    }
    Ok(
        ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth(),
    )
}
