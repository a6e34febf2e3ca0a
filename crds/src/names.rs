//! Names, version numbers and digests as types of their own: what is not well-formed cannot be built.

use std::{fmt, num::NonZeroU64, str::FromStr};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// A text that is not a name, number or digest.
#[derive(Debug, Error, PartialEq)]
#[error("{what} \"{value}\" is not valid: {rule}")]
pub struct NameError {
    /// What was to be named, such as `model name`.
    pub what: &'static str,
    /// The text, cut to 80 characters.
    pub value: String,
    /// What is allowed.
    pub rule: &'static str,
}

impl NameError {
    fn new(what: &'static str, value: &str, rule: &'static str) -> NameError {
        NameError {
            what,
            value: value.chars().take(80).collect(),
            rule,
        }
    }
}

/// The name of a Model: a DNS-1035 label of at most 52 characters, because its Service has the same name and its
/// Deployments add up to eleven characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModelName(String);

/// The longest name of a Model.
pub const MODEL_NAME_MAX: usize = 52;

/// The name of a namespace: a DNS-1123 label of at most 63 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Namespace(String);

/// `<namespace>/<model>`: the key of a model's versions in a store that teams may share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelKey {
    /// The Model's namespace; `default` on a laptop.
    pub namespace: Namespace,
    /// The Model's name.
    pub model: ModelName,
}

/// The number of a version: from 1 upwards, unique per model, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VersionNumber(NonZeroU64);

/// The sha256 of some bytes, written `sha256:<64 hex digits>`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

fn is_label(text: &str, max: usize, first: impl Fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    let inner = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
    !bytes.is_empty()
        && bytes.len() <= max
        && bytes.iter().all(inner)
        && first(bytes[0])
        && bytes[bytes.len() - 1] != b'-'
}

macro_rules! label {
    ($name:ident, $what:literal, $max:expr, $first:expr, $rule:literal) => {
        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<$name, NameError> {
                if is_label(text, $max, $first) {
                    Ok($name(text.to_owned()))
                } else {
                    Err(NameError::new($what, text, $rule))
                }
            }
        }
        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(text: String) -> Result<$name, NameError> {
                text.parse()
            }
        }
        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

label!(
    ModelName,
    "model name",
    MODEL_NAME_MAX,
    |byte| byte.is_ascii_lowercase(),
    "use at most 52 lower-case letters, digits and \"-\", starting with a letter and not ending with \"-\""
);
label!(
    Namespace,
    "namespace",
    63,
    |byte| byte != b'-',
    "use at most 63 lower-case letters, digits and \"-\", neither starting nor ending with \"-\""
);

impl FromStr for ModelKey {
    type Err = NameError;
    fn from_str(text: &str) -> Result<ModelKey, NameError> {
        let (namespace, model) = text
            .split_once('/')
            .ok_or_else(|| NameError::new("model key", text, "write <namespace>/<model>"))?;
        Ok(ModelKey {
            namespace: namespace.parse()?,
            model: model.parse()?,
        })
    }
}

impl fmt::Display for ModelKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.model)
    }
}

impl VersionNumber {
    /// The first version of every model.
    pub const FIRST: VersionNumber = VersionNumber(NonZeroU64::MIN);

    /// `None` for 0: versions count from 1.
    pub fn new(number: u64) -> Option<VersionNumber> {
        NonZeroU64::new(number).map(VersionNumber)
    }

    /// The number.
    pub fn get(self) -> u64 {
        self.0.get()
    }

    /// The number after this one; `None` at the end of 64 bits.
    pub fn next(self) -> Option<VersionNumber> {
        self.0.checked_add(1).map(VersionNumber)
    }
}

impl fmt::Display for VersionNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for VersionNumber {
    type Err = NameError;
    fn from_str(text: &str) -> Result<VersionNumber, NameError> {
        text.parse().map(VersionNumber).map_err(|_| {
            NameError::new(
                "version",
                text,
                "versions are whole numbers from 1 to 18446744073709551615",
            )
        })
    }
}

impl Digest {
    /// The sha256 of `bytes`.
    pub fn of(bytes: &[u8]) -> Digest {
        Digest(Sha256::digest(bytes).into())
    }

    /// The sha256 of a value as JSON. serde_json keeps the keys of its own maps sorted and prints a number the same way each
    /// time: equal values of its have equal texts.
    pub fn of_json(value: &impl Serialize) -> Digest {
        let text = serde_json::to_vec(value).expect("what is hashed has only text keys and finite numbers");
        Digest::of(&text)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The 64 hex digits, without the leading `sha256:`.
    pub fn hex(&self) -> String {
        let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value)]);
        let digits = self
            .0
            .iter()
            .flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]);
        digits.collect()
    }
}

impl From<[u8; 32]> for Digest {
    fn from(bytes: [u8; 32]) -> Digest {
        Digest(bytes)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Digest, NameError> {
        let error = || NameError::new("digest", text, "write sha256: and 64 lower-case hex digits");
        let hex = text.strip_prefix("sha256:").ok_or_else(error)?.as_bytes();
        if hex.len() != 64 || !hex.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(error());
        }
        let digit = |byte: u8| {
            if byte.is_ascii_digit() {
                byte - b'0'
            } else {
                byte - b'a' + 10
            }
        };
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(hex.chunks_exact(2)) {
            *byte = digit(pair[0]) << 4 | digit(pair[1]);
        }
        Ok(Digest(bytes))
    }
}

impl TryFrom<String> for Digest {
    type Error = NameError;
    fn try_from(text: String) -> Result<Digest, NameError> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_name_is_a_dns_1035_label_of_at_most_52_characters() {
        for good in ["iris", "a", "a-1", &"a".repeat(52)] {
            assert!(good.parse::<ModelName>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "1a",
            "-a",
            "a-",
            "A",
            "a.b",
            "a/b",
            "..",
            "a\0",
            "é",
            &"a".repeat(53),
        ] {
            assert!(bad.parse::<ModelName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_digest_reads_back_what_it_prints() {
        let digest = Digest::of(b"auriga");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert!(
            digest.hex().parse::<Digest>().is_err(),
            "the prefix is part of it"
        );
        assert!(
            format!("sha256:{}", digest.hex().to_uppercase())
                .parse::<Digest>()
                .is_err()
        );
    }

    #[test]
    fn versions_count_from_one() {
        assert_eq!(
            "0".parse::<VersionNumber>().unwrap_err().rule,
            "versions are whole numbers from 1 to 18446744073709551615"
        );
        assert_eq!(VersionNumber::FIRST.next().map(VersionNumber::get), Some(2));
    }
}
