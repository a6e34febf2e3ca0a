//! A client that asks at a steady pace, whether it is answered or not.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crate::support::{Answer, Connection, DEADLINE};

/// 200 requests a second.
const PACE: Duration = Duration::from_millis(5);

/// Requests on their way, until it is stopped.
pub(super) struct Load {
    n_answers: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    pacemaker: JoinHandle<Vec<Asked>>,
}

/// One request and what became of it.
pub(super) struct Asked {
    pub(super) began: Instant,
    pub(super) ended: Instant,
    pub(super) answer: Result<Answer, String>,
}

impl Load {
    /// Asks `GET target` again and again; every other request takes a connection that was used before.
    pub(super) fn start(address: SocketAddr, target: &'static str) -> Load {
        let (n_answers, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (answered, stopped) = (n_answers.clone(), stop.clone());
        let pacemaker = thread::spawn(move || {
            let kept = Arc::new(Mutex::new(Vec::new()));
            let mut asking = Vec::new();
            let mut due = Instant::now();
            while !stopped.load(Ordering::Relaxed) {
                let is_kept = asking.len() % 2 == 1;
                let (answered, kept) = (answered.clone(), is_kept.then(|| kept.clone()));
                asking.push(thread::spawn(move || {
                    let asked = ask(address, target, kept.as_deref());
                    answered.fetch_add(1, Ordering::Relaxed);
                    asked
                }));
                due += PACE;
                // The pace is the input: it does not wait for answers.
                thread::sleep(due.saturating_duration_since(Instant::now()));
            }
            asking.into_iter().map(|asked| asked.join().unwrap()).collect()
        });
        Load {
            n_answers,
            stop,
            pacemaker,
        }
    }

    /// Waits until `more` further requests have come to their end.
    pub(super) fn wait_for(&self, more: usize) {
        let wanted = self.n_answers.load(Ordering::Relaxed) + more;
        let deadline = Instant::now() + DEADLINE;
        while self.n_answers.load(Ordering::Relaxed) < wanted {
            assert!(Instant::now() < deadline, "{wanted} answers in time");
            thread::park_timeout(PACE);
        }
    }

    /// Asks no more, and gives all requests in the order in which they began.
    pub(super) fn stop(self) -> Vec<Asked> {
        self.stop.store(true, Ordering::Relaxed);
        self.pacemaker.join().unwrap()
    }
}

/// The version that gave each answer, all of which must be good and name it the same way everywhere.
pub(super) fn versions(asked: &[Asked]) -> Vec<u64> {
    let version = |asked: &Asked| {
        let answer = asked.answer.as_ref().unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text);
        let metadata = &answer.json()["metadata"];
        let version = metadata["model_version"].as_u64().unwrap();
        assert_eq!(
            metadata["service_version"],
            version.to_string(),
            "{}",
            answer.text
        );
        assert_eq!(answer.header("x-model-version"), Some(&*version.to_string()));
        version
    };
    asked.iter().map(version).collect()
}

fn ask(address: SocketAddr, target: &str, kept: Option<&Mutex<Vec<Connection>>>) -> Asked {
    let began = Instant::now();
    let reused = kept.and_then(|kept| kept.lock().unwrap().pop());
    let mut connection = reused.unwrap_or_else(|| Connection::open(address));
    let answer = connection
        .request("GET", target, b"")
        .map_err(|error| error.to_string());
    if let (Some(kept), Ok(answer)) = (kept, &answer)
        && answer.header("connection").is_none()
    {
        kept.lock().unwrap().push(connection);
    }
    Asked {
        began,
        ended: Instant::now(),
        answer,
    }
}
