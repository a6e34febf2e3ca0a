//! What every look at an object has at hand.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use kube::Client;
use tokio::time::Instant;

use crate::{
    alive::{Asker, Via},
    caches::Caches,
    clock::Clock,
    events::Announcer,
    lease::Leading,
    metrics::Metrics,
    settings::Settings,
    texts::Reader,
};

/// How long a namespace counts as terminating after the API server said so.
const TERMINATING: Duration = Duration::from_secs(60);

/// How long what was in the way is remembered that nobody has met since: several times the longest pause between two looks.
const FORGOTTEN: Duration = Duration::from_secs(1800);

/// What every look has at hand.
pub struct Context {
    /// The API server.
    pub client: Client,
    /// What decisions rest on.
    pub settings: Settings,
    /// What was seen.
    pub caches: Caches,
    /// What time it is.
    pub clock: Clock,
    /// Asks pods.
    pub asker: Asker,
    /// Reads rows.
    pub reader: Reader,
    /// Publishes events.
    pub announcer: Announcer,
    /// Counts.
    pub metrics: Metrics,
    /// Whether this operator is the one that works.
    pub leading: Leading,
    /// What the last write of an object was, by UID.
    pub(crate) settled: Mutex<HashMap<String, Settled>>,
    failures: Mutex<HashMap<String, Failures>>,
    terminating: Mutex<HashMap<String, Instant>>,
    in_the_way: Mutex<HashMap<String, InTheWay>>,
}

/// Looks at an object that failed one after the other.
#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    /// When half of the last pause is over.
    tried_at: Instant,
}

/// An object that has to go before another one can be made.
#[derive(Clone, Copy, Debug)]
struct InTheWay {
    first: Instant,
    last: Instant,
}

/// An object after it was written: while it is still of this version, writing the same again would change nothing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Settled {
    pub(crate) hash: String,
    pub(crate) version: Option<String>,
}

impl Context {
    /// One for a new program.
    pub fn new(client: Client, settings: Settings, via: Via, leading: Leading) -> Context {
        let caches = Caches::default();
        Context {
            asker: Asker::new(client.clone(), via, auriga_crds::contract::pod::PORT),
            reader: Reader::new(client.clone()),
            announcer: Announcer::new(client.clone()),
            metrics: Metrics::new(&caches, &leading),
            leading,
            clock: Clock::default(),
            client,
            settings,
            caches,
            settled: Mutex::default(),
            failures: Mutex::default(),
            terminating: Mutex::default(),
            in_the_way: Mutex::default(),
        }
    }

    /// The pause after a look at the object of this UID that failed; `pause`: how long it is after so many in a row. A look
    /// that comes before its time, since something has changed, makes it no longer.
    pub(crate) fn failed(&self, uid: &str, pause: impl Fn(u32) -> Duration) -> Duration {
        let now = Instant::now();
        let mut all = lock(&self.failures);
        let before = all.get(uid).copied();
        if let Some(before) = before.filter(|before| now < before.tried_at) {
            return pause(before.count);
        }
        let count = before.map_or(0, |before| before.count).saturating_add(1);
        let pause = pause(count);
        let tried_at = now + pause / 2;
        all.insert(uid.to_owned(), Failures { count, tried_at });
        pause
    }

    /// A look at the object of this UID went well.
    pub(crate) fn succeeded(&self, uid: &str) {
        lock(&self.failures).remove(uid);
    }

    /// The API server refused something new in a namespace because it is being deleted.
    pub(crate) fn namespace_ends(&self, namespace: &str) {
        lock(&self.terminating).insert(namespace.to_owned(), Instant::now());
    }

    /// Whether a namespace is being deleted, as far as the API server has said so.
    pub(crate) fn namespace_is_terminating(&self, namespace: &str) -> bool {
        let mut terminating = lock(&self.terminating);
        terminating.retain(|_, since| since.elapsed() < TERMINATING);
        terminating.contains_key(namespace)
    }

    /// For how long the object of this UID has been going away, as far as this program has seen: the times in it are another
    /// machine's.
    pub(crate) fn in_the_way_for(&self, uid: &str) -> Duration {
        let now = Instant::now();
        let mut all = lock(&self.in_the_way);
        all.retain(|_, one| now.duration_since(one.last) < FORGOTTEN);
        let new = InTheWay {
            first: now,
            last: now,
        };
        let one = all.entry(uid.to_owned()).or_insert(new);
        one.last = now;
        now.duration_since(one.first)
    }

    /// Forgets an object that is gone.
    pub(crate) fn forget(&self, uid: &str) {
        lock(&self.settled).remove(uid);
        lock(&self.failures).remove(uid);
        self.asker.forget(uid);
    }
}

/// What a mutex holds, also after a panic elsewhere: all that is kept in these can be read anew.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
