//! Reads manifest files: one Model, and the ConfigMaps it refers to.

use std::{
    collections::BTreeMap,
    fmt, fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use auriga_crds::{
    Checked, ConfigMapKey, Fault, check,
    document::{self, Document},
    fit_hash,
};
use serde::Serialize;

use crate::failure::Failure;

/// The manifest files of one command line.
#[derive(Clone, Debug)]
pub(crate) struct Files(Vec<PathBuf>);

/// Their texts at one moment, in the same order.
pub(crate) type Texts = Vec<String>;

/// A Model that may be fitted, with everything it refers to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Manifest {
    /// The Model.
    pub(crate) checked: Checked,
    /// Where relative paths start: the folder of the Model's file.
    pub(crate) base: PathBuf,
    /// The texts of the ConfigMap keys it refers to.
    pub(crate) config_maps: BTreeMap<ConfigMapKey, String>,
    /// Hash of what decides the fit.
    pub(crate) fit_hash: String,
}

/// A fault and the file it is in.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FileFault {
    file: String,
    #[serde(flatten)]
    fault: Fault,
}

impl fmt::Display for FileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if self.fault.position.is_some() { ":" } else { ": " };
        write!(f, "{}{separator}{}", self.file, self.fault)
    }
}

impl Files {
    pub(crate) fn new(files: Vec<PathBuf>) -> Files {
        Files(files)
    }

    /// Reads the files, `-` being the standard input.
    pub(crate) fn read(&self) -> Result<Texts, Failure> {
        self.0.iter().map(|file| read(file)).collect()
    }

    /// The one Model in `texts`, checked, or every fault of every document.
    pub(crate) fn manifest(&self, texts: &Texts) -> Result<Manifest, Failure> {
        let mut manifests = self.models(texts)?;
        match (manifests.pop(), manifests.len()) {
            (Some(manifest), 0) => Ok(manifest),
            (None, _) => Err(Failure::mistake(format!("{} holds no Model; add a document of kind: Model", self.names()))),
            (Some(_), others) => Err(Failure::mistake(format!(
                "{} holds {} Models; this command works on one, so keep each Model in a file of its own",
                self.names(),
                others + 1
            ))),
        }
    }

    /// All Models in `texts`, checked, or every fault of every document.
    pub(crate) fn models(&self, texts: &Texts) -> Result<Vec<Manifest>, Failure> {
        let mut faults = Vec::new();
        let mut models = Vec::new();
        let mut config_maps = BTreeMap::new();
        for (file, text) in self.0.iter().zip(texts) {
            let found = document::read(text).unwrap_or_else(|found| {
                faults.extend(found.0.into_iter().map(|fault| in_file(file, fault)));
                Vec::new()
            });
            for document in found {
                if document.kind() == "ConfigMap" {
                    config_maps.extend(config_map(&document));
                } else {
                    match check(&document) {
                        Ok(checked) => models.push((file, document, checked)),
                        Err(found) => faults.extend(found.0.into_iter().map(|fault| in_file(file, fault))),
                    }
                }
            }
        }
        let mut manifests = Vec::new();
        for (file, document, checked) in models {
            let mut named = BTreeMap::new();
            for (path, key) in checked.config_maps() {
                match config_maps.get(&(checked.key.namespace.to_string(), key.clone())) {
                    Some(text) => drop(named.insert(key.clone(), text.clone())),
                    None => faults.push(in_file(file, absent(&document, &path, key))),
                }
            }
            let fit_hash = fit_hash(&checked, &named);
            manifests.push(Manifest { fit_hash, base: folder(file), config_maps: named, checked });
        }
        if faults.is_empty() { Ok(manifests) } else { Err(Failure::faults(faults)) }
    }

    fn names(&self) -> String {
        self.0.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ")
    }
}

fn read(file: &Path) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let name = file.display();
    if file == Path::new("-") {
        io::stdin()
            .read_to_end(&mut bytes)
            .map_err(|error| Failure::trouble(format!("cannot read the standard input: {error}")))?;
    } else {
        bytes = fs::read(file).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                Failure::mistake(format!("{name} does not exist; -f takes the path of a manifest"))
            }
            io::ErrorKind::IsADirectory => Failure::mistake(format!("{name} is a folder; -f takes the path of a manifest")),
            io::ErrorKind::PermissionDenied => Failure::mistake(format!(
                "{name} cannot be read: permission denied; check the owner and mode of the file and its folders"
            )),
            _ => Failure::trouble(format!("cannot read {name}: {error}")),
        })?;
    }
    String::from_utf8(bytes).map_err(|error| {
        let before = error.utf8_error().valid_up_to();
        let line = 1 + error.as_bytes()[..before].iter().filter(|byte| **byte == b'\n').count();
        Failure::mistake(format!("{name}:{line}: byte {} of the file is not UTF-8; save it as UTF-8", before + 1))
    })
}

fn in_file(file: &Path, fault: Fault) -> FileFault {
    FileFault { file: file.display().to_string(), fault }
}

/// A relative path in a manifest starts here; with a manifest from the standard input, where the command runs.
fn folder(file: &Path) -> PathBuf {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// The keys of a ConfigMap document with their namespace, as a pod would see them.
fn config_map(document: &Document) -> Vec<((String, ConfigMapKey), String)> {
    let namespace = document.value.pointer("/metadata/namespace").and_then(|value| value.as_str()).unwrap_or("default");
    let data = document.value["data"].as_object().into_iter().flatten();
    data.filter_map(|(key, text)| {
        let key = ConfigMapKey { name: document.name().to_owned(), key: key.clone() };
        Some(((namespace.to_owned(), key), text.as_str()?.to_owned()))
    })
    .collect()
}

fn absent(document: &Document, path: &str, ConfigMapKey { name, key }: &ConfigMapKey) -> Fault {
    Fault {
        path: path.to_owned(),
        message: format!("there is no ConfigMap {name} with the key {key}; add it to the manifests given with -f"),
        position: document.position(path),
    }
}
