//! A client that shows every byte: what it sends is written here, what comes back is read here.

use std::{net::SocketAddr, time::Duration};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// Nothing in these tests takes this long, unless it is broken.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// One connection, kept open between requests.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    unread: Vec<u8>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) text: String,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Client {
        Client {
            stream: TcpStream::connect(address).await.unwrap(),
            unread: Vec::new(),
        }
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    pub(crate) async fn get(&mut self, target: &str) -> Answer {
        self.request("GET", target, "").await
    }

    pub(crate) async fn post(&mut self, target: &str, body: &str) -> Answer {
        self.request("POST", target, body).await
    }

    pub(crate) async fn request(&mut self, method: &str, target: &str, body: &str) -> Answer {
        let request = format!("{}{body}", head(method, target, body.len()));
        self.send(&request).await;
        let answer = self.answer(method != "HEAD").await;
        answer.expect("the connection was closed without an answer")
    }

    /// The next answer; `None` if the connection is closed instead.
    pub(crate) async fn answer(&mut self, has_body: bool) -> Option<Answer> {
        timeout(DEADLINE, self.read_answer(has_body))
            .await
            .expect("an answer in time")
    }

    /// Waits for the word that the body may come.
    pub(crate) async fn go_on(&mut self) {
        const WORD: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
        let more = async {
            while self.unread.len() < WORD.len() {
                self.more().await.expect("the connection stays open");
            }
        };
        timeout(DEADLINE, more).await.expect("the word in time");
        assert_eq!(self.unread, WORD);
        self.unread.clear();
    }

    /// Waits until the server closes the connection.
    pub(crate) async fn closed(&mut self) {
        let answer = self.answer(true).await;
        assert!(answer.is_none(), "closed without an answer, but got {answer:?}");
    }

    async fn read_answer(&mut self, has_body: bool) -> Option<Answer> {
        let end = loop {
            match self.unread.windows(4).position(|window| window == b"\r\n\r\n") {
                Some(end) => break end,
                None => self.more().await?,
            }
        };
        let head = String::from_utf8(self.unread[..end].to_vec()).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers: Vec<(String, String)> = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let length = headers.iter().find(|(name, _)| name == "content-length").unwrap();
        let length: usize = if has_body { length.1.parse().unwrap() } else { 0 };
        let whole = end + 4 + length;
        while self.unread.len() < whole {
            self.more().await?;
        }
        let text = String::from_utf8(self.unread[end + 4..whole].to_vec()).unwrap();
        self.unread.drain(..whole);
        Some(Answer {
            status,
            headers,
            text,
        })
    }

    async fn more(&mut self) -> Option<()> {
        let mut buffer = [0; 4096];
        match self.stream.read(&mut buffer).await {
            Ok(0) | Err(_) => None,
            Ok(n_bytes) => {
                self.unread.extend_from_slice(&buffer[..n_bytes]);
                Some(())
            }
        }
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// Status, code and message of an error answer, whose shape is checked.
    pub(crate) fn error(&self) -> (u16, i64, String) {
        let json = self.json();
        let metadata = &json["metadata"];
        assert_eq!(metadata["status"], "ERROR", "{}", self.text);
        assert_eq!(metadata["service_name"], "iris", "{}", self.text);
        assert_eq!(json.as_object().unwrap().len(), 1, "{}", self.text);
        let message = metadata["error_message"].as_str().unwrap().to_owned();
        (self.status, metadata["error_code"].as_i64().unwrap(), message)
    }
}

pub(crate) fn head(method: &str, target: &str, length: usize) -> String {
    format!("{method} {target} HTTP/1.1\r\nhost: iris\r\ncontent-length: {length}\r\n\r\n")
}
