//! Publishes events, and not too many: `kubectl describe` is to tell a story.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use k8s_openapi::api::core::v1::ObjectReference;
use kube::{
    Client,
    runtime::events::{Event, EventType, Recorder, Reporter},
};

use crate::{
    call::{WRITE, call},
    labels,
    plan::{Note, Urgency},
};

/// How long an event with the same words is not told again.
const QUIET: Duration = Duration::from_secs(600);
/// The longest text that the API server takes as an event's note, in bytes.
const LONGEST: usize = 1024;

/// Publishes events.
pub struct Announcer {
    recorder: Recorder,
    throttle: Throttle,
}

impl Announcer {
    /// One that publishes by `client`.
    pub fn new(client: Client) -> Announcer {
        Announcer {
            recorder: Recorder::new(client, Reporter::from(labels::AURIGA)),
            throttle: Throttle::default(),
        }
    }

    /// Publishes `note` about `object`, unless it was told lately. An event that cannot be published is only logged: what
    /// matters stands in the status.
    pub async fn publish(&self, object: &ObjectReference, note: &Note) {
        let uid = object.uid.clone().unwrap_or_default();
        let text = cut(&note.message);
        if !self
            .throttle
            .lets_through(&uid, note.reason, &text, Instant::now())
        {
            return;
        }
        let event = Event {
            type_: match note.urgency {
                Urgency::Normal => EventType::Normal,
                Urgency::Warning => EventType::Warning,
            },
            reason: note.reason.to_owned(),
            note: Some(text),
            action: note.action.to_owned(),
            secondary: None,
        };
        let name = object.name.clone().unwrap_or_default();
        let what = format!("publish the event {} of {name}", note.reason);
        if let Err(error) = call(&what, WRITE, || self.recorder.publish(&event, object)).await {
            tracing::warn!(%name, reason = note.reason, %error, "{error}");
        }
    }
}

/// At most one event for each object and reason in ten minutes, unless its words are others.
#[derive(Default)]
struct Throttle {
    told: Mutex<HashMap<(String, &'static str), (Instant, String)>>,
}

impl Throttle {
    fn lets_through(&self, uid: &str, reason: &'static str, text: &str, now: Instant) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.retain(|_, (at, _)| now.duration_since(*at) < QUIET);
        let key = (uid.to_owned(), reason);
        if told.get(&key).is_some_and(|(_, before)| before == text) {
            return false;
        }
        told.insert(key, (now, text.to_owned()));
        true
    }
}

fn cut(message: &str) -> String {
    let mut text: String = (message.chars())
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST - '…'.len_utf8()));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_are_told_once_in_ten_minutes_and_other_words_at_once() {
        let throttle = Throttle::default();
        let start = Instant::now();
        let told = |reason, text, seconds| {
            throttle.lets_through("uid", reason, text, start + Duration::from_secs(seconds))
        };
        assert!(told("FitStarted", "a", 0));
        assert!(!told("FitStarted", "a", 599));
        assert!(told("FitStarted", "b", 599));
        assert!(told("Activated", "a", 599));
        assert!(told("FitStarted", "b", 1200));
    }

    #[test]
    fn the_same_event_of_another_object_is_told() {
        let throttle = Throttle::default();
        let now = Instant::now();
        assert!(throttle.lets_through("one", "Activated", "a", now));
        assert!(throttle.lets_through("other", "Activated", "a", now));
    }

    #[test]
    fn a_note_is_one_line_that_the_api_server_takes() {
        let text = cut(&"é\n".repeat(1000));
        assert!(text.len() <= LONGEST && !text.contains('\n') && text.ends_with('…'));
        assert_eq!(cut("short"), "short");
    }
}
