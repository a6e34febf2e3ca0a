//! Calls of the API server: each with a deadline, and tried again a few times where that helps.
//!
//! kube's own retries obey a server that asks for patience without limit, so that one call could hold up an object for
//! minutes; they are switched off.

use std::time::Duration;

use crate::{error::Error, watch::jittered};

/// How long an answer to a read may take.
pub(crate) const READ: Duration = Duration::from_secs(5);
/// How long an answer to a write may take: quotas and webhooks are asked on the way. As long as the Lease is sure to last
/// just before it is renewed (see `Fence`), so that a server that is slow is told from a Lease that ends.
pub(crate) const WRITE: Duration = Duration::from_secs(10);

/// The pauses before a call that the server was too busy for is tried again.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];
/// The longest time that a server's own wish is obeyed.
const PATIENCE: Duration = Duration::from_secs(3);

/// Does `call`, which is to `what` ("create Job iris-fit"), within `limit` a try. Every call here may be done twice: an
/// answer that got lost leaves the same object.
pub(crate) async fn call<T, F>(what: &str, limit: Duration, call: impl Fn() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, kube::Error>>,
{
    let mut pauses = PAUSES.into_iter();
    loop {
        let source = match tokio::time::timeout(limit, call()).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(source)) => source,
            Err(_) => {
                return Err(Error::Slow {
                    what: what.to_owned(),
                    limit,
                });
            }
        };
        match (wished(&source), pauses.next()) {
            (Some(wish), Some(pause)) => tokio::time::sleep(jittered(pause).max(wish)).await,
            _ => {
                return Err(Error::Api {
                    what: what.to_owned(),
                    source: Box::new(source),
                });
            }
        }
    }
}

/// How long to wait at least before the call is tried again; `None`: it would not help.
fn wished(error: &kube::Error) -> Option<Duration> {
    let kube::Error::Api(status) = error else {
        return None;
    };
    let asked = status
        .details
        .as_ref()
        .map_or(0, |details| details.retry_after_seconds);
    matches!(status.code, 429 | 503 | 504).then(|| Duration::from_secs(asked.into()).min(PATIENCE))
}

/// The answer, or `None` where the API server knows no such object.
pub(crate) fn found<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.code() == Some(404) => Ok(None),
        Err(error) => Err(error),
    }
}
