//! Seals a model file with its own digest, and opens it only if the digest fits.

use std::collections::HashMap;

use safetensors::{
    SafeTensors, serialize,
    tensor::{Metadata, TensorView},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use super::{distinct::check_distinct_keys, writer::Tensor};
use crate::LoadError;

/// The newest format version that this build reads, and the one it writes.
pub const FORMAT_VERSION: u64 = 1;
/// Longest header: kinds and shapes take a few kilobytes, and nothing in it grows with data.
const HEADER_MAX: usize = 1 << 20;
const KEY: &str = "auriga";
const LENGTH: usize = 8;
const DIGEST: usize = 64;
/// How every header of ours begins: JSON text within JSON.
const BEGINNING: &[u8] = br#"{"__metadata__":{"auriga":"{\"format\":\"auriga-model\",\"formatVersion\":"#;
const BEFORE_DIGEST: &[u8] = br#",\"digest\":\""#;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Envelope<S> {
    format: String,
    format_version: u64,
    digest: String,
    model: S,
}

/// The bytes of a model file.
pub(super) fn seal(structure: &impl Serialize, tensors: Vec<(String, Tensor)>) -> Vec<u8> {
    let envelope = Envelope {
        format: "auriga-model".to_owned(),
        format_version: FORMAT_VERSION,
        digest: "0".repeat(DIGEST),
        model: structure,
    };
    let envelope = serde_json::to_string(&envelope).expect("a structure has text keys and no failing parts");
    let metadata = HashMap::from([(KEY.to_owned(), envelope)]);
    let mut bytes = serialize(tensors, Some(metadata.into_iter().collect()))
        .expect("tensors are as long as their shapes say, and the header is far below the crate's limit");
    let position = digest_position(&bytes).expect("the header begins as it was just written");
    let digest = digest(&bytes, position);
    bytes[position..position + DIGEST].copy_from_slice(digest.as_bytes());
    bytes
}

/// The structure and tensors of a model file whose digest fits.
pub(super) fn open<S: DeserializeOwned>(
    bytes: &[u8],
) -> Result<(S, Vec<(String, TensorView<'_>)>), LoadError> {
    // First what is ours: the length of a header may happen to look like the beginning of a pickle.
    if !begins_like_a_model(bytes) {
        return Err(foreign(bytes).map_or(LoadError::NotAModel, |found| LoadError::Pickle { found }));
    }
    let header_end = LENGTH + header_length(bytes).unwrap_or(BEGINNING.len());
    if bytes.len() < header_end {
        return Err(LoadError::Truncated {
            found: bytes.len(),
            needed: header_end,
        });
    }
    let position = digest_position(bytes)?;
    if bytes.get(position..position + DIGEST) != Some(digest(bytes, position).as_bytes()) {
        return Err(cut_off(bytes, header_end).unwrap_or(LoadError::Altered));
    }
    check_distinct_keys(&bytes[LENGTH..header_end])?;
    let invalid = |error: safetensors::SafeTensorError| LoadError::invalid(error.to_string());
    let tensors = SafeTensors::deserialize(bytes).map_err(invalid)?;
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(invalid)?;
    let metadata = metadata.metadata().as_ref();
    let text = metadata
        .filter(|metadata| metadata.len() == 1)
        .and_then(|metadata| metadata.get(KEY));
    let text = text.ok_or_else(|| LoadError::invalid("the header does not hold one entry of ours"))?;
    check_distinct_keys(text.as_bytes())?;
    let envelope: Envelope<S> =
        serde_json::from_str(text).map_err(|error| LoadError::invalid(format!("its structure: {error}")))?;
    Ok((envelope.model, tensors.tensors()))
}

/// Whether the bytes, as far as they go, can be the beginning of a model file.
fn begins_like_a_model(bytes: &[u8]) -> bool {
    let mut length = [0; LENGTH];
    let known = bytes.len().min(LENGTH);
    length[..known].copy_from_slice(&bytes[..known]);
    let after = bytes.get(LENGTH..).unwrap_or_default();
    let known = after.len().min(BEGINNING.len());
    u64::from_le_bytes(length) <= HEADER_MAX as u64 && after[..known] == BEGINNING[..known]
}

fn header_length(bytes: &[u8]) -> Option<usize> {
    let length = bytes.get(..LENGTH)?.try_into().ok()?;
    usize::try_from(u64::from_le_bytes(length)).ok()
}

/// Where the digest stands, if the format version is one that this build reads.
fn digest_position(bytes: &[u8]) -> Result<usize, LoadError> {
    let start = LENGTH + BEGINNING.len();
    let digits = bytes
        .get(start..)
        .unwrap_or_default()
        .iter()
        .take(20)
        .take_while(|byte| byte.is_ascii_digit());
    let n_digits = digits.count();
    let version = bytes
        .get(start..start + n_digits)
        .and_then(|digits| std::str::from_utf8(digits).ok());
    match version.and_then(|version| version.parse::<u64>().ok()) {
        Some(found) if found > FORMAT_VERSION => Err(LoadError::TooNew {
            found,
            known: FORMAT_VERSION,
        }),
        Some(FORMAT_VERSION) if bytes[start + n_digits..].starts_with(BEFORE_DIGEST) => {
            Ok(start + n_digits + BEFORE_DIGEST.len())
        }
        _ => Err(LoadError::Altered),
    }
}

/// The sha256 of the file with zeros in place of the digest, as hex digits.
fn digest(bytes: &[u8], position: usize) -> String {
    let end = (position + DIGEST).min(bytes.len());
    let mut hash = Sha256::new();
    hash.update(&bytes[..position]);
    hash.update([b'0'; DIGEST]);
    hash.update(&bytes[end..]);
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a file whose digest does not fit is shorter than its header promises.
fn cut_off(bytes: &[u8], header_end: usize) -> Option<LoadError> {
    let metadata: Metadata = serde_json::from_slice(&bytes[LENGTH..header_end]).ok()?;
    let needed = header_end.checked_add(metadata.data_len())?;
    (bytes.len() < needed).then_some(LoadError::Truncated {
        found: bytes.len(),
        needed,
    })
}

/// What a file is that may run code when its own reader loads it.
fn foreign(bytes: &[u8]) -> Option<&'static str> {
    const MAGIC: [(&[u8], &str); 10] = [
        (b"\x80\x02", "a Python pickle (protocol 2)"),
        (b"\x80\x03", "a Python pickle (protocol 3)"),
        (b"\x80\x04", "a Python pickle (protocol 4)"),
        (b"\x80\x05", "a Python pickle (protocol 5)"),
        (b"PK\x03\x04", "a zip archive, such as PyTorch and skops write"),
        (b"\x1f\x8b", "a gzip file, such as joblib writes around a pickle"),
        (b"BZh", "a bzip2 file, such as joblib writes around a pickle"),
        (b"\xfd7zXZ", "an xz file, such as joblib writes around a pickle"),
        (
            b"\x78\x9c",
            "a zlib stream, such as joblib writes around a pickle",
        ),
        (
            b"\x04\x22\x4d\x18",
            "an lz4 file, such as joblib writes around a pickle",
        ),
    ];
    MAGIC
        .iter()
        .find(|(magic, _)| bytes.starts_with(magic))
        .map(|&(_, found)| found)
}
