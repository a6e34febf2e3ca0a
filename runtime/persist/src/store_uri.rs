//! The address of a store: parsed once, checked, without credentials.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use thiserror::Error;

/// Where versions are kept. Holds no credentials, so that it may be printed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum StoreUri {
    /// A SQLite database in one file.
    Sqlite {
        /// Absolute path of the file.
        path: PathBuf,
    },
}

/// A text that is not the address of a store. Quotes nothing but the scheme: the rest may hold a password.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum StoreUriError {
    /// No scheme.
    #[error(
        "the store's URI has no scheme; write <scheme>://<place>, such as sqlite:///var/lib/auriga/models.db"
    )]
    NoScheme,
    /// No backend has this scheme.
    #[error(
        "the store's URI has the scheme \"{scheme}\"{}; this build keeps versions in: {}",
        match near { Some(near) => format!(", perhaps meant as \"{near}\""), None => String::new() },
        SCHEMES.join(", ")
    )]
    UnknownScheme {
        /// The scheme.
        scheme: String,
        /// The scheme with the nearest spelling, if one is near.
        near: Option<&'static str>,
    },
    /// A user name, perhaps with a password.
    #[error("the store's URI holds a user name or password; remove it and name a Secret instead")]
    Credentials,
    /// Nothing after the scheme.
    #[error("the store's URI names no file; write sqlite:///<absolute path> or sqlite://<relative path>")]
    NoPath,
    /// A path that names a folder.
    #[error("the store's URI names a folder; add the name of a file, such as models.db")]
    Folder,
    /// Characters that mean something in a URI, where a plain path is expected.
    #[error(
        "the store's URI has {0} in its path; options and escapes are not understood there, write the plain path"
    )]
    NotPlain(&'static str),
    /// The base folder cannot be made absolute, or is not UTF-8.
    #[error("the folder that the store's URI starts from cannot be used; write an absolute path")]
    Base,
}

/// Every scheme that [`StoreUri::parse`] takes.
const SCHEMES: [&str; 1] = ["sqlite"];

impl StoreUri {
    /// Reads `sqlite:///absolute/path.db`, or `sqlite://relative/path.db` as a path from the folder `base`, usually
    /// that of the manifest. Paths are plain: no `%20`, no `?mode=ro`.
    ///
    /// Errors: what is wrong and what is allowed, without quoting more than the scheme.
    pub fn parse(text: &str, base: &Path) -> Result<StoreUri, StoreUriError> {
        let (scheme, place) = text.split_once("://").ok_or(StoreUriError::NoScheme)?;
        let authority = place.split(['/', '?', '#']).next().unwrap_or(place);
        if authority.contains('@') {
            return Err(StoreUriError::Credentials);
        }
        match scheme.to_ascii_lowercase().as_str() {
            "sqlite" => sqlite(place, base),
            "" => Err(StoreUriError::NoScheme),
            unknown => Err(unknown_scheme(unknown)),
        }
    }
}

impl fmt::Display for StoreUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreUri::Sqlite { path } => write!(f, "sqlite://{}", path.display()),
        }
    }
}

fn sqlite(place: &str, base: &Path) -> Result<StoreUri, StoreUriError> {
    for (character, name) in [('?', "\"?\""), ('#', "\"#\""), ('%', "\"%\"")] {
        if place.contains(character) {
            return Err(StoreUriError::NotPlain(name));
        }
    }
    if place.contains(char::is_control) {
        return Err(StoreUriError::NotPlain("a control character"));
    }
    if place.is_empty() {
        return Err(StoreUriError::NoPath);
    }
    if place.ends_with('/') || Path::new(place).file_name().is_none() {
        return Err(StoreUriError::Folder);
    }
    let path = std::path::absolute(base.join(place)).map_err(|_| StoreUriError::Base)?;
    // SQLite takes file names in UTF-8 only.
    if path.to_str().is_none() {
        return Err(StoreUriError::Base);
    }
    Ok(StoreUri::Sqlite { path })
}

fn unknown_scheme(scheme: &str) -> StoreUriError {
    let shown: String = scheme.chars().filter(|c| !c.is_control()).take(20).collect();
    let near = SCHEMES
        .into_iter()
        .find(|known| strsim::osa_distance(known, &shown) <= 2);
    StoreUriError::UnknownScheme { scheme: shown, near }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<StoreUri, StoreUriError> {
        StoreUri::parse(text, Path::new("/manifests/iris"))
    }

    #[test]
    fn a_path_is_absolute_or_starts_from_the_base_folder() {
        let check = |text: &str, expected: &str| {
            let uri = parse(text).unwrap();
            assert_eq!(
                uri,
                StoreUri::Sqlite {
                    path: expected.into()
                },
                "{text}"
            );
            assert_eq!(uri.to_string(), format!("sqlite://{expected}"));
            assert_eq!(parse(&uri.to_string()), Ok(uri), "what is printed reads back");
        };
        check("sqlite:///var/lib/auriga/models.db", "/var/lib/auriga/models.db");
        check("sqlite://models.db", "/manifests/iris/models.db");
        check(
            "SQLite://auriga-data/my models.db",
            "/manifests/iris/auriga-data/my models.db",
        );
        check("sqlite:///data/a@b.db", "/data/a@b.db");
        check("sqlite://./models.db", "/manifests/iris/models.db");
    }

    #[test]
    fn what_is_not_a_store_is_refused_in_words() {
        let check = |text: &str, expected: &str| {
            let message = parse(text).unwrap_err().to_string();
            assert!(message.contains(expected), "{text}: {message}");
        };
        check("", "has no scheme");
        check("models.db", "has no scheme");
        check("://x", "has no scheme");
        check(
            "sqllite://models.db",
            "perhaps meant as \"sqlite\"; this build keeps versions in: sqlite",
        );
        check(
            "ftp://host/x",
            "has the scheme \"ftp\"; this build keeps versions in: sqlite",
        );
        check("sqlite://", "names no file");
        check("sqlite:///", "names a folder");
        check("sqlite:///data/", "names a folder");
        check("sqlite:///data/..", "names a folder");
        check("sqlite://.", "names a folder");
        check("sqlite:///data/models.db?mode=ro", "has \"?\" in its path");
        check("sqlite:///data/my%20models.db", "has \"%\" in its path");
        check("sqlite:///data/a\0b", "has a control character in its path");
    }

    #[test]
    fn a_password_is_refused_and_not_repeated() {
        for text in [
            "sqlite://user:hunter2@models.db",
            "sqlite://hunter2@models.db",
            "postgres://user:hunter2@host/models",
            "postgres://user:hun/ter2@host/models",
            "user:hunter2@host",
        ] {
            let message = parse(text).unwrap_err().to_string();
            assert!(!message.contains("ter2"), "{message}");
        }
        assert_eq!(
            parse("postgres://user:hunter2@host/models"),
            Err(StoreUriError::Credentials)
        );
    }
}
