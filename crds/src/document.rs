//! YAML documents with the place of every field.

use std::collections::BTreeMap;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};
use serde_saphyr::{Location, Spanned};

use crate::{Fault, Faults, Position};

/// The longest manifest read: as long as the longest object a cluster takes.
const MAX_BYTES: usize = 1_572_864;

/// One YAML document: its value, and where each of its fields stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// The value as JSON.
    pub value: Value,
    positions: BTreeMap<String, Position>,
}

impl Document {
    /// A value that came from no text.
    pub fn from_value(value: Value) -> Document {
        Document {
            value,
            positions: BTreeMap::new(),
        }
    }

    /// `kind`, or an empty text.
    pub fn kind(&self) -> &str {
        self.value.get("kind").and_then(Value::as_str).unwrap_or_default()
    }

    /// `metadata.name`, or an empty text.
    pub fn name(&self) -> &str {
        self.value
            .pointer("/metadata/name")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// Where the field at `path` (as in [`Fault::path`]) stands, or else the nearest field around it.
    pub fn position(&self, path: &str) -> Option<Position> {
        let mut path = path;
        loop {
            if let Some(position) = self.positions.get(path) {
                return Some(*position);
            }
            path = match path.rfind(['.', '[']) {
                Some(at) => &path[..at],
                None if path.is_empty() => return None,
                None => "",
            };
        }
    }
}

/// Reads all documents of a YAML text; empty ones are left out.
///
/// Errors: text that is not YAML, a key twice, a number that JSON has no form for, or a text above 1.5 MiB.
pub fn read(text: &str) -> Result<Vec<Document>, Faults> {
    let fault = |message: String, position| {
        Faults(vec![Fault {
            path: String::new(),
            message,
            position,
        }])
    };
    if text.len() > MAX_BYTES {
        return Err(fault(
            format!(
                "the manifest has {} bytes; at most {MAX_BYTES} are read",
                text.len()
            ),
            None,
        ));
    }
    let nodes: Vec<Spanned<Node>> = serde_saphyr::from_multiple(text).map_err(|error| {
        let position = error.location().map(|at| Position {
            line: at.line(),
            column: at.column(),
        });
        fault(words(error.without_snippet()), position)
    })?;
    let mut documents = Vec::new();
    for node in nodes {
        let mut positions = BTreeMap::new();
        let value = node.into_value("", &mut positions);
        if !value.is_null() {
            documents.push(Document { value, positions });
        }
    }
    Ok(documents)
}

/// What the parser found, in our words where its own speak of its settings, and without the place, which stands before.
fn words(error: &serde_saphyr::Error) -> String {
    use serde_saphyr::Error;
    match error {
        Error::AliasError { error, .. } => words(error),
        Error::NonFiniteFloat { value, .. } => format!("{value} is not a finite number; write one"),
        Error::DuplicateMappingKey { key: Some(key), .. } => {
            format!("the key {key} occurs twice in one map; remove one")
        }
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => {
            "too large or too deep with its aliases written out; make it smaller".to_owned()
        }
        other => {
            let text = other.to_string();
            let line = text.lines().next().unwrap_or_default();
            let what = line.split(" at line ").next().unwrap_or_default();
            format!("not valid YAML: {what}")
        }
    }
}

/// One step further in on a path.
#[derive(Clone, Copy)]
pub(crate) enum Step<'a> {
    /// Of a map.
    Key(&'a str),
    /// Of a list.
    Index(usize),
}

impl Step<'_> {
    pub(crate) fn append_to(self, path: &mut String) {
        match self {
            Step::Key(key) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(key);
            }
            Step::Index(at) => path.push_str(&format!("[{at}]")),
        }
    }

    fn after(self, path: &str) -> String {
        let mut longer = path.to_owned();
        self.append_to(&mut longer);
        longer
    }
}

/// `path` with a key of a map.
pub(crate) fn child(path: &str, key: &str) -> String {
    Step::Key(key).after(path)
}

/// `path` with an index of a list.
pub(crate) fn item(path: &str, at: usize) -> String {
    Step::Index(at).after(path)
}

/// A YAML node whose inner nodes know their places. Serde's own `Value` forgets them.
enum Node {
    Scalar(Value),
    List(Vec<Spanned<Node>>),
    Map(Vec<(Spanned<String>, Spanned<Node>)>),
}

trait IntoValue {
    fn into_value(self, path: &str, positions: &mut BTreeMap<String, Position>) -> Value;
}

impl IntoValue for Spanned<Node> {
    fn into_value(self, path: &str, positions: &mut BTreeMap<String, Position>) -> Value {
        // A key's place was noted before its value is met: it is where people look for the field.
        let here = place(self.referenced);
        positions.entry(path.to_owned()).or_insert(here);
        match self.value {
            Node::Scalar(value) => value,
            Node::List(nodes) => {
                let items = nodes.into_iter().enumerate();
                Value::Array(
                    items
                        .map(|(at, node)| node.into_value(&item(path, at), positions))
                        .collect(),
                )
            }
            Node::Map(entries) => {
                let mut fields = Map::new();
                for (key, node) in entries {
                    let path = child(path, &key.value);
                    positions.insert(path.clone(), place(key.referenced));
                    fields.insert(key.value, node.into_value(&path, positions));
                }
                Value::Object(fields)
            }
        }
    }
}

fn place(location: Location) -> Position {
    Position {
        line: location.line(),
        column: location.column(),
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Node, E> {
        let number = serde_json::Number::from_f64(value)
            .ok_or_else(|| E::custom(format!("{value} is not a finite number")))?;
        Ok(Node::Scalar(number.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = items.next_element()? {
            nodes.push(node);
        }
        Ok(Node::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = fields.next_entry()? {
            entries.push(entry);
        }
        Ok(Node::Map(entries))
    }
}

#[cfg(test)]
mod tests;
