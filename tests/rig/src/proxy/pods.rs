//! What is said at a page of a pod in the pod's stead.

use std::sync::Arc;

use hyper::{StatusCode, body::Bytes, header};
use serde_json::Value;

use super::{Answer, replies::json_text, way::Lost};

/// What is said in a pod's stead.
#[derive(Clone)]
pub(crate) enum Said {
    /// Nothing, ever.
    Nothing,
    /// These bytes, with this status.
    Text(u16, Vec<u8>),
    /// That it has moved to this path of the API server.
    Moved(String),
    /// The first half of what the pod says.
    Half,
    /// What the pod says, changed, with this status.
    Changed(u16, fn(&mut Value)),
    /// What another pod says, whose name begins so: it has the address now.
    Another(String),
}

/// What a pod of this name says at this page; `None`: whatever it says itself.
pub(crate) type StandIn = Arc<dyn Fn(&str, &str) -> Option<Said> + Send + Sync>;

/// The answer in which that is said, at an API server with this URL; `ask`: what the pod says itself.
pub(super) async fn spoken(
    said: Said,
    api_server: &str,
    ask: impl AsyncFnOnce() -> Result<(StatusCode, Bytes), Lost>,
) -> Result<Answer, Lost> {
    let code = |code: u16| StatusCode::from_u16(code).map_err(|_| Lost);
    match said {
        Said::Nothing => std::future::pending().await,
        Said::Text(status, text) => Ok(json_text(code(status)?, text)),
        Said::Moved(path) => {
            let mut answer = json_text(StatusCode::MOVED_PERMANENTLY, "");
            let address = header::HeaderValue::from_str(&format!("{api_server}{path}"));
            let address = address.map_err(|_| Lost)?;
            answer.headers_mut().insert(header::LOCATION, address);
            Ok(answer)
        }
        Said::Half => {
            let (status, text) = ask().await?;
            Ok(json_text(status, text.slice(..text.len() / 2)))
        }
        Said::Changed(status, change) => {
            let (_, text) = ask().await?;
            let mut said = serde_json::from_slice(&text).unwrap_or_default();
            change(&mut said);
            Ok(json_text(code(status)?, said.to_string()))
        }
        // Whoever is asked by name through the API server has no address that could be another one's.
        Said::Another(_) => Err(Lost),
    }
}
