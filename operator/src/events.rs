//! Publishes events, and not too many: `kubectl describe` is to tell a story.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use k8s_openapi::{
    api::{core::v1::ObjectReference, events::v1::Event},
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta},
};
use kube::{Api, Client, api::PostParams};

use crate::{
    apply::says_that_namespace_ends,
    call::{WRITE, call},
    error::Error,
    labels::AURIGA,
    plan::{Note, Urgency},
};

/// How long an event with the same words is not told again.
const QUIET: Duration = Duration::from_secs(600);
/// How many events of one reason are told of an object in that time.
const BUDGET: usize = 3;
/// The longest text that the API server takes as an event's note, in bytes.
const LONGEST: usize = 1024;

/// Publishes events. kube's own recorder would count further events of one reason under the words of the first.
pub struct Announcer {
    client: Client,
    throttle: Throttle,
}

impl Announcer {
    /// One that publishes by `client`.
    pub fn new(client: Client) -> Announcer {
        Announcer {
            client,
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
        let name = object.name.clone().unwrap_or_default();
        if let Err(error) = self.create(&event(object, note, text, Timestamp::now())).await {
            tracing::warn!(%name, reason = note.reason, %error, "{error}");
        }
    }

    async fn create(&self, event: &Event) -> Result<(), Error> {
        let namespace = event.metadata.namespace.clone().unwrap_or_default();
        let api: Api<Event> = Api::namespaced(self.client.clone(), &namespace);
        let name = event.metadata.name.clone().unwrap_or_default();
        let parameters = PostParams::default();
        let created = call(&format!("publish event {name}"), WRITE, || {
            api.create(&parameters, event)
        })
        .await;
        match created {
            // It is there from a try whose answer was lost.
            Err(error) if error.code() == Some(409) => Ok(()),
            // Nobody is left to read it.
            Err(error) if error.status().is_some_and(says_that_namespace_ends) => Ok(()),
            Err(error) => Err(error),
            Ok(_) => Ok(()),
        }
    }
}

fn event(object: &ObjectReference, note: &Note, text: String, now: Timestamp) -> Event {
    // As long as the name of an object may be, less the time.
    let name: String = object
        .name
        .iter()
        .flat_map(|name| name.chars())
        .take(200)
        .collect();
    Event {
        metadata: ObjectMeta {
            name: Some(format!("{name}.{:x}", now.as_nanosecond())),
            namespace: object.namespace.clone(),
            ..ObjectMeta::default()
        },
        action: Some(note.action.to_owned()),
        event_time: Some(MicroTime(now)),
        note: Some(text),
        reason: Some(note.reason.to_owned()),
        regarding: Some(object.clone()),
        reporting_controller: Some(format!("{}/operator", auriga_crds::GROUP)),
        reporting_instance: Some(AURIGA.to_owned()),
        type_: Some(match note.urgency {
            Urgency::Normal => "Normal".to_owned(),
            Urgency::Warning => "Warning".to_owned(),
        }),
        ..Event::default()
    }
}

/// In ten minutes, at most three events for each object and reason, and at most one of the same words: words with a number
/// in them differ each time.
#[derive(Default)]
struct Throttle {
    told: Mutex<HashMap<(String, &'static str), Vec<Told>>>,
}

struct Told {
    at: Instant,
    text: String,
}

impl Throttle {
    fn lets_through(&self, uid: &str, reason: &'static str, text: &str, now: Instant) -> bool {
        let mut all = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, told| {
            told.retain(|one| now.duration_since(one.at) < QUIET);
            !told.is_empty()
        });
        let told = all.entry((uid.to_owned(), reason)).or_default();
        if told.len() >= BUDGET || told.iter().any(|one| one.text == text) {
            return false;
        }
        told.push(Told {
            at: now,
            text: text.to_owned(),
        });
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
    fn words_that_alternate_are_told_three_times_in_ten_minutes() {
        let throttle = Throttle::default();
        let start = Instant::now();
        let told = |number: u64, seconds| {
            let text = format!("{number} pods");
            throttle.lets_through("uid", "Reactivated", &text, start + Duration::from_secs(seconds))
        };
        let count = (0..100).filter(|number| told(*number, *number)).count();
        assert_eq!(count, 3);
        assert!(told(100, 600));
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
