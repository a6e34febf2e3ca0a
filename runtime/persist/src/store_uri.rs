//! The address of a store: parsed once, checked, without credentials.

mod postgres;

use std::{
    fmt,
    path::{Path, PathBuf},
};

use thiserror::Error;

pub use postgres::{PostgresUri, SslMode};

/// Where versions are kept. Holds no credentials, so that it may be printed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum StoreUri {
    /// A SQLite database in one file.
    Sqlite {
        /// Absolute path of the file.
        path: PathBuf,
    },
    /// A folder of files.
    Folder {
        /// Absolute path of the folder.
        path: PathBuf,
    },
    /// A schema in a PostgreSQL database.
    Postgres(PostgresUri),
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
    /// A folder that has no name of its own.
    #[error(
        "the store's URI names no folder of its own; write file:///<absolute path> or file://<relative path>"
    )]
    NoFolder,
    /// Characters that mean something in a URI, where a plain path is expected.
    #[error(
        "the store's URI has {0} in its path; options and escapes are not understood there, write the plain path"
    )]
    NotPlain(&'static str),
    /// What follows `postgres://` is not an address of a database.
    #[error(
        "the store's URI {0}; write postgres://<host>[:<port>]/<database>[?sslmode=<mode>&schema=<name>]"
    )]
    Postgres(&'static str),
    /// The base folder cannot be made absolute, or is not UTF-8.
    #[error("the folder that the store's URI starts from cannot be used; write an absolute path")]
    Base,
}

/// Every scheme that [`StoreUri::parse`] takes.
const SCHEMES: [&str; 3] = ["sqlite", "file", "postgres"];

impl StoreUri {
    /// Reads `sqlite:///absolute/path.db` or `file:///absolute/folder`; with two slashes only, the path starts from the
    /// folder `base`, usually that of the manifest. Paths are plain: no `%20`, no `?mode=ro`.
    ///
    /// Or `postgres://host:port/database?sslmode=require&schema=auriga`, of which every part may be left out; `postgresql`
    /// is the same scheme. User and password never stand in an address: they come as credentials.
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
            "file" => folder(place, base),
            "postgres" | "postgresql" => Ok(StoreUri::Postgres(PostgresUri::parse(place)?)),
            "" => Err(StoreUriError::NoScheme),
            unknown => Err(unknown_scheme(unknown)),
        }
    }
}

impl fmt::Display for StoreUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreUri::Sqlite { path } => write!(f, "sqlite://{}", path.display()),
            StoreUri::Folder { path } => write!(f, "file://{}", path.display()),
            StoreUri::Postgres(uri) => uri.fmt(f),
        }
    }
}

fn sqlite(place: &str, base: &Path) -> Result<StoreUri, StoreUriError> {
    refuse_escapes(place)?;
    if place.is_empty() {
        return Err(StoreUriError::NoPath);
    }
    if place.ends_with('/') || Path::new(place).file_name().is_none() {
        return Err(StoreUriError::Folder);
    }
    // SQLite takes file names in UTF-8 only.
    Ok(StoreUri::Sqlite {
        path: absolute(place, base)?,
    })
}

fn folder(place: &str, base: &Path) -> Result<StoreUri, StoreUriError> {
    refuse_escapes(place)?;
    // "." is the manifest's folder and "/" the whole file system: neither is the store's alone.
    if Path::new(place).file_name().is_none() {
        return Err(StoreUriError::NoFolder);
    }
    // The components leave out a slash at the end, so that one folder has one address.
    Ok(StoreUri::Folder {
        path: absolute(place, base)?.components().collect(),
    })
}

fn refuse_escapes(place: &str) -> Result<(), StoreUriError> {
    for (character, name) in [('?', "\"?\""), ('#', "\"#\""), ('%', "\"%\"")] {
        if place.contains(character) {
            return Err(StoreUriError::NotPlain(name));
        }
    }
    if place.contains(char::is_control) {
        return Err(StoreUriError::NotPlain("a control character"));
    }
    Ok(())
}

/// The path, which can be printed as an address and read back.
fn absolute(place: &str, base: &Path) -> Result<PathBuf, StoreUriError> {
    let path = std::path::absolute(base.join(place)).map_err(|_| StoreUriError::Base)?;
    match path.to_str() {
        Some(_) => Ok(path),
        None => Err(StoreUriError::Base),
    }
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
    fn a_folder_is_absolute_or_starts_from_the_base_folder() {
        let check = |text: &str, expected: &str| {
            let uri = parse(text).unwrap();
            let path = expected.into();
            assert_eq!(uri, StoreUri::Folder { path }, "{text}");
            assert_eq!(uri.to_string(), format!("file://{expected}"));
            assert_eq!(parse(&uri.to_string()), Ok(uri), "what is printed reads back");
        };
        check("file:///var/lib/auriga", "/var/lib/auriga");
        check("file:///var/lib/auriga/", "/var/lib/auriga");
        check("file://auriga-data", "/manifests/iris/auriga-data");
        check("FILE://./auriga data", "/manifests/iris/auriga data");
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
            "perhaps meant as \"sqlite\"; this build keeps versions in: sqlite, file, postgres",
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
        check("file://", "names no folder of its own");
        check("file:///", "names no folder of its own");
        check("file://.", "names no folder of its own");
        check("file:///data/..", "names no folder of its own");
        check("file:///data/my%20models", "has \"%\" in its path");
        check("file://user:hunter2@host/data", "holds a user name or password");
        check("sqlite:///data/a\0b", "has a control character in its path");
    }

    #[test]
    fn a_password_is_refused_and_not_repeated() {
        for text in [
            "sqlite://user:hunter2@models.db",
            "sqlite://hunter2@models.db",
            "postgres://user:hunter2@host/models",
            "postgres://user:hun/ter2@host/models",
            "postgresql://hunter2@host",
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
