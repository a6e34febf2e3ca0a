//! Reads a request's body within bounds: its own size, all bodies together, pieces, time.

use axum::{
    body::{Bytes, HttpBody},
    http::{HeaderMap, header::CONTENT_ENCODING},
};
use http_body_util::BodyExt;
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, timeout_at},
};

use super::Front;
use crate::refusal::Refusal;

/// A million tiny pieces cost more to take than their bytes do; no network cuts 2 MiB this small.
const MAX_PIECES: usize = 16_384;

/// A whole body, with the room that it takes.
pub(super) struct Whole {
    pub(super) bytes: Vec<u8>,
    _room: Option<OwnedSemaphorePermit>,
}

/// The whole of `body`, if it arrives before `deadline` and stays within the limits; what is too large is refused as
/// soon as that is known, without the rest being read.
pub(super) async fn whole<B>(
    front: &Front,
    headers: &HeaderMap,
    mut body: B,
    deadline: Instant,
) -> Result<Whole, Refusal>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    let limit = front.limits.max_body_bytes;
    if let Some(encoding) = headers.get(CONTENT_ENCODING)
        && !encoding.as_bytes().eq_ignore_ascii_case(b"identity")
    {
        let encoding = String::from_utf8_lossy(encoding.as_bytes()).into_owned();
        return Err(Refusal::Encoding { encoding });
    }
    let announced = body.size_hint().lower();
    if announced > limit as u64 {
        return Err(Refusal::BodyTooLarge { limit });
    }
    let mut bytes = Vec::new();
    let mut room: Option<OwnedSemaphorePermit> = None;
    let mut pieces = 0;
    loop {
        let frame = timeout_at(deadline, body.frame())
            .await
            .map_err(|_| Refusal::BodyLate {
                seconds: front.limits.request_timeout.as_secs_f64(),
            })?;
        let Some(frame) = frame else {
            return Ok(Whole { bytes, _room: room });
        };
        let Ok(piece) = frame.map_err(|_| Refusal::BodyBroken)?.into_data() else {
            continue;
        };
        pieces += 1;
        if bytes.len() + piece.len() > limit {
            return Err(Refusal::BodyTooLarge { limit });
        }
        if pieces > MAX_PIECES {
            return Err(Refusal::TooManyPieces { limit: MAX_PIECES });
        }
        let n_bytes = u32::try_from(piece.len()).unwrap_or(u32::MAX);
        let more = front
            .body_room
            .clone()
            .try_acquire_many_owned(n_bytes)
            .map_err(|_| Refusal::NoRoom {
                limit: front.limits.max_buffered_bytes,
            })?;
        match &mut room {
            Some(room) => room.merge(more),
            None => room = Some(more),
        }
        bytes.extend_from_slice(&piece);
    }
}
