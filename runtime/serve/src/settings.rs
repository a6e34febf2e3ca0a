//! What a manifest says about serving: the service's own words and its entry points.

use std::collections::BTreeMap;

use auriga_crds::ModelKey;
use thiserror::Error;

use crate::{Loaded, PredictorError, inputs::Inputs};

/// What is served, on which paths, and what the answers say about the service.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The model whose versions answer.
    pub model: ModelKey,
    /// Echoed in the metadata of every answer, as Palladium does with its `service_metadata`. `service_name` defaults
    /// to the model's name, `service_version` to the number of the version that answers.
    pub service_metadata: BTreeMap<String, String>,
    /// Where rows are predicted. None means one [`EntryPoint`] with its defaults.
    pub entry_points: Vec<EntryPoint>,
}

/// A path on which rows are predicted.
///
/// A missing cell is `null` in a JSON row. The empty text is one as well, as in a CSV file, wherever a text is taken: for
/// every value of a query (`?city=&age=`), for every mapped value, and for the text features of a JSON row.
#[derive(Clone, Debug, PartialEq)]
pub struct EntryPoint {
    /// The path, such as `/predict`, the default.
    pub path: String,
    /// How the values of a request become features; absent: every feature by its name, with exactly its kind.
    pub mapping: Option<Vec<Mapped>>,
    /// Whether a column that the entry point does not know is refused, rather than ignored and counted. Default no.
    pub strict: bool,
}

/// One value of a request and the feature that it becomes.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapped {
    /// What the client calls it.
    pub name: String,
    /// What the client sends.
    pub kind: ValueKind,
    /// The feature; absent: the one called `name`.
    pub column: Option<String>,
}

/// What a client sends for a mapped value, with Palladium's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// A number, or a text that spells one, as Python's `float("5.1")` takes it.
    Float,
    /// A number without a fraction of at most 2⁵³ in size, or a text that spells one.
    Int,
    /// A text; numbers and booleans become their spelling.
    Str,
    /// `true`, `false`, 1, 0, or a text that spells one of them in any case.
    Bool,
}

/// Settings that cannot be served.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum SettingsError {
    /// The path has other characters, or an empty part.
    #[error(
        "entry point path \"{path}\" is not valid: start with \"/\" and use letters, digits, \"-\", \"_\", \".\", \"~\" \
         and \":\" in parts of at least one character"
    )]
    Path {
        /// The path.
        path: String,
    },
    /// The path is one that the service itself answers.
    #[error("entry point path \"{path}\" is taken by the service itself; choose another one")]
    PathTaken {
        /// The path.
        path: String,
    },
    /// Two entry points share a path.
    #[error("entry point path \"{path}\" occurs twice; each path may have one entry point")]
    PathTwice {
        /// The path.
        path: String,
    },
    /// Two values of a mapping share a name.
    #[error("entry point \"{path}\" maps the value \"{name}\" twice; each name may stand once")]
    NameTwice {
        /// The entry point's path.
        path: String,
        /// The name.
        name: String,
    },
    /// The answers use this key themselves.
    #[error("service metadata may not have the key \"{key}\", which every answer sets itself; rename it")]
    MetadataKey {
        /// The key.
        key: String,
    },
}

/// Paths that are no entry points.
pub(crate) const OWN_PATHS: [&str; 4] = ["/alive", "/livez", "/list", "/metrics"];

const OWN_METADATA: [&str; 5] = [
    "status",
    "error_code",
    "error_message",
    "model_version",
    "model_digest",
];

impl Settings {
    /// One entry point at `/predict` that takes the features by name.
    pub fn new(model: ModelKey) -> Settings {
        Settings {
            model,
            service_metadata: BTreeMap::new(),
            entry_points: Vec::new(),
        }
    }

    /// Whether these settings can be served from `loaded`, so that [`crate::Service::replace`] will not fail.
    ///
    /// Errors: settings with a fault, or an entry point that does not fit the version.
    pub fn check(&self, loaded: &Loaded) -> Result<(), PredictorError> {
        for entry_point in &self.clone().checked()?.entry_points {
            Inputs::resolve(entry_point, loaded.fitted().signature())?;
        }
        Ok(())
    }

    /// The settings with every default filled in, or the first fault.
    pub(crate) fn checked(mut self) -> Result<Settings, SettingsError> {
        if let Some(key) = self
            .service_metadata
            .keys()
            .find(|key| OWN_METADATA.contains(&key.as_str()))
        {
            return Err(SettingsError::MetadataKey { key: key.clone() });
        }
        if self.entry_points.is_empty() {
            self.entry_points.push(EntryPoint::default());
        }
        for (at, entry_point) in self.entry_points.iter().enumerate() {
            let path = entry_point.path.clone();
            if !is_path(&path) {
                return Err(SettingsError::Path { path });
            }
            if OWN_PATHS.contains(&path.as_str()) {
                return Err(SettingsError::PathTaken { path });
            }
            if self.entry_points[..at].iter().any(|other| other.path == path) {
                return Err(SettingsError::PathTwice { path });
            }
            let mapping = entry_point.mapping.as_deref().unwrap_or_default();
            for (at, mapped) in mapping.iter().enumerate() {
                if mapping[..at].iter().any(|other| other.name == mapped.name) {
                    let name = mapped.name.clone();
                    return Err(SettingsError::NameTwice { path, name });
                }
            }
        }
        self.service_metadata
            .entry("service_name".to_owned())
            .or_insert_with(|| self.model.model.as_str().to_owned());
        Ok(self)
    }
}

impl Default for EntryPoint {
    fn default() -> EntryPoint {
        EntryPoint {
            path: "/predict".to_owned(),
            mapping: None,
            strict: false,
        }
    }
}

/// Literal paths only: the router gives braces a meaning, and nobody can tell `//` from `/` in a proxy's log.
fn is_path(path: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~:".contains(&byte);
    path.strip_prefix('/').is_some_and(|parts| {
        parts.split('/').all(|part| {
            !matches!(part, "" | "." | "..") && !part.starts_with(':') && part.bytes().all(allowed)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(paths: &[&str]) -> Settings {
        let mut settings = Settings::new("default/iris".parse().unwrap());
        settings.entry_points = paths
            .iter()
            .map(|path| EntryPoint {
                path: (*path).to_owned(),
                ..EntryPoint::default()
            })
            .collect();
        settings
    }

    #[test]
    fn without_entry_points_rows_are_predicted_at_predict() {
        let checked = settings(&[]).checked().unwrap();
        assert_eq!(checked.entry_points, [EntryPoint::default()]);
        assert_eq!(checked.service_metadata["service_name"], "iris");
    }

    #[test]
    fn paths_that_cannot_be_told_apart_or_are_taken_are_refused() {
        let check = |paths: &[&str], message: &str| {
            assert_eq!(settings(paths).checked().unwrap_err().to_string(), message);
        };
        check(
            &["/alive"],
            "entry point path \"/alive\" is taken by the service itself; choose another one",
        );
        check(
            &["/a", "/b", "/a"],
            "entry point path \"/a\" occurs twice; each path may have one entry point",
        );
        for path in [
            "", "/", "a", "/a/", "//a", "/{a}", "/a b", "/ä", "/..", "/:a", "/a/*b",
        ] {
            let error = settings(&[path]).checked().unwrap_err();
            assert_eq!(
                error,
                SettingsError::Path {
                    path: path.to_owned()
                },
                "{path}"
            );
        }
        for path in ["/predict", "/v1/models/iris:predict", "/a-b_c.d~e"] {
            assert!(settings(&[path]).checked().is_ok(), "{path}");
        }
    }

    #[test]
    fn a_name_mapped_twice_is_refused() {
        let mapped = |name: &str| Mapped {
            name: name.to_owned(),
            kind: ValueKind::Float,
            column: None,
        };
        let mut settings = settings(&["/predict"]);
        settings.entry_points[0].mapping = Some(vec![mapped("a"), mapped("b"), mapped("a")]);
        assert_eq!(
            settings.checked().unwrap_err().to_string(),
            "entry point \"/predict\" maps the value \"a\" twice; each name may stand once"
        );
    }

    #[test]
    fn metadata_cannot_shadow_what_every_answer_says() {
        let mut settings = settings(&[]);
        settings
            .service_metadata
            .insert("error_code".to_owned(), "7".to_owned());
        assert_eq!(
            settings.checked().unwrap_err().to_string(),
            "service metadata may not have the key \"error_code\", which every answer sets itself; rename it"
        );
    }
}
