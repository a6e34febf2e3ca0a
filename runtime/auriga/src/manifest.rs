//! Reads manifest files: one Model, and the ConfigMaps it refers to.

mod config_maps;

use std::{
    collections::BTreeMap,
    fmt, fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use auriga_crds::{Checked, ConfigMapKey, Digest, Fault, check, document, fit_hash, fit_spec};
use serde::Serialize;
use serde_json::Value;

use self::config_maps::{Documents, Found};
use crate::failure::Failure;

pub(crate) use config_maps::Texts as ConfigMapTexts;

/// The manifest files of one command line.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    files: Vec<PathBuf>,
    config_maps: ConfigMapTexts,
}

/// Their texts at one moment, in the same order.
pub(crate) type Texts = Vec<String>;

/// A Model that may be fitted, with everything it refers to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Manifest {
    /// The Model.
    pub(crate) checked: Checked,
    /// Where relative paths start: the folder of the Model's file.
    pub(crate) base: PathBuf,
    /// The texts of the ConfigMap keys it refers to; with [`ConfigMapTexts::IfGiven`], those that are there.
    pub(crate) config_maps: BTreeMap<ConfigMapKey, String>,
    /// Hash of what decides the fit, these texts among it.
    pub(crate) fit_hash: String,
}

impl Manifest {
    /// What that hash was made of, to be kept with a version.
    pub(crate) fn fit_spec(&self) -> Value {
        fit_spec(&self.checked, &self.config_maps)
    }
}

/// A fault and the file it is in.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FileFault {
    file: String,
    #[serde(flatten)]
    fault: Fault,
    /// Whether the manifest is good, and a ConfigMap that it names is not there.
    #[serde(skip)]
    pub(crate) is_absent_config_map: bool,
}

impl fmt::Display for FileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if self.fault.position.is_some() { ":" } else { ": " };
        write!(f, "{}{separator}{}", self.file, self.fault)
    }
}

impl Files {
    /// Errors: the standard input is named twice, and can be read only once.
    pub(crate) fn new(files: Vec<PathBuf>) -> Result<Files, Failure> {
        if files.iter().filter(|file| is_stdin(file)).count() > 1 {
            return Err(Failure::mistake(
                "\"-\" is given twice; the standard input can be read only once",
            ));
        }
        Ok(Files {
            files,
            config_maps: ConfigMapTexts::default(),
        })
    }

    /// The same files with another place for the texts of ConfigMaps.
    pub(crate) fn with_config_maps(self, config_maps: ConfigMapTexts) -> Files {
        Files { config_maps, ..self }
    }

    /// Reads the files once more; what came from the standard input stays what it was in `before`.
    pub(crate) fn read_again(&self, before: &Texts) -> Result<Texts, Failure> {
        let again = |(file, before): (&PathBuf, &String)| {
            if is_stdin(file) {
                Ok(before.clone())
            } else {
                read(file)
            }
        };
        self.files.iter().zip(before).map(again).collect()
    }

    /// Reads the files, `-` being the standard input.
    pub(crate) fn read(&self) -> Result<Texts, Failure> {
        self.files.iter().map(|file| read(file)).collect()
    }

    /// The one Model in `texts`, checked, or every fault of every document.
    pub(crate) fn manifest(&self, texts: &Texts) -> Result<Manifest, Failure> {
        let mut manifests = self.models(texts)?;
        match (manifests.pop(), manifests.len()) {
            (Some(manifest), 0) => Ok(manifest),
            (None, _) => Err(Failure::mistake(format!(
                "{} holds no Model; add a document of kind: Model",
                self.names()
            ))),
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
        let mut config_maps = Documents::default();
        for (file, text) in self.files.iter().zip(texts) {
            let found = document::read(text).unwrap_or_else(|found| {
                faults.extend(found.0.into_iter().map(|fault| in_file(file, fault)));
                Vec::new()
            });
            for document in found {
                if document.kind() == "ConfigMap" {
                    let found = config_maps.add(&document);
                    faults.extend(found.into_iter().map(|fault| in_file(file, fault)));
                } else {
                    match check(&document) {
                        Ok(checked) => models.push((file, document, checked)),
                        Err(found) => faults.extend(found.0.into_iter().map(|fault| in_file(file, fault))),
                    }
                }
            }
        }
        let mut manifests: Vec<Manifest> = Vec::new();
        for (file, document, checked) in models {
            if manifests.iter().any(|other| other.checked.key == checked.key) {
                let message = format!("Model {} is there already; each may be given once", checked.key);
                let position = document.position("metadata.name");
                faults.push(in_file(
                    file,
                    Fault {
                        path: "metadata.name".to_owned(),
                        message,
                        position,
                    },
                ));
            }
            let mut named = BTreeMap::new();
            for (path, key) in checked.config_maps() {
                match config_maps.text(checked.key.namespace.as_str(), key, &self.config_maps)? {
                    Found::Text(text) => drop(named.insert(key.clone(), text)),
                    Found::Unneeded => {}
                    Found::Absent(message) => {
                        let position = document.position(&path);
                        let fault = Fault {
                            path,
                            message,
                            position,
                        };
                        faults.push(FileFault {
                            is_absent_config_map: true,
                            ..in_file(file, fault)
                        });
                    }
                }
            }
            let digests = named.iter();
            let digests = digests.map(|(key, text)| (key.clone(), Digest::of(text.as_bytes())));
            let fit_hash = fit_hash(&checked, &digests.collect());
            manifests.push(Manifest {
                fit_hash,
                base: folder(file),
                config_maps: named,
                checked,
            });
        }
        if faults.is_empty() {
            Ok(manifests)
        } else {
            Err(Failure::faults(faults))
        }
    }

    fn names(&self) -> String {
        self.files
            .iter()
            .map(|file| file.display().to_string())
            .collect::<Vec<_>>()
            .join(", ")
    }
}

fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

fn read(file: &Path) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let name = file.display();
    if is_stdin(file) {
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
        let line = 1 + error.as_bytes()[..before]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count();
        Failure::mistake(format!(
            "{name}:{line}: byte {} of the file is not UTF-8; save it as UTF-8",
            before + 1
        ))
    })
}

fn in_file(file: &Path, fault: Fault) -> FileFault {
    FileFault {
        file: file.display().to_string(),
        fault,
        is_absent_config_map: false,
    }
}

/// A relative path in a manifest starts here; with a manifest from the standard input, where the command runs.
fn folder(file: &Path) -> PathBuf {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}
