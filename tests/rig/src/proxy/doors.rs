//! Stands at the addresses of pods: the operator is told others, at which the rig answers or passes on what it is asked.

use std::{
    collections::{BTreeMap, HashMap},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicU32, Ordering},
    },
};

use anyhow::{Context as _, Result};
use hyper::{
    Request, StatusCode,
    body::{Bytes, Incoming},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use super::{
    Answer, lock,
    pods::{Said, StandIn, spoken},
    replies::json_text,
    way::Lost,
};
use crate::serve::serve;

/// How many addresses are tried, where others have the first ones.
const TRIED: u32 = 1 << 12;

/// All doors of a namespace.
pub(super) struct Doors {
    stand_in: Arc<Mutex<Option<StandIn>>>,
    /// Where the API server answers, as the operator knows it.
    api_server: SocketAddr,
    /// Where pods listen, and so doors.
    port: u16,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// By the UID of the pod.
    doors: HashMap<String, Ipv4Addr>,
    /// Where pods are, by their names.
    pods: BTreeMap<String, IpAddr>,
    tasks: JoinSet<()>,
}

impl Doors {
    pub(super) fn new(
        stand_in: Arc<Mutex<Option<StandIn>>>,
        api_server: SocketAddr,
        port: u16,
    ) -> Arc<Doors> {
        Arc::new(Doors {
            stand_in,
            api_server,
            port,
            state: Mutex::default(),
        })
    }

    /// Changes where a pod is said to be, if it is anywhere yet.
    pub(super) fn lead(self: &Arc<Doors>, pod: &mut Value) {
        let address = pod["status"]["podIP"].as_str().and_then(|ip| ip.parse().ok());
        let uid = pod["metadata"]["uid"].as_str().map(str::to_owned);
        let name = pod["metadata"]["name"].as_str().map(str::to_owned);
        let (Some(address), Some(uid), Some(name)) = (address, uid, name) else {
            return;
        };
        let mut state = lock(&self.state);
        state.pods.insert(name.clone(), address);
        let door = match state.doors.get(&uid) {
            Some(door) => *door,
            None => {
                // Without one nobody answers, which no row takes for right.
                let Ok((door, listener)) = open(self.port) else {
                    pod["status"]["podIP"] = Value::Null;
                    return;
                };
                state.doors.insert(uid, door);
                state.tasks.spawn(stand(Arc::downgrade(self), listener, name));
                door
            }
        };
        pod["status"]["podIP"] = json!(door);
        pod["status"]["podIPs"] = json!([{ "ip": door }]);
    }

    async fn answer(&self, pod: &str, page: &str) -> Result<Answer, Lost> {
        let stand_in = lock(&self.stand_in).clone();
        match stand_in.and_then(|stand_in| stand_in(pod, page)) {
            None => self.whole(pod, page).await,
            Some(Said::Another(beginning)) => self.whole(&beginning, page).await,
            Some(said) => {
                let api_server = format!("http://{}", self.api_server);
                spoken(said, &api_server, async || self.ask(pod, page).await).await
            }
        }
    }

    async fn whole(&self, beginning: &str, page: &str) -> Result<Answer, Lost> {
        let (status, text) = self.ask(beginning, page).await?;
        Ok(json_text(status, text))
    }

    /// What a pod says itself whose name begins so.
    async fn ask(&self, beginning: &str, page: &str) -> Result<(StatusCode, Bytes), Lost> {
        let address = {
            let state = lock(&self.state);
            let mut from = state.pods.range(beginning.to_owned()..);
            let found = from.next().filter(|(name, _)| name.starts_with(beginning));
            *found.ok_or(Lost)?.1
        };
        let answer = auriga_e2e::get((address, self.port).into(), page).await;
        let answer = answer.map_err(|_| Lost)?;
        let status = StatusCode::from_u16(answer.code).map_err(|_| Lost)?;
        Ok((status, answer.body.into()))
    }
}

/// An address of this machine at which nobody has this port.
///
/// Errors: there is none.
pub(super) fn open(port: u16) -> Result<(Ipv4Addr, TcpListener)> {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    // Other rigs begin elsewhere, most often.
    let first = std::process::id().wrapping_mul(TRIED);
    let mut result = Err(std::io::ErrorKind::AddrInUse.into());
    for _ in 0..TRIED {
        let next = first.wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed));
        let [_, b, c, d] = next.to_be_bytes();
        // None of those that programs of this machine have.
        let address = Ipv4Addr::new(127, b | 0x80, c, d);
        result = std::net::TcpListener::bind((address, port)).map(|listener| (address, listener));
        if result.is_ok() {
            break;
        }
    }
    let (address, listener) =
        result.with_context(|| format!("cannot listen on port {port} in a pod's stead; end what has it"))?;
    listener.set_nonblocking(true).context("cannot listen")?;
    let listener = TcpListener::from_std(listener).context("cannot listen")?;
    Ok((address, listener))
}

/// Answers at a pod's door.
async fn stand(doors: Weak<Doors>, listener: TcpListener, pod: String) {
    serve(listener, |_| {
        let (doors, pod) = (doors.upgrade()?, pod.clone());
        Some(move |request: Request<Incoming>| {
            let (doors, pod) = (Arc::clone(&doors), pod.clone());
            async move { doors.answer(&pod, request.uri().path()).await }
        })
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One that no other program has: stubs of nodes have that of pods.
    fn free_port() -> u16 {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("there are ports");
        listener.local_addr().expect("it has an address").port()
    }

    #[tokio::test]
    async fn a_pod_is_led_to_a_door_that_stays_and_one_without_an_address_is_not() {
        let doors = Doors::new(Arc::default(), SocketAddr::from(([127, 0, 0, 1], 1)), free_port());
        let pod = |uid: &str| json!({ "metadata": { "name": "iris", "uid": uid }, "status": { "podIP": "10.0.0.1" } });
        let led = |uid: &str| {
            let mut pod = pod(uid);
            doors.lead(&mut pod);
            let address: Ipv4Addr =
                serde_json::from_value(pod["status"]["podIP"].clone()).expect("an address");
            assert_eq!(pod["status"]["podIPs"], json!([{ "ip": address }]));
            assert!(address.is_loopback(), "{address}");
            address
        };
        let first = led("1");
        assert_eq!(led("1"), first);
        assert_ne!(led("2"), first);
        let mut waits = json!({ "metadata": { "name": "iris", "uid": "3" }, "status": {} });
        doors.lead(&mut waits);
        assert_eq!(waits["status"], json!({}));
    }

    #[tokio::test]
    async fn what_is_said_at_a_door_is_said_by_whoever_stands_there() {
        let said: StandIn =
            Arc::new(|pod, page| (pod == "iris" && page == "/alive").then(|| Said::Moved("/api".to_owned())));
        let api_server = SocketAddr::from(([127, 0, 0, 1], 1));
        let port = free_port();
        let doors = Doors::new(Arc::new(Mutex::new(Some(said))), api_server, port);
        let mut pod =
            json!({ "metadata": { "name": "iris", "uid": "1" }, "status": { "podIP": "127.0.0.1" } });
        doors.lead(&mut pod);
        let address: IpAddr = serde_json::from_value(pod["status"]["podIP"].clone()).expect("an address");
        let answer = auriga_e2e::get((address, port).into(), "/alive")
            .await
            .expect("an answer");
        assert_eq!(answer.code, 301);
    }
}
