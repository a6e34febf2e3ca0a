//! `GET` and `POST` of an entry point: rows in, predictions out.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering},
};

use axum::{
    body::{Bytes, HttpBody},
    extract::Request,
    http::{Method, StatusCode, Uri},
    response::Response,
};
use tokio::time::{Instant, timeout_at};

use super::{
    Front, answer,
    body::{self, Whole},
};
use crate::{
    Predicted,
    refusal::Refusal,
    state::{Door, State},
};

/// Bodies beyond this are decoded and predicted on a thread of their own, so that `/alive` and small requests need
/// not wait behind them; below it, the change of threads would cost more than the work.
const INLINE_BYTES: usize = 16 << 10;

/// What a client asks to be predicted.
enum Asked {
    Row(Uri),
    Rows(Whole),
}

struct Answered {
    body: Vec<u8>,
    predicted: Predicted,
}

/// Answers one predict request at the entry point that stands `at` this place in the settings of `state`.
pub(super) async fn predict<B>(front: &Front, state: Arc<State>, at: usize, request: Request<B>) -> Response
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    let deadline = Instant::now() + front.limits.request_timeout;
    let counts = &front.service.counts;
    let Some(live) = &state.live else {
        counts.errors.fetch_add(1, Ordering::Relaxed);
        let what = front.service.why_nothing_is_loaded();
        return front.refuse_unread(&state, &request, &Refusal::NotLoaded { what });
    };
    let asked = match asked(front, request, deadline).await {
        Ok(asked) => asked,
        Err(refusal) => {
            counts.errors.fetch_add(1, Ordering::Relaxed);
            let mut response = front.refuse(&state, &refusal);
            answer::close(&mut response);
            return response;
        }
    };
    match answered(front, &state, at, asked, deadline).await {
        Ok(Answered { body, predicted }) => {
            counts.requests.fetch_add(1, Ordering::Relaxed);
            counts.rows.fetch_add(predicted.n_rows as u64, Ordering::Relaxed);
            counts
                .ignored_values
                .fetch_add(predicted.ignored, Ordering::Relaxed);
            let mut response = answer::json(StatusCode::OK, body);
            answer::name_version(&mut response, live);
            response
        }
        Err(refusal) => {
            counts.errors.fetch_add(1, Ordering::Relaxed);
            front.refuse(&state, &refusal)
        }
    }
}

/// Takes the request in. When it is refused here, its body was not read to the end.
async fn asked<B>(front: &Front, request: Request<B>, deadline: Instant) -> Result<Asked, Refusal>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    let (head, body) = request.into_parts();
    if head.method != Method::POST {
        return Ok(Asked::Row(head.uri));
    }
    let whole = body::whole(front, &head.headers, body, deadline).await?;
    Ok(Asked::Rows(whole))
}

async fn answered(
    front: &Front,
    state: &Arc<State>,
    at: usize,
    asked: Asked,
    deadline: Instant,
) -> Result<Answered, Refusal> {
    let limits = &front.limits;
    // Only now, so that a client that dribbles its body keeps nobody else from predicting.
    let _running = front.in_flight.try_acquire().map_err(|_| Refusal::Busy {
        limit: limits.max_in_flight,
        work: "predictions",
    })?;
    let max_rows = limits.max_rows;
    if asked.n_bytes() <= INLINE_BYTES {
        return computed(state, at, &asked, max_rows);
    }
    let too_slow = |_| Refusal::TooSlow {
        seconds: limits.request_timeout.as_secs_f64(),
    };
    let thread = timeout_at(deadline, front.threads.clone().acquire_owned())
        .await
        .map_err(too_slow)?;
    let state = state.clone();
    let work = tokio::task::spawn_blocking(move || {
        // Kept until the work is done, also when nobody waits for it any longer.
        let _thread = thread;
        computed(&state, at, &asked, max_rows)
    });
    timeout_at(deadline, work)
        .await
        .map_err(too_slow)?
        .unwrap_or(Err(Refusal::Internal))
}

/// Decodes, predicts and encodes. A panic on the way is our bug and this request's alone: nothing it could have left
/// half done outlives it.
fn computed(state: &State, at: usize, asked: &Asked, max_rows: usize) -> Result<Answered, Refusal> {
    catch_unwind(AssertUnwindSafe(|| {
        let Door {
            predictor,
            after_result,
        } = &state.doors[at];
        let mut body = Vec::with_capacity(after_result.len() + 64);
        body.extend_from_slice(b"{\"result\":");
        let predicted = match asked {
            Asked::Row(uri) => predictor.answer_row(uri.query().unwrap_or_default(), &mut body),
            Asked::Rows(rows) => predictor.answer_rows(&rows.bytes, max_rows, &mut body),
        }?;
        body.extend_from_slice(after_result.as_bytes());
        Ok(Answered { body, predicted })
    }))
    .unwrap_or_else(|_| {
        let version = state.doors[at].predictor.version();
        tracing::error!(%version, "version {version} panicked while it predicted; this is a bug");
        Err(Refusal::Internal)
    })
}

impl Asked {
    fn n_bytes(&self) -> usize {
        match self {
            Asked::Row(uri) => uri.query().map_or(0, str::len),
            Asked::Rows(body) => body.bytes.len(),
        }
    }
}
