//! Clients that ask a Service at a given rate, never twice, and write down what came of each request.

use std::{net::SocketAddr, time::Duration};

use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::{
    runtime::Builder,
    sync::{oneshot, watch},
    time::{MissedTickBehavior, interval},
};

use crate::http::{Answer, Connection};

/// What clients do.
#[derive(Clone, Debug)]
pub struct Load {
    /// Where they ask.
    pub address: SocketAddr,
    /// What they ask for.
    pub path: String,
    /// Requests per second, of all clients taken together.
    pub rate: u32,
    /// How many clients there are.
    pub clients: u32,
    /// Whether a client keeps its connection, or opens one for each request.
    pub keep_alive: bool,
}

/// One request and what came of it.
#[derive(Clone, Debug)]
pub struct Sent {
    /// When it was to be sent: one that the requests before it have held up was waiting since then.
    pub due: Timestamp,
    /// When it was sent.
    pub at: Timestamp,
    /// When its answer was there, or it failed.
    pub answered_at: Timestamp,
    /// The answer, or why there is none.
    pub answer: Result<Answer, String>,
}

/// Clients at work.
#[derive(Debug)]
pub struct Running {
    stop: watch::Sender<()>,
    sent: oneshot::Receiver<Vec<Sent>>,
}

impl Load {
    /// Lets the clients begin, on a thread of their own: the time that else passes in this program is not that of an answer.
    pub fn start(self) -> Running {
        let (stop, stopped) = watch::channel(());
        let (done, sent) = oneshot::channel();
        std::thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build();
            let clients = (0..self.clients).map(|_| self.clone().client(stopped.clone()));
            let of_each = runtime.expect("a runtime can be had").block_on(join_all(clients));
            // Nobody waits for the answers of a test that gave up.
            let _ = done.send(of_each.concat());
        });
        Running { stop, sent }
    }

    async fn client(self, stopped: watch::Receiver<()>) -> Vec<Sent> {
        let mut ticks = interval(Duration::from_secs(1) * self.clients / self.rate);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut sent = Vec::new();
        let mut kept = None;
        // Also where nobody waits for them any more.
        while stopped.has_changed().is_ok() {
            let late = ticks.tick().await.elapsed();
            let at = Timestamp::now();
            let answer = self.ask(&mut kept).await;
            sent.push(Sent {
                due: at - late,
                at,
                answered_at: Timestamp::now(),
                answer,
            });
        }
        sent
    }

    async fn ask(&self, kept: &mut Option<Connection>) -> Result<Answer, String> {
        let mut connection = match kept.take().filter(|kept| !kept.is_over()) {
            Some(connection) => connection,
            None => Connection::open(self.address).await?,
        };
        let answer = connection.get(&self.path, !self.keep_alive).await;
        *kept = Some(connection).filter(|_| self.keep_alive);
        answer
    }
}

impl Running {
    /// Ends the clients' work and answers what they have sent, in no order.
    pub async fn stop(self) -> Vec<Sent> {
        drop(self.stop);
        self.sent.await.expect("a client never panics")
    }
}
