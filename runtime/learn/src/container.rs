//! The model file: a safetensors file with a structure in its header, and its own digest.
//!
//! ```text
//! 8 bytes   length of the header, little-endian
//! header    {"__metadata__":{"auriga":"<envelope>"},"<tensor>":{"dtype":…,"shape":…,"data_offsets":…},…}
//! data      the tensors, little-endian, without gaps
//! ```
//! The envelope is JSON text: `{"format":"auriga-model","formatVersion":1,"digest":"<64 hex digits>","model":{…}}`.
//! The digest is the sha256 of the whole file with 64 zeros in its place. It stands at a fixed position, so that it is
//! checked before anything is parsed. Everything whose size depends on data is a tensor; texts are their UTF-8 bytes
//! one after the other, with a second tensor that says where each ends. The layout is described at
//! <https://huggingface.co/docs/safetensors>, and any of its readers shows the arrays of a model.

mod distinct;
pub(crate) mod envelope;
mod reader;
mod writer;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub(crate) use reader::{PartReader, Reader};
pub(crate) use writer::{PartWriter, Writer};

use crate::LoadError;

/// What the header says about a transformer or an estimator.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Part {
    /// Which one it is.
    pub(crate) kind: String,
    /// Its switches.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    facts: BTreeMap<String, bool>,
}

/// The bytes of a model file.
pub(crate) fn pack(structure: &impl Serialize, writer: Writer) -> Vec<u8> {
    envelope::seal(structure, writer.into_tensors())
}

/// The structure and the arrays of a model file, after every check that does not depend on what they mean.
pub(crate) fn unpack<S: DeserializeOwned>(bytes: &[u8]) -> Result<(S, Reader<'_>), LoadError> {
    let (structure, tensors) = envelope::open(bytes)?;
    Ok((structure, Reader::new(tensors)))
}
