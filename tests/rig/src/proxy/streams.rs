//! The events of a watch on their way to the operator, one line each.

use std::collections::VecDeque;

use futures_util::stream;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::{
    Response,
    body::{Bytes, Frame},
};
use kube::client::Body;
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep_until},
};

use super::{Answer, replies, view::View};

/// How many lines wait until the operator reads them.
const WAITING: usize = 16;

/// The answer to a watch of `resource`, as `view` lets it be seen.
pub(super) fn passed(resource: String, answer: Response<Body>, view: watch::Receiver<View>) -> Answer {
    let (lines, received) = mpsc::channel(WAITING);
    answer.map(|body| {
        tokio::spawn(pass(resource, body, lines, view));
        let frames = stream::unfold(received, |mut received| async {
            let line: Vec<u8> = received.recv().await?;
            Some((Ok(Frame::data(Bytes::from(line))), received))
        });
        StreamBody::new(frames).boxed_unsync()
    })
}

/// Passes lines on until either side has ended.
async fn pass(
    resource: String,
    mut body: Body,
    lines: mpsc::Sender<Vec<u8>>,
    mut view: watch::Receiver<View>,
) {
    let begun = view.borrow().marks;
    let mut part = Vec::new();
    let mut waiting: VecDeque<(Instant, Vec<u8>)> = VecDeque::new();
    let mut is_over = false;
    loop {
        let (marks, lag, is_frozen) = {
            let view = view.borrow_and_update();
            (view.marks, view.lag, view.is_frozen)
        };
        if marks.silent != begun.silent {
            return lines.closed().await;
        }
        if marks.gone != begun.gone {
            // An operator that is gone as well needs no answer.
            let _ = lines.send(replies::gone_event()).await;
            return;
        }
        if is_over && waiting.is_empty() && !is_frozen {
            return;
        }
        let due = waiting.front().map(|(at, _)| *at).filter(|_| !is_frozen);
        tokio::select! {
            () = lines.closed() => return,
            changed = view.changed() => if changed.is_err() { return },
            frame = body.frame(), if !is_over => match frame {
                Some(Ok(frame)) => {
                    part.extend(frame.into_data().unwrap_or_default());
                    let at = Instant::now() + lag;
                    waiting.extend(whole_lines(&mut part).into_iter().map(|line| (at, line)));
                }
                _ => is_over = true,
            },
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                let line = waiting.pop_front().map(|(_, line)| line).unwrap_or_default();
                let told = view.borrow().told(&resource, &line);
                if let Some(line) = told && lines.send(line).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// Takes the lines out of `part` that are whole, each with its end.
fn whole_lines(part: &mut Vec<u8>) -> Vec<Vec<u8>> {
    let Some(last) = part.iter().rposition(|byte| *byte == b'\n') else {
        return Vec::new();
    };
    let rest = part.split_off(last + 1);
    let lines = std::mem::replace(part, rest);
    lines
        .split_inclusive(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_lines_are_passed_on() {
        let mut part = b"one\ntwo\nthr".to_vec();
        assert_eq!(whole_lines(&mut part), [b"one\n".to_vec(), b"two\n".to_vec()]);
        assert_eq!(part, b"thr");
        part.extend(b"ee\n");
        assert_eq!(whole_lines(&mut part), [b"three\n".to_vec()]);
        assert!(whole_lines(&mut part).is_empty());
    }
}
