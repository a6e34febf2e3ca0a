//! Finds the credentials for a store: in a pod the files of a mounted Secret, on a laptop the environment.

mod address;

use std::{
    env, fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::Arc,
};

use auriga_persist::{CredentialKey, CredentialSource, Credentials, Secret, SslMode};

/// Names another folder than [`MOUNTED`].
const FOLDER_VARIABLE: &str = "AURIGA_PERSISTER_SECRET";

/// Where a pod has the Secret of its persister.
const MOUNTED: &str = "/etc/auriga/persister";

/// Where a pod has the certificates of the authorities that its persister's certificate comes from.
const CA_BUNDLE: &str = "/etc/auriga/ca/ca.crt";

/// Where this process finds its credentials. In a pod the environment is not asked: a variable that somebody left there
/// would hide that a key of the Secret is missing.
pub(crate) fn source() -> Arc<dyn CredentialSource> {
    let folder = match env::var_os(FOLDER_VARIABLE) {
        Some(named) => Some(PathBuf::from(named)),
        None => Some(PathBuf::from(MOUNTED)).filter(|mounted| mounted.is_dir()),
    };
    let ca_bundle = PathBuf::from(CA_BUNDLE);
    match folder {
        Some(folder) => Arc::new(MountedSecret { folder, ca_bundle }),
        None => Arc::new(Environment { ca_bundle }),
    }
}

/// The keys of a Secret, a file each. They are read whenever a connection is made, so that a rotation is noticed.
struct MountedSecret {
    folder: PathBuf,
    ca_bundle: PathBuf,
}

impl CredentialSource for MountedSecret {
    fn credentials(&self) -> Result<Credentials, String> {
        from_keys(&|key| self.read(key), &self.ca_bundle, |key| self.name(key))
    }

    fn place(&self, key: CredentialKey) -> String {
        self.name(match key {
            CredentialKey::User => "username",
            CredentialKey::Password => "password",
            CredentialKey::Host => "host",
            CredentialKey::Database => "dbname",
        })
    }
}

impl MountedSecret {
    fn read(&self, key: &str) -> Result<Option<String>, String> {
        match fs::read_to_string(self.folder.join(key)) {
            // Editors and `--from-file` leave a line feed at the end.
            Ok(text) => Ok(Some(text.trim_end_matches(['\n', '\r']).to_owned())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("{} cannot be read ({})", self.name(key), error.kind())),
        }
    }

    fn name(&self, key: &str) -> String {
        format!("the key {key} of the Secret at {}", self.folder.display())
    }
}

/// The variables that other programs for PostgreSQL read, too.
struct Environment {
    ca_bundle: PathBuf,
}

impl CredentialSource for Environment {
    fn credentials(&self) -> Result<Credentials, String> {
        let read = |key: &str| {
            let names: &[&str] = match key {
                // As for those programs, the user of a laptop is that of its databases unless another one is named.
                "username" => &["PGUSER", "USER"],
                "password" => &["PGPASSWORD"],
                "host" => &["PGHOST"],
                "port" => &["PGPORT"],
                "dbname" => &["PGDATABASE"],
                "sslmode" => &["PGSSLMODE"],
                "uri" => &["DATABASE_URL"],
                _ => &[],
            };
            Ok(names.iter().find_map(|name| env::var(name).ok()))
        };
        let name = |key: &str| match key {
            "port" => "the environment variable PGPORT".to_owned(),
            "sslmode" => "the environment variable PGSSLMODE".to_owned(),
            _ => "the environment variable DATABASE_URL".to_owned(),
        };
        from_keys(&read, &self.ca_bundle, name)
    }

    fn place(&self, key: CredentialKey) -> String {
        let name = match key {
            CredentialKey::User => "PGUSER",
            CredentialKey::Password => "PGPASSWORD",
            CredentialKey::Host => "PGHOST",
            CredentialKey::Database => "PGDATABASE",
        };
        format!("the environment variable {name}")
    }
}

/// Puts together what the keys say. A key of its own wins over a part of the address under `uri`, and an empty one is none.
///
/// Errors: a key that cannot be read or understood, named by `name`, without its value.
fn from_keys(
    read: &dyn Fn(&str) -> Result<Option<String>, String>,
    ca_bundle: &Path,
    name: impl Fn(&str) -> String,
) -> Result<Credentials, String> {
    let first = |keys: &[&str]| {
        for key in keys {
            if let Some(text) = read(key)?.filter(|text| !text.is_empty()) {
                return Ok::<_, String>(Some(text));
            }
        }
        Ok(None)
    };
    let whole = match first(&["uri", "DATABASE_URL"])? {
        Some(text) => address::parse(&text).ok_or_else(|| {
            format!(
                "{} is not an address such as postgres://user:password@host/database",
                name("uri")
            )
        })?,
        None => Credentials::default(),
    };
    let port = match first(&["port"])? {
        Some(text) => Some(
            text.parse()
                .map_err(|_| format!("{} is not a number from 0 to 65535", name("port")))?,
        ),
        None => None,
    };
    let ssl_mode = match first(&["sslmode"])? {
        Some(text) => Some(SslMode::from_text(&text).ok_or_else(|| {
            format!(
                "{} is none of disable, prefer, require, verify-ca, verify-full",
                name("sslmode")
            )
        })?),
        None => None,
    };
    Ok(Credentials {
        user: first(&["username", "user"])?.or(whole.user),
        password: first(&["password"])?.map(Secret::new).or(whole.password),
        host: first(&["host"])?.or(whole.host),
        port: port.or(whole.port),
        database: first(&["dbname", "database"])?.or(whole.database),
        ssl_mode: ssl_mode.or(whole.ssl_mode),
        ca_bundle: ca_bundle.is_file().then(|| ca_bundle.to_owned()),
    })
}

#[cfg(test)]
mod tests;
