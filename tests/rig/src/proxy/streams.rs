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

use super::{
    Answer, replies,
    view::{Marks, View},
};

/// How many lines wait until the operator reads them.
const WAITING: usize = 16;

/// The answer to a watch of `resource`, as `view` lets it be seen; `begun`: what had happened when it was asked for.
pub(super) fn passed(
    resource: String,
    answer: Response<Body>,
    view: watch::Receiver<View>,
    begun: Marks,
) -> Answer {
    let (lines, received) = mpsc::channel(WAITING);
    answer.map(|body| {
        tokio::spawn(pass(resource, body, lines, view, begun));
        let frames = stream::unfold(received, |mut received| async {
            let line: Vec<u8> = received.recv().await?;
            Some((Ok(Frame::data(Bytes::from(line))), received))
        });
        StreamBody::new(frames).boxed_unsync()
    })
}

/// Passes lines on until either side has ended.
async fn pass<B>(
    resource: String,
    mut body: B,
    lines: mpsc::Sender<Vec<u8>>,
    mut view: watch::Receiver<View>,
    begun: Marks,
) where
    B: hyper::body::Body<Data = Bytes> + Unpin,
{
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
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;
    use crate::proxy::Hole;

    /// A watch with one event, whose server then says nothing, as it is seen by `view`.
    fn one_event(view: &watch::Sender<View>) -> mpsc::Receiver<Vec<u8>> {
        let event = Frame::data(Bytes::from_static(b"{\"type\":\"ADDED\"}\n"));
        let first = stream::once(async { Ok::<_, kube::Error>(event) });
        let body = StreamBody::new(Box::pin(stream::StreamExt::chain(first, stream::pending())));
        let (lines, received) = mpsc::channel(WAITING);
        let pods = "pods".to_owned();
        let begun = view.borrow().marks;
        tokio::spawn(pass(pods, body, lines, view.subscribe(), begun));
        received
    }

    /// The next line, if it comes soon; `Some(None)`: the watch has ended.
    async fn next(received: &mut mpsc::Receiver<Vec<u8>>) -> Option<Option<String>> {
        let line = timeout(Duration::from_millis(200), received.recv()).await.ok()?;
        Some(line.map(|line| String::from_utf8(line).unwrap()))
    }

    fn told() -> Option<Option<String>> {
        Some(Some("{\"type\":\"ADDED\"}\n".to_owned()))
    }

    #[tokio::test]
    async fn what_was_held_back_is_told_once_watches_tell_again() {
        let view = watch::Sender::new(View::default());
        view.send_modify(|view| view.is_frozen = true);
        let mut received = one_event(&view);
        assert_eq!(next(&mut received).await, None);
        view.send_modify(|view| view.is_frozen = false);
        assert_eq!(next(&mut received).await, told());
    }

    #[tokio::test]
    async fn a_watch_that_ends_with_410_tells_nothing_that_was_held_back() {
        let view = watch::Sender::new(View::default());
        view.send_modify(|view| view.is_frozen = true);
        let mut received = one_event(&view);
        view.send_modify(View::end_watches);
        let line = next(&mut received).await.flatten().unwrap();
        assert!(line.contains("\"code\":410"), "{line}");
        assert_eq!(next(&mut received).await, Some(None));
    }

    #[tokio::test]
    async fn a_watch_that_was_swallowed_neither_tells_nor_ends_though_the_way_is_back() {
        let view = watch::Sender::new(View::default());
        let mut received = one_event(&view);
        assert_eq!(next(&mut received).await, told());
        view.send_modify(|view| view.swallow(Hole::Watches));
        view.send_modify(View::is_back);
        assert_eq!(next(&mut received).await, None);
        let mut anew = one_event(&view);
        assert_eq!(next(&mut anew).await, told());
    }

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
