//! What a manifest says about serving: the service's own words and its entry points.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use auriga_crds::ModelKey;
use thiserror::Error;

use crate::{Loaded, PredictorError, entry::Entry};

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
    /// What is answered for each row. Default: the prediction.
    pub method: PredictMethod,
    /// What a query may say about the prediction, beside the row. Default nothing.
    pub params: Vec<Param>,
    /// Whether a row of a POST may be the bare value of the one feature: `["a text", "another"]`. Default no.
    pub unwrap_sample: bool,
}

/// What an entry point answers for each row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PredictMethod {
    /// The class or number.
    #[default]
    Predict,
    /// The probability of each class, in the order of the `classes` in the answer's metadata.
    PredictProba,
}

/// A parameter of a request that goes to the prediction rather than into its rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// What the query and the model call it, such as `threshold`.
    pub name: String,
    /// How the query's text is read.
    pub kind: ValueKind,
    /// The value of a request that brings none, spelled as in a query; absent: the model's own default.
    pub default: Option<String>,
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
    /// Two parameters share a name.
    #[error("entry point \"{path}\" has the parameter \"{name}\" twice; each name may stand once")]
    ParameterTwice {
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

const OWN_METADATA: [&str; 6] = [
    "status",
    "error_code",
    "error_message",
    "model_version",
    "model_digest",
    "classes",
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
            Entry::resolve(entry_point, loaded.fitted())?;
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
            let params = &entry_point.params;
            for (at, param) in params.iter().enumerate() {
                if params[..at].iter().any(|other| other.name == param.name) {
                    let name = param.name.clone();
                    return Err(SettingsError::ParameterTwice { path, name });
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
            method: PredictMethod::default(),
            params: Vec::new(),
            unwrap_sample: false,
        }
    }
}

impl PredictMethod {
    /// As in a manifest.
    pub(crate) fn word(self) -> &'static str {
        match self {
            PredictMethod::Predict => "predict",
            PredictMethod::PredictProba => "predictProba",
        }
    }
}

impl ValueKind {
    /// As in a manifest.
    pub(crate) fn word(self) -> &'static str {
        match self {
            ValueKind::Float => "float",
            ValueKind::Int => "int",
            ValueKind::Str => "str",
            ValueKind::Bool => "bool",
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
