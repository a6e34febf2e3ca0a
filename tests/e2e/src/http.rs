//! Asks over HTTP/1.1 without a retry: what fails, fails.

use std::{net::SocketAddr, time::Duration};

use http_body_util::{BodyExt as _, Empty};
use hyper::{Request, body::Bytes, client::conn::http1::SendRequest, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{net::TcpStream, time::timeout};

/// No answer takes longer than that on a machine that is not overloaded beyond use.
const DEADLINE: Duration = Duration::from_secs(10);

/// An answer to a request.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub code: u16,
    /// What `X-Model-Version` says.
    pub version: Option<i64>,
    /// The body.
    pub body: String,
}

impl Answer {
    /// The body as JSON; `Null` if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }
}

/// A connection that is kept.
#[derive(Debug)]
pub(crate) struct Connection {
    sender: SendRequest<Empty<Bytes>>,
    /// The server said that it closes it, or it broke.
    is_over: bool,
}

impl Connection {
    /// Connects to `address`.
    pub(crate) async fn open(address: SocketAddr) -> Result<Connection, String> {
        let stream = timeout(DEADLINE, TcpStream::connect(address)).await;
        let stream = stream.map_err(|_| "cannot connect in time".to_owned())?;
        let stream = stream.map_err(|error| format!("cannot connect: {error}"))?;
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| error.to_string())?;
        tokio::spawn(connection);
        Ok(Connection {
            sender,
            is_over: false,
        })
    }

    /// Whether the server has closed it, or said that it will: no request can be sent on it any more.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over || self.sender.is_closed()
    }

    /// `GET path`; `close` asks the server to close the connection after its answer.
    pub(crate) async fn get(&mut self, path: &str, close: bool) -> Result<Answer, String> {
        let mut request = Request::get(path).header(header::HOST, "iris");
        if close {
            request = request.header(header::CONNECTION, "close");
        }
        let request = request.body(Empty::new()).expect("the path is one");
        let answer = timeout(DEADLINE, self.answer(request)).await;
        let answer = answer.unwrap_or_else(|_| Err("no answer in time".to_owned()));
        self.is_over |= answer.is_err();
        answer
    }

    async fn answer(&mut self, request: Request<Empty<Bytes>>) -> Result<Answer, String> {
        let in_words = |error: hyper::Error| format!("{error:?}");
        let response = self.sender.send_request(request).await.map_err(in_words)?;
        let (head, body) = response.into_parts();
        let text = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
        self.is_over = text("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        let body = body.collect().await.map_err(in_words)?.to_bytes();
        Ok(Answer {
            code: head.status.as_u16(),
            version: text("x-model-version").and_then(|version| version.parse().ok()),
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    }
}

/// `GET path` on a connection of its own.
pub async fn get(address: SocketAddr, path: &str) -> Result<Answer, String> {
    Connection::open(address).await?.get(path, true).await
}
