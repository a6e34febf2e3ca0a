//! Finds the texts of ConfigMap keys: in documents beside the Model, or in a folder where they are mounted.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Component, Path, PathBuf},
};

use auriga_crds::{ConfigMapKey, Fault, document::Document};

use crate::failure::Failure;

/// Where a command looks for the texts of ConfigMap keys.
#[derive(Clone, Debug, Default)]
pub(crate) enum Texts {
    /// Among the documents alone; one that is not there is a fault of the manifest.
    #[default]
    Documents,
    /// Among the documents, then in this folder: `<folder>/<name>/<key>`, as a pod mounts them.
    Folder(PathBuf),
    /// Among the documents, as far as they are there: the command needs no rows.
    IfGiven,
}

/// The ConfigMaps among the documents: texts by namespace, name and key.
#[derive(Default)]
pub(super) struct Documents(BTreeMap<(String, ConfigMapKey), String>);

/// What was found of a key.
pub(super) enum Found {
    /// Its text.
    Text(String),
    /// Nothing, and nothing is needed.
    Unneeded,
    /// Nothing; what to do.
    Absent(String),
}

impl Documents {
    /// Adds the keys of a ConfigMap document, as a pod would see them; gives its faults.
    pub(super) fn add(&mut self, document: &Document) -> Vec<Fault> {
        let namespace = document
            .value
            .pointer("/metadata/namespace")
            .and_then(|value| value.as_str())
            .unwrap_or("default");
        let fault = |path: String, message: String| Fault {
            position: document.position(&path),
            path,
            message,
        };
        let mut faults = Vec::new();
        for (key, value) in document.value["data"].as_object().into_iter().flatten() {
            let name = ConfigMapKey {
                name: document.name().to_owned(),
                key: key.clone(),
            };
            let path = format!("data.{key}");
            match value.as_str() {
                None => faults.push(fault(
                    path,
                    "is not a text; write it as a block of text, with | behind the key".to_owned(),
                )),
                Some(text) if (self.0.insert((namespace.to_owned(), name), text.to_owned())).is_some() => {
                    let message = format!(
                        "ConfigMap {} has this key already; each may be given once",
                        document.name()
                    );
                    faults.push(fault(path, message));
                }
                Some(_) => {}
            }
        }
        faults
    }

    /// The text of `key` in `namespace`.
    ///
    /// Errors: a file that is there and cannot be read, or is no text.
    pub(super) fn text(&self, namespace: &str, key: &ConfigMapKey, texts: &Texts) -> Result<Found, Failure> {
        if let Some(text) = self.0.get(&(namespace.to_owned(), key.clone())) {
            return Ok(Found::Text(text.clone()));
        }
        let ConfigMapKey { name, key: file } = key;
        Ok(match texts {
            Texts::IfGiven => Found::Unneeded,
            Texts::Documents => Found::Absent(format!(
                "there is no ConfigMap {name} with the key {file}; add it to the manifests given with -f"
            )),
            Texts::Folder(folder) => match mounted(folder, key)? {
                Some(text) => Found::Text(text),
                None => Found::Absent(format!(
                    "there is no ConfigMap {name} with the key {file} in the namespace {namespace}; create it, or correct the name"
                )),
            },
        })
    }
}

/// The text in the file of a key; `None` if there is none.
fn mounted(folder: &Path, ConfigMapKey { name, key }: &ConfigMapKey) -> Result<Option<String>, Failure> {
    if !is_one_component(name) || !is_one_component(key) {
        return Ok(None);
    }
    let bytes = match fs::read(folder.join(name).join(key)) {
        Ok(bytes) => bytes,
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => {
                return Ok(None);
            }
            _ => {
                return Err(Failure::trouble(format!(
                    "cannot read ConfigMap {name}, key {key}: {error}"
                )));
            }
        },
    };
    let text = String::from_utf8(bytes).map_err(|error| {
        let before = error.utf8_error().valid_up_to();
        Failure::data(format!(
            "ConfigMap {name}, key {key}: byte {} is not UTF-8; save the text as UTF-8",
            before + 1
        ))
    })?;
    Ok(Some(text))
}

/// Whether a name cannot lead out of its folder.
fn is_one_component(name: &str) -> bool {
    let mut components = Path::new(name).components();
    matches!(
        (components.next(), components.next()),
        (Some(Component::Normal(only)), None) if only == name
    )
}

#[cfg(test)]
mod tests {
    use super::is_one_component;

    #[test]
    fn a_name_that_leads_out_of_its_folder_is_never_followed() {
        for name in ["..", ".", "", "a/b", "/etc/passwd", "../a", "a/", "./a"] {
            assert!(!is_one_component(name), "{name}");
        }
        for name in ["train.csv", "..data", "a b"] {
            assert!(is_one_component(name), "{name}");
        }
    }
}
