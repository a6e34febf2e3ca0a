//! What a request asks of the API server.

mod look;

use std::{fmt, str::FromStr};

use hyper::Method;
use serde::Serialize;
use serde_json::Value;

pub(crate) use look::Look;

use crate::{objects::name, oracle::plain};

/// All that a write can do.
const VERBS: [&str; 4] = ["create", "patch", "update", "delete"];

/// A write as it comes again in each run: its verb and what it is done to, such as `create jobs iris-*` or
/// `patch models/status iris`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub(crate) struct Write {
    /// `create`, `patch`, `update` or `delete`.
    pub(crate) verb: &'static str,
    /// The resource, with its subresource.
    pub(crate) resource: String,
    /// The object's name, without what is drawn anew in each run.
    pub(crate) name: String,
}

/// What a request is to the rig.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// It reads, or watches.
    Read,
    /// It keeps a Lease, or tells an event: nothing rests on how often.
    Aside,
    /// It changes what the operator is there to change.
    Write(Write),
}

impl Request {
    /// Told by the method, the path, and for what is made by the name in its body.
    pub(crate) fn of(method: &Method, path: &str, body: &[u8]) -> Request {
        let verb = match *method {
            Method::POST => "create",
            Method::PATCH => "patch",
            Method::PUT => "update",
            Method::DELETE => "delete",
            _ => return Request::Read,
        };
        let (resource, name) = resource(path);
        if ["events", "leases"].contains(&resource.as_str()) {
            return Request::Aside;
        }
        let name = name.map_or_else(|| name_in(body), str::to_owned);
        Request::Write(Write {
            verb,
            resource,
            name: plain(&name),
        })
    }
}

/// The name of the object that is made of `body`.
fn name_in(body: &[u8]) -> String {
    let object: Value = serde_json::from_slice(body).unwrap_or_default();
    name(&object).to_owned()
}

/// `jobs` or `models/status`, and the name if there is one, of
/// `/apis/<group>/<version>/namespaces/<namespace>/<resource>/<name>/<subresource>`.
pub(crate) fn resource(path: &str) -> (String, Option<&str>) {
    let mut parts = path.trim_matches('/').split('/');
    let to_skip = if parts.next() == Some("apis") { 2 } else { 1 };
    let mut parts = parts.skip(to_skip).peekable();
    if parts.peek() == Some(&"namespaces") {
        parts.next();
        parts.next();
    }
    let resource = parts.next().unwrap_or_default();
    let name = parts.next();
    match parts.next() {
        Some(part) => (format!("{resource}/{part}"), name),
        None => (resource.to_owned(), name),
    }
}

/// The first, second, … of equal writes in a workload.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub(crate) struct Nth {
    /// The write.
    pub(crate) write: Write,
    /// Counted from 1.
    pub(crate) number: usize,
}

impl Nth {
    /// Whether it is `other`; one without a name is of any name.
    pub(crate) fn is(&self, other: &Nth) -> bool {
        let (own, others) = (&self.write, &other.write);
        self.number == other.number
            && (own.verb, &own.resource) == (others.verb, &others.resource)
            && (own.name.is_empty() || own.name == others.name)
    }
}

impl fmt::Display for Nth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Write { verb, resource, name } = &self.write;
        write!(f, "{verb} {resource} {name} #{}", self.number)
    }
}

impl FromStr for Nth {
    type Err = String;

    fn from_str(text: &str) -> Result<Nth, String> {
        let wrong = || "a write is written such as 'patch services iris #1'".to_owned();
        let mut words = text.split(' ');
        let (Some(verb), Some(resource)) = (words.next(), words.next()) else {
            return Err(wrong());
        };
        let (Some(name), Some(number), None) = (words.next(), words.next(), words.next()) else {
            return Err(wrong());
        };
        let number = number.strip_prefix('#').and_then(|number| number.parse().ok());
        let write = Write {
            verb: by_word("verb", &VERBS, |verb| verb, verb)?,
            resource: resource.to_owned(),
            name: name.to_owned(),
        };
        let number = number.filter(|&number| number > 0).ok_or_else(wrong)?;
        Ok(Nth { write, number })
    }
}

/// What is done to a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Fault {
    /// The operator is killed before the API server hears of it.
    KillBefore,
    /// The operator is killed after it was done and before it hears so.
    KillAfter,
    /// It is done, and the answer is lost.
    LoseReply,
    /// It is refused with 409.
    Conflict,
    /// It is refused with 422.
    Unprocessable,
    /// It is refused with 429, to be tried again after a second.
    Throttle,
    /// It is refused with 500.
    Fail,
    /// It is done five seconds late.
    Delay,
}

impl Fault {
    /// All of them, gravest first.
    pub(crate) const ALL: [Fault; 8] = [
        Fault::KillBefore,
        Fault::KillAfter,
        Fault::LoseReply,
        Fault::Conflict,
        Fault::Unprocessable,
        Fault::Throttle,
        Fault::Fail,
        Fault::Delay,
    ];

    /// As flags and tables write it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Fault::KillBefore => "kill-before",
            Fault::KillAfter => "kill-after",
            Fault::LoseReply => "lose-reply",
            Fault::Conflict => "409",
            Fault::Unprocessable => "422",
            Fault::Throttle => "429",
            Fault::Fail => "500",
            Fault::Delay => "delay",
        }
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(word: &str) -> Result<Fault, String> {
        by_word("fault", &Fault::ALL, Fault::word, word)
    }
}

/// The one of `all` that is written so.
///
/// Errors: there is none; the words that there are.
pub(crate) fn by_word<T: Copy>(
    kind: &str,
    all: &[T],
    written: impl Fn(T) -> &'static str,
    word: &str,
) -> Result<T, String> {
    let found = all.iter().find(|one| written(**one) == word);
    found.copied().ok_or_else(|| {
        let words: Vec<&str> = all.iter().map(|one| written(*one)).collect();
        format!("there is no {kind} \"{word}\"; there are {}", words.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_write_is_told_by_its_verb_its_resource_and_its_name() {
        let check = |method: Method, path: &str, expected: &str| {
            let body = json!({ "metadata": { "name": "iris-aadb03e4" } }).to_string();
            let Request::Write(write) = Request::of(&method, path, body.as_bytes()) else {
                panic!("{path} is no write");
            };
            assert_eq!(Nth { write, number: 1 }.to_string(), format!("{expected} #1"));
        };
        check(
            Method::POST,
            "/apis/batch/v1/namespaces/a/jobs",
            "create jobs iris-*",
        );
        let config_map = "/api/v1/namespaces/a/configmaps/iris";
        check(Method::DELETE, config_map, "delete configmaps iris");
        let status = "/apis/auriga.dev/v1alpha1/namespaces/a/models/iris/status";
        check(Method::PATCH, status, "patch models/status iris");
        check(Method::PATCH, "/api/v1/nodes/a", "patch nodes a");
    }

    #[test]
    fn reads_leases_and_events_are_no_writes() {
        let of = |method: Method, path: &str| Request::of(&method, path, b"");
        assert_eq!(of(Method::GET, "/api/v1/pods"), Request::Read);
        let lease = "/apis/coordination.k8s.io/v1/namespaces/a/leases/b";
        assert_eq!(of(Method::PUT, lease), Request::Aside);
        assert_eq!(
            of(Method::POST, "/apis/events.k8s.io/v1/namespaces/a/events"),
            Request::Aside
        );
    }

    #[test]
    fn a_fault_is_read_as_it_is_written() {
        for fault in Fault::ALL {
            assert_eq!(fault.word().parse(), Ok(fault));
        }
        assert!("kill".parse::<Fault>().unwrap_err().contains("kill-before"));
    }
}
