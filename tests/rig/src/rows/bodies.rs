//! Requests as large as a server takes them, many at once, to a Model whose pod may have little memory.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use auriga_crds::Condition;
use auriga_e2e::{Manifest, Space, ready};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use super::memory::was_killed;
use crate::{
    clients::Clients,
    finding::attempt,
    objects::{POD, exactly, label},
    scene::{Scene, seconds_until, within},
};

/// The Model that is asked.
const HUNGRY: &str = "hungry";
/// The most rows that a request may have, and the bytes of each: together a little less than a body may have.
const ROWS: usize = 10_000;
const ROW_BYTES: usize = 200;
/// How many requests are under way at any time.
const AT_ONCE: usize = 32;
/// For how long they are sent.
const TIME: Duration = Duration::from_secs(25);

/// What came of it.
pub(super) struct Outcome {
    /// How often each status was answered.
    answers: Answers,
    /// How long after the pod was killed that was told with its limit, in seconds; `None`: it was not killed.
    pub(super) told: Option<f64>,
}

#[derive(Clone, Copy, Default)]
struct Answers {
    well: usize,
    refused: usize,
    wrong: usize,
    none: usize,
}

/// Sends them to a Model whose pod may have so much memory, or as much as by default; another one is asked all the time.
///
/// Errors: the other one did not answer each request; an answer is neither 200 nor a refusal; it was killed and does not say so.
pub(super) async fn large(scene: &Scene<'_>, limit: Option<&str>) -> Result<Outcome, String> {
    let space = &scene.space;
    scene.on_a_claim().await;
    space.iris_data(HUNGRY).await;
    let mut hungry = Manifest::iris(HUNGRY);
    if let Some(limit) = limit {
        hungry = hungry.with("/spec/serving/resources", exactly("memory", limit));
    }
    space.apply(&hungry).await;
    space.serves(HUNGRY, 1).await;
    space.answers_with(HUNGRY, 1, auriga_e2e::IRIS_ROW).await;
    space.answers_with("iris", 1, auriga_e2e::IRIS_ROW).await;
    let clients = Clients::begin(space).await;
    let address = space.address(HUNGRY).await;
    let (answers, told) = tokio::join!(flood(address), watch(space, limit));
    let neighbor = clients.end().await;
    neighbor
        .all_well()
        .map_err(|words| format!("another Model: {words}"))?;
    let told = told?;
    if answers.wrong > 0 {
        return Err(format!("{} answers are neither 200 nor refusals", answers.wrong));
    }
    if answers.well == 0 || (told.is_none() && answers.none > 0) {
        return Err(format!(
            "{} answers, {} requests without one",
            answers.well, answers.none
        ));
    }
    // It is started anew, later each time.
    attempt(space.answers(HUNGRY, auriga_e2e::IRIS_ROW, 90)).await?;
    attempt(space.ready_within(HUNGRY, 90)).await?;
    Ok(Outcome { answers, told })
}

impl Outcome {
    /// For people.
    pub(super) fn words(&self, limit: &str) -> String {
        let Answers {
            well, refused, none, ..
        } = self.answers;
        let what = self.told.map_or_else(
            || "not killed".to_owned(),
            |told| format!("killed, told after {told:.1} s"),
        );
        format!(
            "a pod with {limit} and {AT_ONCE} requests of {:.1} MB at once {what}: {well} answers, {refused} refused, {none} \
             without an answer",
            (ROWS * ROW_BYTES) as f64 / 1e6
        )
    }
}

/// Sends requests for as long as that is to be.
async fn flood(address: SocketAddr) -> Answers {
    let request = Arc::new(request());
    let until = Instant::now() + TIME;
    let mut clients = JoinSet::new();
    for _ in 0..AT_ONCE {
        let request = Arc::clone(&request);
        clients.spawn(async move {
            let mut answers = Answers::default();
            while Instant::now() < until {
                match timeout(Duration::from_secs(40), ask(address, &request)).await {
                    Ok(Ok(200)) => answers.well += 1,
                    // Too many of them, too large, too slow.
                    Ok(Ok(400..=499 | 503)) => answers.refused += 1,
                    Ok(Ok(_)) => answers.wrong += 1,
                    Ok(Err(_)) | Err(_) => {
                        answers.none += 1;
                        sleep(Duration::from_millis(200)).await;
                    }
                }
            }
            answers
        });
    }
    let mut all = Answers::default();
    while let Some(Ok(one)) = clients.join_next().await {
        all.well += one.well;
        all.refused += one.refused;
        all.wrong += one.wrong;
        all.none += one.none;
    }
    all
}

/// The status of the answer to one request.
async fn ask(address: SocketAddr, request: &[u8]) -> std::io::Result<u16> {
    let mut stream = TcpStream::connect(address).await?;
    let mut answer = Vec::new();
    {
        let (mut read, mut write) = stream.split();
        // One that is refused is answered before all of it is sent.
        let (_, got) = tokio::join!(write.write_all(request), read.read_to_end(&mut answer));
        if answer.is_empty() {
            got?;
        }
    }
    let status = answer
        .get(9..12)
        .and_then(|digits| std::str::from_utf8(digits).ok());
    let status = status.and_then(|digits| digits.parse().ok());
    status.ok_or_else(|| std::io::Error::other("there is no status"))
}

/// A request with as many rows as may be, and nearly as many bytes.
fn request() -> Vec<u8> {
    let names = ["sepal length", "sepal width", "petal length", "petal width"];
    let columns: Vec<String> = names.iter().map(|name| format!("\"{name}\":1.5")).collect();
    let row = format!("{{{}}},", columns.join(","));
    let row = format!("{row:<ROW_BYTES$}");
    let rows = row.repeat(ROWS);
    let body = format!("[{}]", rows.trim_end().trim_end_matches(','));
    let head = format!(
        "POST /predict HTTP/1.1\r\nhost: {HUNGRY}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body.into_bytes()].concat()
}

/// Waits until the pod of the Model is killed, and then until that is told.
///
/// Errors: it is not told within a minute.
async fn watch(space: &Space, limit: Option<&str>) -> Result<Option<f64>, String> {
    let killed = within(TIME.as_secs_f64(), "its pod is killed", async || {
        let pods = space.list(POD.0, POD.1).await;
        let is_it = |pod: &serde_json::Value| label(pod, "auriga.dev/model") == HUNGRY;
        pods.iter().any(|pod| is_it(pod) && was_killed(pod))
    });
    if killed.await.is_err() {
        return Ok(None);
    }
    let limit = limit.unwrap_or("1Gi");
    let mut words = String::new();
    let told = attempt(seconds_until(60, "the limit is told", async || {
        let model = space.model(HUNGRY).await;
        words = ready(&model).map_or_else(|| "nothing".to_owned(), |ready| ready.message.clone());
        let says_it = |one: &Condition| one.reason == "OOMKilled" && one.message.contains(limit);
        let status = model.status.unwrap_or_default();
        status.conditions.iter().any(says_it).then_some(())
    }));
    match told.await {
        Ok((took, ())) => Ok(Some(took)),
        Err(late) => Err(format!(
            "was killed for want of memory, {late}; it says {words:?}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_as_large_as_a_server_takes_it() {
        let request = String::from_utf8(request()).unwrap();
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let rows: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(rows.as_array().map(Vec::len), Some(ROWS));
        assert!(
            head.ends_with(&format!("content-length: {}", body.len())),
            "{head}"
        );
        assert!((1_900_000..2 << 20).contains(&body.len()), "{}", body.len());
    }
}
