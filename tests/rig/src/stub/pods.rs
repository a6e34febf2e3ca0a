//! The pods that run on a stub, by address and by UID, and the ledgers that they share.

use std::{
    collections::HashMap,
    net::Ipv4Addr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use auriga_crds::contract::{Alive, Outcome};
use serde_json::Value;
use tokio::time::Instant;

use super::{
    ledger::Ledger,
    pod::{self, Task, Work},
};

/// The first two bytes of every pod's address: within a private range, and in none of the test cluster's.
const NETWORK: [u8; 2] = [10, 250];

/// All that runs.
#[derive(Default)]
pub(super) struct Pods(Mutex<State>);

#[derive(Default)]
struct State {
    running: HashMap<Ipv4Addr, Running>,
    addresses: HashMap<String, Ipv4Addr>,
    ledgers: HashMap<String, Ledger>,
    given: u16,
    fits_last: Duration,
}

struct Running {
    work: Work,
    /// When it was last asked at `/alive`.
    asked: Option<Instant>,
}

/// The addresses of all pods, as `ip route` writes them.
pub(super) fn network() -> String {
    format!("{}.{}.0.0/16", NETWORK[0], NETWORK[1])
}

impl Pods {
    /// A pod begins; answers its address.
    pub(super) fn begin(&self, uid: &str, work: Work) -> Ipv4Addr {
        let mut state = self.lock();
        state.given = state.given.wrapping_add(1);
        let [third, fourth] = state.given.to_be_bytes();
        let address = Ipv4Addr::new(NETWORK[0], NETWORK[1], third, fourth);
        state.running.insert(address, Running { work, asked: None });
        state.addresses.insert(uid.to_owned(), address);
        address
    }

    /// A pod is over.
    pub(super) fn end(&self, uid: &str) {
        let mut state = self.lock();
        if let Some(address) = state.addresses.remove(uid) {
            state.running.remove(&address);
        }
    }

    /// A pod may activate its version from this revision of its ledger.
    pub(super) fn activate(&self, work: &Work, revision: u64) {
        if let Task::Serve(number) = work.task {
            self.lock().ledger(&work.model).activate(number, revision);
        }
    }

    /// A fit is over.
    pub(super) fn fitted(&self, work: &Work, fit_hash: Option<String>) -> Outcome {
        work.outcome(self.lock().ledger(&work.model), fit_hash)
    }

    /// What the pod with this address says at `/alive`; `None` if there is no such pod.
    pub(super) fn alive(&self, address: Ipv4Addr) -> Option<Alive> {
        let mut state = self.lock();
        let lasts = state.fits_last;
        let running = state.running.get_mut(&address)?;
        running.asked = Some(Instant::now());
        let work = running.work.clone();
        Some(work.alive(state.ledger(&work.model), lasts))
    }

    /// What the pod with this address says at `/list`.
    pub(super) fn list(&self, address: Ipv4Addr) -> Option<Value> {
        let mut state = self.lock();
        let model = state.running.get(&address)?.work.model.clone();
        Some(pod::listed(state.ledger(&model)))
    }

    /// How many pods with such a task were asked at `/alive` since then.
    pub(super) fn asked_since(&self, since: Instant, is_such: impl Fn(&Task) -> bool) -> usize {
        let is_such = |one: &&Running| is_such(&one.work.task);
        let was_asked = |one: &&Running| one.asked.is_some_and(|at| at >= since);
        self.lock()
            .running
            .values()
            .filter(is_such)
            .filter(was_asked)
            .count()
    }

    /// How long fits take that begin from now on.
    pub(super) fn fits_last(&self, lasts: Duration) {
        self.lock().fits_last = lasts;
    }

    /// How long a fit takes.
    pub(super) fn patience(&self) -> Duration {
        self.lock().fits_last
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic leaves one pod at most that says less than it could.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn ledger(&mut self, model: &str) -> &mut Ledger {
        self.ledgers.entry(model.to_owned()).or_default()
    }
}
