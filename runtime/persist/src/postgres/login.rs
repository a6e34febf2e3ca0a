//! Makes one connection's settings of an address and the credentials of the moment, and says what keeps it out.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use sqlx::postgres::{PgConnectOptions, PgSslMode};

use super::failure::{code, sql_fault};
use crate::{
    CredentialKey, CredentialSource, Credentials, Fault, PostgresUri, SslMode,
    failure::{Failure, off_the_runtime},
};

/// Where to log in, and as whom.
pub(super) struct Login {
    uri: PostgresUri,
    source: Arc<dyn CredentialSource>,
    /// Whether the credentials of the last time had no password, which only some servers ask for.
    has_no_password: AtomicBool,
}

impl Login {
    pub(super) fn new(uri: &PostgresUri, source: Arc<dyn CredentialSource>) -> Login {
        Login {
            uri: uri.clone(),
            source,
            has_no_password: AtomicBool::new(false),
        }
    }

    /// The schema that keeps the tables.
    pub(super) fn schema(&self) -> &str {
        &self.uri.schema
    }

    /// The settings of the next connection. The address wins over what comes with the credentials.
    ///
    /// Errors: `Fault::CredentialsMissing`, naming what is missing; `Fault::Refused` for what cannot be read.
    pub(super) async fn options(&self) -> Result<PgConnectOptions, Failure> {
        let source = self.source.clone();
        // Files of a mounted Secret, most of the time.
        let credentials = off_the_runtime(move || source.credentials())
            .await?
            .map_err(refused)?;
        let Credentials {
            user,
            password,
            host,
            port,
            database,
            ssl_mode,
            ca_bundle,
        } = credentials;
        let missing = |key| {
            let place = self.source.place(key);
            let elsewhere = match key {
                CredentialKey::Host | CredentialKey::Database => ", and the address does not name one either",
                CredentialKey::User | CredentialKey::Password => "",
            };
            Failure::Fault(Fault::CredentialsMissing(format!(
                "{place} is missing{elsewhere}"
            )))
        };
        let host = self
            .uri
            .host
            .clone()
            .or(host)
            .ok_or_else(|| missing(CredentialKey::Host))?;
        let database = self
            .uri
            .database
            .clone()
            .or(database)
            .ok_or_else(|| missing(CredentialKey::Database))?;
        let user = user.ok_or_else(|| missing(CredentialKey::User))?;
        self.has_no_password.store(password.is_none(), Ordering::Relaxed);
        // Who brings the authority's certificates along wants the server's to be looked at.
        let default = match ca_bundle {
            Some(_) => SslMode::VerifyFull,
            None => SslMode::Prefer,
        };
        let ssl_mode = self.uri.ssl_mode.or(ssl_mode).unwrap_or(default);
        let mut options = PgConnectOptions::new_without_pgpass()
            .host(&host)
            .port(self.uri.port.or(port).unwrap_or(5432))
            .database(&database)
            .username(&user)
            // The driver would take another one from the environment.
            .password(password.as_ref().map_or("", |password| password.expose()))
            .ssl_mode(pg_ssl_mode(ssl_mode))
            .application_name("auriga")
            .options([
                ("search_path", self.schema()),
                // A commit that a power loss takes back would be a number given twice.
                ("synchronous_commit", "on"),
                ("statement_timeout", "60s"),
                ("idle_in_transaction_session_timeout", "60s"),
                // So that the server lets go of the locks of a client that vanished.
                ("tcp_keepalives_idle", "30"),
                ("tcp_keepalives_interval", "10"),
                ("tcp_keepalives_count", "3"),
            ]);
        if let Some(file) = ca_bundle {
            options = options.ssl_root_cert(file);
        }
        Ok(options)
    }

    /// Why the server, or what is between, lets nobody in.
    pub(super) fn explain(&self, options: &PgConnectOptions, error: sqlx::Error) -> Failure {
        let fault = match &error {
            sqlx::Error::Tls(_) | sqlx::Error::Configuration(_) => Fault::Refused(tls_words(&error)),
            // A handshake fails as invalid data does.
            sqlx::Error::Io(failed) if failed.kind() == io::ErrorKind::InvalidData => {
                Fault::Refused(tls_words(&error))
            }
            sqlx::Error::Io(failed) if failed.kind() == io::ErrorKind::NotFound => {
                Fault::Refused("the CA bundle is missing".to_owned())
            }
            _ => match code(&error) {
                Some("28P01") if self.has_no_password.load(Ordering::Relaxed) => {
                    Fault::CredentialsMissing(format!(
                        "the server asks for a password, and {} is missing",
                        self.source.place(CredentialKey::Password)
                    ))
                }
                Some("28P01") => Fault::Refused(format!(
                    "the server does not accept the user or the password; look at {} and {}",
                    self.source.place(CredentialKey::User),
                    self.source.place(CredentialKey::Password)
                )),
                Some("28000") => Fault::Refused(self.not_let_in(&error)),
                // The driver's own words hold the name of the user.
                Some("3D000") => {
                    let database = options.get_database().unwrap_or_default().replace('"', "\"\"");
                    Fault::Refused(format!(
                        "there is no database \"{database}\"; create it on the server: CREATE DATABASE \"{database}\""
                    ))
                }
                Some("42501") => Fault::Refused(
                    "this user may not connect to the database; grant it on the server: GRANT CONNECT"
                        .to_owned(),
                ),
                _ => sql_fault(&error),
            },
        };
        match fault {
            // The words above say all but the names and values that nobody should read.
            Fault::Refused(_) | Fault::CredentialsMissing(_) => Failure::Fault(fault),
            fault => Failure::Caused(fault, Box::new(error)),
        }
    }

    fn not_let_in(&self, error: &sqlx::Error) -> String {
        let user = self.source.place(CredentialKey::User);
        match error.to_string().contains("no encryption") {
            true => {
                "the server lets this user in by TLS only; add ?sslmode=require to the address".to_owned()
            }
            false => format!(
                "the server knows no such user, or its pg_hba.conf does not let it in from here; look at {user}"
            ),
        }
    }
}

/// Whether other credentials may open the door.
pub(super) fn is_about_credentials(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Tls(_) | sqlx::Error::Configuration(_) => true,
        sqlx::Error::Io(failed) => {
            matches!(
                failed.kind(),
                io::ErrorKind::InvalidData | io::ErrorKind::NotFound
            )
        }
        other => matches!(code(other), Some("28P01" | "28000" | "3D000")),
    }
}

fn tls_words(error: &sqlx::Error) -> String {
    let words = error.to_string();
    if words.contains("does not support TLS") {
        return "the server offers no TLS, which the address or the credentials ask for; switch it on there, or write \
                ?sslmode=disable"
            .to_owned();
    }
    let what = words.rsplit(": ").next().unwrap_or_default();
    format!("its TLS failed ({what}); look at the CA bundle and at the server's certificate")
}

fn refused(why: String) -> Failure {
    Failure::Fault(Fault::Refused(why))
}

fn pg_ssl_mode(mode: SslMode) -> PgSslMode {
    match mode {
        SslMode::Disable => PgSslMode::Disable,
        SslMode::Prefer => PgSslMode::Prefer,
        SslMode::Require => PgSslMode::Require,
        SslMode::VerifyCa => PgSslMode::VerifyCa,
        SslMode::VerifyFull => PgSslMode::VerifyFull,
    }
}
