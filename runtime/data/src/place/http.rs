//! Bytes from a web server: every hop is checked, resolved once, and connected to at exactly those addresses.

mod body;
mod client;
#[cfg(test)]
mod tests;

use reqwest::{Response, StatusCode, Url, header};

pub(crate) use self::body::split;
use self::client::Reach;
use super::{address, without_secrets};
use crate::{DataError, Limits, message::clean};

/// As many as a mirror behind a load balancer behind a login-free download page needs, and no loop.
const MAX_REDIRECTS: usize = 5;

/// Asks for `url`, follows redirects, and answers with the response whose body is the data.
///
/// Errors: `Url`, `Refused`, `Unreachable`, `Timeout`, `Redirect`, `Status`, `Encoded`.
pub(crate) async fn open(url: &Url, place: &str, limits: &Limits) -> Result<Response, DataError> {
    let mut url = url.clone();
    address::check(&url).map_err(|rule| DataError::Url {
        url: without_secrets(url.as_str()),
        fault: rule.to_owned(),
    })?;
    let mut reach = Reach::Anywhere;
    for _ in 0..=MAX_REDIRECTS {
        let response;
        (response, reach) = client::get(&url, reach, place, limits).await?;
        match response.status() {
            StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT => url = target(&url, &response, place)?,
            status if status.is_success() => return accept(response, place),
            status => {
                return Err(DataError::Status {
                    place: place.to_owned(),
                    status,
                });
            }
        }
    }
    Err(DataError::Redirect {
        place: place.to_owned(),
        fault: format!("more than {MAX_REDIRECTS} times; give the address it ends at"),
    })
}

fn target(from: &Url, response: &Response, place: &str) -> Result<Url, DataError> {
    let fault = |fault: String| DataError::Redirect {
        place: place.to_owned(),
        fault,
    };
    let location = response
        .headers()
        .get(header::LOCATION)
        .and_then(|value| value.to_str().ok())
        .ok_or_else(|| fault("without saying where to; check the address".to_owned()))?;
    let refuse = |why: &str| fault(format!("to {}: {why}", without_secrets(location)));
    let to = from
        .join(location)
        .map_err(|_| refuse("that is not an address; check the server"))?;
    address::check(&to).map_err(refuse)?;
    if from.scheme() == "https" && to.scheme() == "http" {
        return Err(refuse(
            "that gives up encryption; give that address if it is meant",
        ));
    }
    Ok(to)
}

fn accept(response: Response, place: &str) -> Result<Response, DataError> {
    match response.headers().get(header::CONTENT_ENCODING) {
        Some(encoding) if encoding != "identity" => Err(DataError::Encoded {
            place: place.to_owned(),
            encoding: clean(&String::from_utf8_lossy(encoding.as_bytes())),
        }),
        _ => Ok(response),
    }
}
