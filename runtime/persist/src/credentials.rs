//! Who a process is to a store: user, password and what else does not stand in an address.

use std::{fmt, path::PathBuf};

use crate::SslMode;

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The text, for the one place that needs it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

/// What opens a store, and the parts of its address that come with that. Parts that the address has itself are not
/// looked at here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Credentials {
    /// Who.
    pub user: Option<String>,
    /// The proof.
    pub password: Option<Secret>,
    /// The server.
    pub host: Option<String>,
    /// Its port.
    pub port: Option<u16>,
    /// The database on it.
    pub database: Option<String>,
    /// How the connection is protected.
    pub ssl_mode: Option<SslMode>,
    /// A PEM file with the certificates of authorities to trust beside the system's.
    pub ca_bundle: Option<PathBuf>,
}

/// One of the [`Credentials`], to name it when it is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialKey {
    /// [`Credentials::user`].
    User,
    /// [`Credentials::password`].
    Password,
    /// [`Credentials::host`].
    Host,
    /// [`Credentials::database`].
    Database,
}

/// Where credentials come from. Asked again before each new connection, so that a rotation needs no restart.
pub trait CredentialSource: Send + Sync {
    /// The credentials of now.
    ///
    /// Errors: why they cannot be read, as a phrase that repeats none of them.
    fn credentials(&self) -> Result<Credentials, String>;

    /// What a user would call the place of one of them, such as `the key password of the Secret`.
    fn place(&self, key: CredentialKey) -> String;
}

/// For stores that ask for none.
pub struct NoCredentials;

impl CredentialSource for NoCredentials {
    fn credentials(&self) -> Result<Credentials, String> {
        Ok(Credentials::default())
    }

    fn place(&self, key: CredentialKey) -> String {
        match key {
            CredentialKey::User => "the user",
            CredentialKey::Password => "the password",
            CredentialKey::Host => "the host",
            CredentialKey::Database => "the database",
        }
        .to_owned()
    }
}

/// Credentials that stay as they are.
impl CredentialSource for Credentials {
    fn credentials(&self) -> Result<Credentials, String> {
        Ok(self.clone())
    }

    fn place(&self, key: CredentialKey) -> String {
        NoCredentials.place(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown_by_debug_text() {
        let credentials = Credentials {
            password: Some(Secret::new("hunter2")),
            ..Credentials::default()
        };
        assert!(!format!("{credentials:?}").contains("hunter2"));
        assert_eq!(credentials.password.unwrap().expose(), "hunter2");
    }
}
