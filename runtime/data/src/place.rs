//! Where bytes are: a file, an address on the web, or the manifest itself.

mod address;
pub(crate) mod file;
pub(crate) mod http;
pub(crate) mod text;

use std::{fmt, path::PathBuf};

use reqwest::Url;

pub use self::address::AddressPolicy;
use crate::{DataError, message::clean};

/// Where a data set's bytes are. Printed, it is the name that error messages use.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// A file; a relative path starts at the working directory, so callers resolve paths in manifests first.
    Path(PathBuf),
    /// An `http` or `https` address.
    Url(Url),
    /// Text at hand, such as the value of a ConfigMap's key or an inline table.
    Text {
        /// What to call it in messages, such as `ConfigMap iris, key iris.csv`.
        label: String,
        /// The bytes to parse.
        text: String,
    },
}

impl Place {
    /// Reads a manifest's `url`: `file:///absolute/path`, `http://…` or `https://…`.
    ///
    /// Errors: `Url` if it is something else, or carries a user name or password. The message never repeats what may be
    /// a secret: userinfo, query and fragment.
    pub fn from_url(text: &str) -> Result<Place, DataError> {
        let fault = |fault: String| DataError::Url {
            url: without_secrets(text),
            fault,
        };
        let Some((scheme, _)) = text.split_once("://") else {
            return Err(fault(
                "it must begin with http://, https:// or file:///; give a path under path".to_owned(),
            ));
        };
        let url = || {
            Url::parse(text).map_err(|error| fault(format!("it is not well-formed ({error}); correct it")))
        };
        match scheme.to_ascii_lowercase().as_str() {
            "http" | "https" => {
                let url = url()?;
                address::check(&url).map_err(|rule| fault(rule.to_owned()))?;
                Ok(Place::Url(url))
            }
            "file" => url()?.to_file_path().map(Place::Path).map_err(|()| {
                fault("a file on another host cannot be read; write file:///absolute/path".to_owned())
            }),
            other => Err(fault(format!(
                "\"{}\" is not a way to read data; use http, https or file",
                clean(other)
            ))),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Path(path) => f.write_str(&clean(&path.to_string_lossy())),
            Place::Url(url) => f.write_str(&without_secrets(url.as_str())),
            Place::Text { label, .. } => f.write_str(label),
        }
    }
}

/// The address without userinfo, query and fragment, which may hold credentials such as those of presigned links.
pub(crate) fn without_secrets(url: &str) -> String {
    let (bare, _) = url.split_at(url.find(['?', '#']).unwrap_or(url.len()));
    // A malformed address may hide a password before any later "@", so everything up to the last one goes.
    match (bare.split_once("://"), bare.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => clean(&format!("{scheme}://{rest}")),
        (None, Some((_, rest))) => clean(rest),
        (_, None) => clean(bare),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str, expected: &str) {
        assert_eq!(Place::from_url(text).unwrap_err().to_string(), expected);
    }

    #[test]
    fn a_file_address_is_a_path() {
        let check =
            |text: &str, path: &str| assert_eq!(Place::from_url(text).unwrap(), Place::Path(path.into()));
        check("file:///data/iris.csv", "/data/iris.csv");
        check("FILE:///data/my%20iris.csv", "/data/my iris.csv");
        check("file://localhost/data/iris.csv", "/data/iris.csv");
    }

    #[test]
    fn a_web_address_is_kept_and_shown_without_its_query() {
        let place = Place::from_url("https://example.org/a/iris.csv?token=secret#x").unwrap();
        assert!(matches!(place, Place::Url(_)));
        assert_eq!(place.to_string(), "https://example.org/a/iris.csv");
    }

    #[test]
    fn other_addresses_are_refused_in_words() {
        refused(
            "iris.csv",
            "url \"iris.csv\": it must begin with http://, https:// or file:///; give a path under path",
        );
        refused(
            "file:iris.csv",
            "url \"file:iris.csv\": it must begin with http://, https:// or file:///; give a path under path",
        );
        refused(
            "file://fileserver/iris.csv",
            "url \"file://fileserver/iris.csv\": a file on another host cannot be read; write file:///absolute/path",
        );
        refused(
            "gopher://example.org/",
            "url \"gopher://example.org/\": \"gopher\" is not a way to read data; use http, https or file",
        );
        refused(
            "http://",
            "url \"http://\": it is not well-formed (empty host); correct it",
        );
    }

    #[test]
    fn credentials_in_an_address_are_refused_and_not_repeated() {
        for text in [
            "https://ann:hunter2@example.org/iris.csv",
            "https://hunter2@example.org/iris.csv",
            "s3://ann:hunter2@example.org/iris.csv",
            "https://ann:hunter2@exa mple.org/iris.csv",
            "ann:hunter2@example.org/iris.csv",
            "https://example.org:x/iris.csv?password=hunter2",
        ] {
            let message = Place::from_url(text).unwrap_err().to_string();
            assert!(!message.contains("hunter2"), "{message}");
        }
        refused(
            "https://ann:hunter2@example.org/iris.csv",
            "url \"https://example.org/iris.csv\": user names and passwords do not belong into an address; remove them",
        );
    }
}
