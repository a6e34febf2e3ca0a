//! Stands between an operator and the API server: counts its writes, does to one of them what a plan says, and lets it see
//! of the cluster, and hear of pods, what a row says.

mod doors;
mod lists;
mod pods;
mod replies;
mod streams;
mod view;
mod way;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, Result};
use auriga_crds::contract::pod::PORT;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::{Method, Response, body::Bytes};
use kube::Client;
use serde_json::Value;
use tokio::{
    net::TcpListener,
    sync::{mpsc::UnboundedSender, watch},
    task::JoinSet,
    time::{Instant, sleep},
};

pub(crate) use pods::{Said, StandIn};
pub(crate) use view::{Hole, View};

use crate::{
    request::{Fault, Nth},
    serve::serve,
};
use doors::Doors;
use lists::Lists;
use way::Way;

type Answer = Response<UnsyncBoxBody<Bytes, kube::Error>>;

/// What is done at a write.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    /// It is broken.
    Break(Fault),
    /// All lists are kept as they are before it, to be given to an operator that starts anew.
    KeepLists,
    /// Watches tell nothing from now on.
    Freeze,
}

/// A write as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    /// `create`, `patch`, `update` or `delete`.
    pub(crate) verb: &'static str,
    /// What it is done to.
    pub(crate) path: String,
    /// What is written.
    pub(crate) body: Bytes,
}

/// What a proxy does, and what it has seen.
#[derive(Default)]
pub(crate) struct Record {
    /// The writes in their order.
    pub(crate) writes: Vec<Nth>,
    /// The same, as they came.
    pub(crate) written: Vec<Written>,
    /// Objects made and deleted, by resource: what the API server said yes to.
    pub(crate) effects: BTreeMap<String, usize>,
    /// Deletes that would have hit whatever has the name.
    pub(crate) careless: Vec<String>,
    /// When the last write came.
    pub(crate) last_write: Option<Instant>,
    /// All requests in their order, those that read too; a watch is one.
    pub(crate) requests: Vec<Asked>,
    /// Those of them that the API server answered with 403.
    pub(crate) forbidden: Vec<Asked>,
    /// What is still to be done, at which write.
    armed: Option<(Nth, Act)>,
    /// When it was done.
    pub(crate) struck: Option<Instant>,
}

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// When it came.
    pub(crate) at: Instant,
    /// What it does.
    pub(crate) method: Method,
    /// To what, without the query.
    pub(crate) path: String,
}

impl Asked {
    /// One that comes now.
    fn now(method: &Method, path: &str) -> Asked {
        Asked {
            at: Instant::now(),
            method: method.clone(),
            path: path.to_owned(),
        }
    }
}

/// A proxy at work; it ends with the value.
pub(crate) struct Proxy {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    way: Way,
    _tasks: JoinSet<()>,
}

impl Proxy {
    /// Starts one that speaks to the API server as `client`.
    pub(crate) async fn start(client: Client) -> Result<Proxy> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("cannot listen")?;
        let address = listener.local_addr().context("a listener has an address")?;
        let way = Way {
            client,
            record: Arc::default(),
            kill: Arc::default(),
            view: watch::Sender::new(View::default()),
            lists: Lists::default(),
            stand_in: Arc::default(),
        };
        let mut tasks = JoinSet::new();
        let of_connections = way.clone();
        tasks.spawn(serve(listener, move |_| {
            let way = of_connections.clone();
            let begun = way.view.borrow().marks.dead;
            Some(move |request| way.clone().answer(request, begun))
        }));
        Ok(Proxy {
            address,
            way,
            _tasks: tasks,
        })
    }

    /// Has `kill` told from now on that the operator is to be killed, which answers once that is done.
    pub(crate) fn kills(&self, kill: UnboundedSender<Killed>) {
        *lock(&self.way.kill) = Some(kill);
    }

    /// Forgets what was seen, counts from one again, and has `fault` done to its write.
    pub(crate) fn begin(&self, fault: Option<(Nth, Fault)>) {
        self.begin_and(fault.map(|(nth, fault)| (nth, Act::Break(fault))));
    }

    /// Forgets what was seen, counts from one again, and does at a write what is to be done.
    pub(crate) fn begin_and(&self, armed: Option<(Nth, Act)>) {
        *lock(&self.way.record) = Record {
            armed,
            ..Record::default()
        };
    }

    /// What was seen so far.
    pub(crate) fn seen<T>(&self, read: impl FnOnce(&Record) -> T) -> T {
        read(&lock(&self.way.record))
    }

    /// Waits until nothing was written for `time`, `since` a moment at the earliest; `false`: that took longer than `limit`.
    pub(crate) async fn is_quiet(&self, time: Duration, since: Option<Instant>, limit: Duration) -> bool {
        let start = Instant::now();
        loop {
            let last = self.seen(|record| record.last_write);
            // Where nothing was written yet, it may be about to be.
            let rest = time.saturating_sub(last.max(since).unwrap_or(start).elapsed());
            if rest.is_zero() {
                return true;
            }
            if start.elapsed() > limit {
                return false;
            }
            sleep(rest).await;
        }
    }

    /// Changes what lists and watches tell.
    pub(crate) fn let_see(&self, change: impl FnOnce(&mut View)) {
        self.way.view.send_modify(change);
    }

    /// Keeps all lists that the operator has asked for, as they are now.
    ///
    /// Errors: the API server does not answer.
    pub(crate) async fn keep_lists(&self) -> Result<()> {
        self.way.lists.keep(&self.way.client).await
    }

    /// What is in the lists that were kept, but for what was asked for without its contents.
    pub(crate) fn kept(&self) -> Vec<Value> {
        self.way.lists.objects()
    }

    /// Gives the lists that were kept to whoever lists next, once.
    pub(crate) fn replay_lists(&self) {
        self.way.lists.replay();
    }

    /// Whether all lists that were kept have been given.
    pub(crate) fn has_replayed(&self) -> bool {
        self.way.lists.are_given()
    }

    /// Stands at the addresses of all pods from now on, instead of where the API server leads to them.
    ///
    /// Errors: somebody has the port of pods at all addresses of this machine, as a stub does.
    pub(crate) fn stand_at_pods(&self) -> Result<()> {
        doors::open(PORT)?;
        let doors = Doors::new(Arc::clone(&self.way.stand_in), self.address, PORT);
        let rewrite = move |resource: &str, object: &mut Value| {
            if resource == "pods" {
                doors.lead(object);
            }
        };
        self.let_see(|view| view.rewrite = Some(Arc::new(rewrite)));
        Ok(())
    }

    /// Answers in pods' stead from now on; `None`: pods answer for themselves.
    pub(crate) fn stand_in(&self, stand_in: Option<StandIn>) {
        *lock(&self.way.stand_in) = stand_in;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A count that a panic interrupted is one too few at most.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks for the operator's death; to be answered when it is dead.
pub(crate) type Killed = tokio::sync::oneshot::Sender<()>;
