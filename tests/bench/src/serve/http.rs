//! One request at a time, to learn whether a server answers as it should.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use anyhow::{Context, Result, ensure};

/// What every server is asked, and what its answer holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// Host and port.
    pub(crate) authority: String,
    /// Path and query.
    pub(crate) path: &'static str,
    /// JSON to POST; a GET without it.
    pub(crate) body: Option<&'static str>,
    /// What a right answer holds, apart from spaces.
    pub(crate) expects: &'static str,
}

/// A server that takes longer to answer one request is not ready.
const PATIENCE: Duration = Duration::from_secs(5);

impl Request {
    /// As a load generator takes it.
    pub(crate) fn url(&self) -> String {
        format!("http://{}{}", self.authority, self.path)
    }

    /// Asks once.
    ///
    /// Errors: nobody listens, or the answer is not the right one.
    pub(crate) fn ask(&self) -> Result<()> {
        let mut stream = TcpStream::connect(&self.authority).context("nobody listens")?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(self.text().as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).context("no whole answer")?;
        self.check(&answer)
    }

    fn text(&self) -> String {
        let (method, body) = self.body.map_or(("GET", ""), |body| ("POST", body));
        let mut text = format!(
            "{method} {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n",
            self.path, self.authority
        );
        if self.body.is_some() {
            text += &format!(
                "Content-Type: application/json\r\nContent-Length: {}\r\n",
                body.len()
            );
        }
        text + "\r\n" + body
    }

    fn check(&self, answer: &str) -> Result<()> {
        let first = answer.lines().next().unwrap_or_default();
        ensure!(
            first.split(' ').nth(1) == Some("200"),
            "the answer is \"{first}\""
        );
        let dense: String = answer.chars().filter(|c| !c.is_whitespace()).collect();
        ensure!(
            dense.contains(self.expects),
            "the answer lacks \"{}\": {}",
            self.expects,
            answer.lines().last().unwrap_or_default()
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_answer_counts() {
        let request = Request {
            authority: "127.0.0.1:1".to_owned(),
            path: "/predict",
            body: Some("{}"),
            expects: "\"data\":[1]",
        };
        let check = |answer: &str, expected| assert_eq!(request.check(answer).is_ok(), expected, "{answer}");
        check("HTTP/1.1 200 OK\r\n\r\n{\"data\": [1]}", true);
        check("HTTP/1.1 200 OK\r\n\r\n{\"data\": [2]}", false);
        check("HTTP/1.1 500 Error\r\n\r\n{\"data\": [1]}", false);
        check("", false);
        assert_eq!(
            request.text(),
            "POST /predict HTTP/1.1\r\nHost: 127.0.0.1:1\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
        );
    }
}
