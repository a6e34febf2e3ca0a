//! Asks an API server through `kubectl proxy`, which knows the credentials: a request costs both sides the same.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::until;
use crate::process::Process;

/// An API server, as long as this value lives.
pub(crate) struct Api {
    authority: String,
    _proxy: Process,
}

impl Api {
    /// Starts a proxy on any port.
    pub(crate) fn start(kubectl: &Path, kubeconfig: &Path) -> Result<Api> {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM"]).arg(kubectl);
        command.env("KUBECONFIG", kubeconfig).args(["proxy", "--port=0"]);
        let mut proxy = Process::start(
            "kubectl proxy",
            command.stdin(Stdio::null()).stdout(Stdio::piped()),
        )?;
        let output = proxy
            .child()
            .stdout
            .take()
            .context("kubectl proxy has no output")?;
        let mut line = String::new();
        BufReader::new(output)
            .read_line(&mut line)
            .context("kubectl proxy says nothing")?;
        let authority = line.trim().rsplit(' ').next().unwrap_or_default().to_owned();
        Ok(Api {
            authority,
            _proxy: proxy,
        })
    }

    /// The object at this path; `None` if there is none.
    pub(crate) fn get(&self, path: &str) -> Result<Option<Value>> {
        match self.ask("GET", path, "")? {
            (404, _) => Ok(None),
            (200, body) => Ok(Some(
                serde_json::from_str(&body).context("the API server sent no JSON")?,
            )),
            (code, body) => bail!("GET {path}: {code}: {body}"),
        }
    }

    /// Makes an object in a namespace, or outside of all if that is empty.
    pub(crate) fn create(&self, namespace: &str, object: &Value) -> Result<()> {
        let path = collection(namespace, object)?;
        let (code, body) = self.ask("POST", &path, &object.to_string())?;
        if code != 201 {
            bail!("POST {path}: {code}: {body}");
        }
        Ok(())
    }

    /// Deletes what is at this path, and waits until it is gone.
    pub(crate) fn delete_and_wait(&self, path: &str) -> Result<()> {
        self.ask("DELETE", path, "")?;
        until("what is to be deleted is gone", || Ok(self.get(path)?.is_none()))
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Result<(u16, String)> {
        let mut stream = TcpStream::connect(&self.authority).context("kubectl proxy does not listen")?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let head = format!(
            "{method} {path} HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all((head + body).as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).context("no whole answer")?;
        let (head, body) = answer.split_once("\r\n\r\n").context("no whole answer")?;
        let code = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        Ok((code.context("an answer without a code")?, body.to_owned()))
    }
}

/// Where objects like this one are made.
fn collection(namespace: &str, object: &Value) -> Result<String> {
    let text = |field: &str| {
        object[field]
            .as_str()
            .with_context(|| format!("an object has no {field}"))
    };
    let version = text("apiVersion")?;
    let root = if version.contains('/') { "apis" } else { "api" };
    let kind = text("kind")?.to_lowercase();
    let place = if namespace.is_empty() {
        String::new()
    } else {
        format!("/namespaces/{namespace}")
    };
    Ok(format!("/{root}/{version}{place}/{kind}s"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn objects_are_made_where_their_kind_lies() {
        let check = |namespace: &str, version: &str, kind: &str, expected: &str| {
            let object = json!({ "apiVersion": version, "kind": kind });
            assert_eq!(collection(namespace, &object).unwrap(), expected);
        };
        check("", "v1", "Namespace", "/api/v1/namespaces");
        check("a", "v1", "ConfigMap", "/api/v1/namespaces/a/configmaps");
        check("a", "batch/v1", "Job", "/apis/batch/v1/namespaces/a/jobs");
        assert!(collection("a", &json!({})).is_err());
    }
}
