//! `GET` and `POST` of an entry point: rows in, predictions out.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering},
};

use auriga_learn::{Cell, Column, Task};
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
    decode::{json_rows, query_row},
    refusal::Refusal,
    service::Live,
    unpredictable::unpredictable,
};

/// Bodies beyond this are decoded and predicted on a thread of their own, so that `/alive` and small requests need
/// not wait behind them; below it, the change of threads would cost more than the work.
const INLINE_BYTES: usize = 16 << 10;

/// What a client asks to be predicted.
enum Asked {
    Row(Uri),
    Rows(Whole),
}

struct Predicted {
    body: Vec<u8>,
    n_rows: usize,
    ignored: u64,
}

/// Answers one predict request at the entry point that stands `at` this place in the settings.
pub(super) async fn predict<B>(front: &Front, at: usize, request: Request<B>) -> Response
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    let deadline = Instant::now() + front.limits.request_timeout;
    let counts = &front.service.counts;
    let Some(live) = front.service.live() else {
        counts.errors.fetch_add(1, Ordering::Relaxed);
        let what = front.service.why_nothing_is_loaded();
        return front.refuse_unread(&request, &Refusal::NotLoaded { what });
    };
    let asked = match asked(front, request, deadline).await {
        Ok(asked) => asked,
        Err(refusal) => {
            counts.errors.fetch_add(1, Ordering::Relaxed);
            let mut response = front.refuse(Some(&live), &refusal);
            answer::close(&mut response);
            return response;
        }
    };
    match predicted(front, &live, at, asked, deadline).await {
        Ok(predicted) => {
            counts.requests.fetch_add(1, Ordering::Relaxed);
            counts.rows.fetch_add(predicted.n_rows as u64, Ordering::Relaxed);
            counts
                .ignored_values
                .fetch_add(predicted.ignored, Ordering::Relaxed);
            let mut response = answer::json(StatusCode::OK, predicted.body);
            answer::name_version(&mut response, &live);
            response
        }
        Err(refusal) => {
            counts.errors.fetch_add(1, Ordering::Relaxed);
            front.refuse(Some(&live), &refusal)
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

async fn predicted(
    front: &Front,
    live: &Arc<Live>,
    at: usize,
    asked: Asked,
    deadline: Instant,
) -> Result<Predicted, Refusal> {
    let limits = &front.limits;
    // Only now, so that a client that dribbles its body keeps nobody else from predicting.
    let _running = front.in_flight.try_acquire().map_err(|_| Refusal::Busy {
        limit: limits.max_in_flight,
        work: "predictions",
    })?;
    let max_rows = limits.max_rows;
    if asked.n_bytes() <= INLINE_BYTES {
        return computed(live, at, &asked, max_rows);
    }
    let too_slow = |_| Refusal::TooSlow {
        seconds: limits.request_timeout.as_secs_f64(),
    };
    let thread = timeout_at(deadline, front.threads.clone().acquire_owned())
        .await
        .map_err(too_slow)?;
    let live = live.clone();
    let work = tokio::task::spawn_blocking(move || {
        // Kept until the work is done, also when nobody waits for it any longer.
        let _thread = thread;
        computed(&live, at, &asked, max_rows)
    });
    timeout_at(deadline, work)
        .await
        .map_err(too_slow)?
        .unwrap_or(Err(Refusal::Internal))
}

/// Decodes, predicts and encodes. A panic on the way is our bug and this request's alone: nothing it could have left
/// half done outlives it.
fn computed(live: &Live, at: usize, asked: &Asked, max_rows: usize) -> Result<Predicted, Refusal> {
    catch_unwind(AssertUnwindSafe(|| {
        let inputs = &live.inputs[at];
        let rows = match asked {
            Asked::Row(uri) => query_row(inputs, uri.query().unwrap_or_default()),
            Asked::Rows(body) => json_rows(inputs, &body.bytes, max_rows),
        }?;
        let fitted = live.loaded.fitted();
        let is_list = matches!(asked, Asked::Rows(_));
        let predictions = fitted
            .predict(&rows.table)
            .map_err(|error| unpredictable(&error, inputs, is_list))?;
        Ok(Predicted {
            body: encoded(&predictions, fitted.signature().task, is_list, &live.after_result),
            n_rows: predictions.len(),
            ignored: rows.ignored,
        })
    }))
    .unwrap_or_else(|_| {
        let version = live.loaded.manifest().number;
        tracing::error!(%version, "version {version} panicked while it predicted; this is a bug");
        Err(Refusal::Internal)
    })
}

fn encoded(predictions: &Column, task: Task, is_list: bool, after_result: &str) -> Vec<u8> {
    let mut body = Vec::with_capacity(after_result.len() + 16 + 24 * predictions.len());
    body.extend_from_slice(if is_list {
        b"{\"result\":["
    } else {
        b"{\"result\":"
    });
    for row in 0..predictions.len() {
        if row > 0 {
            body.push(b',');
        }
        push_cell(&mut body, predictions.cell(row), task);
    }
    if is_list {
        body.push(b']');
    }
    body.extend_from_slice(after_result.as_bytes());
    body
}

fn push_cell(body: &mut Vec<u8>, cell: Cell<'_>, task: Task) {
    let written = match cell {
        // Classes that were whole numbers in the data come back as such: 1, not 1.0.
        Cell::Number(class) if task == Task::Classification && class.fract() == 0.0 && class.abs() < 1e15 => {
            serde_json::to_writer(body, &(class as i64))
        }
        Cell::Number(number) => serde_json::to_writer(body, &number),
        Cell::Text(text) => serde_json::to_writer(body, text),
        Cell::Boolean(boolean) => serde_json::to_writer(body, &boolean),
        Cell::Missing => serde_json::to_writer(body, &()),
    };
    written.expect("a value always becomes JSON in memory");
}

impl Asked {
    fn n_bytes(&self) -> usize {
        match self {
            Asked::Row(uri) => uri.query().map_or(0, str::len),
            Asked::Rows(body) => body.bytes.len(),
        }
    }
}
