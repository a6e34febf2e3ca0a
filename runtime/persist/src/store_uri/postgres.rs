//! The address of a PostgreSQL database, without user and password.

use std::fmt;

use super::StoreUriError;

/// Tables are kept in the schema of this name unless the address has another one.
const SCHEMA: &str = "auriga";

/// A database on a PostgreSQL server. What the address leaves out comes with the credentials.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PostgresUri {
    /// Name or IP address of the server.
    pub host: Option<String>,
    /// Its port.
    pub port: Option<u16>,
    /// Name of the database.
    pub database: Option<String>,
    /// How the connection is protected.
    pub ssl_mode: Option<SslMode>,
    /// The schema that keeps the tables.
    pub schema: String,
}

/// How much a connection is protected; as in PostgreSQL's own `sslmode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SslMode {
    /// Never by TLS.
    Disable,
    /// By TLS if the server offers it; its certificate is not looked at.
    Prefer,
    /// By TLS; the server's certificate is not looked at.
    Require,
    /// By TLS; the certificate must come from a known authority.
    VerifyCa,
    /// By TLS; the certificate must come from a known authority and name the host.
    VerifyFull,
}

impl SslMode {
    const ALL: [SslMode; 5] = [
        SslMode::Disable,
        SslMode::Prefer,
        SslMode::Require,
        SslMode::VerifyCa,
        SslMode::VerifyFull,
    ];

    /// As PostgreSQL spells it, if it is one of these.
    pub fn from_text(text: &str) -> Option<SslMode> {
        SslMode::ALL.into_iter().find(|mode| mode.text() == text)
    }

    fn text(self) -> &'static str {
        match self {
            SslMode::Disable => "disable",
            SslMode::Prefer => "prefer",
            SslMode::Require => "require",
            SslMode::VerifyCa => "verify-ca",
            SslMode::VerifyFull => "verify-full",
        }
    }
}

impl PostgresUri {
    /// Reads what follows `postgres://`; the caller has refused user and password.
    pub(super) fn parse(place: &str) -> Result<PostgresUri, StoreUriError> {
        let wrong = |what| Err(StoreUriError::Postgres(what));
        if place.contains('%') || place.contains(char::is_control) {
            return wrong("has escapes or control characters, which are not understood");
        }
        let (place, options) = place
            .split_once('?')
            .map_or((place, None), |(place, options)| (place, Some(options)));
        let (server, database) = place.split_once('/').unwrap_or((place, ""));
        if database.contains(['/', '#']) {
            return wrong("has more in its path than the name of a database");
        }
        let (host, port) = match server.strip_prefix('[') {
            Some(rest) => match rest.split_once(']') {
                Some((host, rest)) => (host, rest.strip_prefix(':').or((!rest.is_empty()).then_some("?"))),
                None => return wrong("has a \"[\" without a \"]\""),
            },
            None => server
                .split_once(':')
                .map_or((server, None), |(host, port)| (host, Some(port))),
        };
        let is_host = |c: char| c.is_ascii_alphanumeric() || ".-_:".contains(c);
        if !host.chars().all(is_host) {
            return wrong("has a host that is neither a name nor an IP address");
        }
        let port = match port.map(str::parse) {
            None => None,
            Some(Ok(0) | Err(_)) => return wrong("has a port that is not a number from 1 to 65535"),
            Some(Ok(port)) => Some(port),
        };
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let mut uri = PostgresUri {
            host: some(host),
            port,
            database: some(database),
            ssl_mode: None,
            schema: SCHEMA.to_owned(),
        };
        for option in options
            .unwrap_or("")
            .split('&')
            .filter(|option| !option.is_empty())
        {
            match option.split_once('=') {
                Some(("sslmode", mode)) => {
                    let Some(mode) = SslMode::from_text(mode) else {
                        return wrong(
                            "has an sslmode that is none of disable, prefer, require, verify-ca, verify-full",
                        );
                    };
                    uri.ssl_mode = Some(mode);
                }
                Some(("schema", schema)) if is_schema(schema) => uri.schema = schema.to_owned(),
                Some(("schema", _)) => {
                    return wrong(
                        "has a schema that is not of at most 63 lower-case letters, digits and \"_\", beginning with a letter",
                    );
                }
                _ => return wrong("has an option other than sslmode and schema"),
            }
        }
        Ok(uri)
    }
}

/// A name that means the same with and without quotes. PostgreSQL keeps `pg_` for itself.
fn is_schema(text: &str) -> bool {
    text.len() <= 63
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && !text.starts_with("pg_")
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

impl fmt::Display for PostgresUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgres://")?;
        match self.host.as_deref() {
            // An address of IP version 6 has colons of its own.
            Some(host) if host.contains(':') => write!(f, "[{host}]")?,
            Some(host) => f.write_str(host)?,
            None => {}
        }
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        write!(f, "/{}", self.database.as_deref().unwrap_or(""))?;
        let mut separator = '?';
        if let Some(mode) = self.ssl_mode {
            write!(f, "{separator}sslmode={}", mode.text())?;
            separator = '&';
        }
        if self.schema != SCHEMA {
            write!(f, "{separator}schema={}", self.schema)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::StoreUri;

    fn parse(text: &str) -> Result<StoreUri, StoreUriError> {
        StoreUri::parse(text, Path::new("/manifests/iris"))
    }

    #[test]
    fn an_address_names_server_database_and_options_and_reads_back() {
        let check = |text: &str, shown: &str, expected: (Option<&str>, Option<u16>, Option<&str>, &str)| {
            let uri = parse(text).unwrap();
            assert_eq!(uri.to_string(), shown);
            assert_eq!(parse(shown), Ok(uri.clone()), "what is printed reads back");
            let StoreUri::Postgres(uri) = uri else {
                panic!("{text} is an address of PostgreSQL");
            };
            let found = (
                uri.host.as_deref(),
                uri.port,
                uri.database.as_deref(),
                &*uri.schema,
            );
            assert_eq!(found, expected, "{text}");
        };
        check(
            "postgres://db.example:5433/models",
            "postgres://db.example:5433/models",
            (Some("db.example"), Some(5433), Some("models"), "auriga"),
        );
        check(
            "PostgreSQL://db/models?sslmode=verify-full&schema=team_a",
            "postgres://db/models?sslmode=verify-full&schema=team_a",
            (Some("db"), None, Some("models"), "team_a"),
        );
        check(
            "postgres://[::1]:5433/models?schema=auriga",
            "postgres://[::1]:5433/models",
            (Some("::1"), Some(5433), Some("models"), "auriga"),
        );
        check("postgres:///", "postgres:///", (None, None, None, "auriga"));
        check(
            "postgres://db",
            "postgres://db/",
            (Some("db"), None, None, "auriga"),
        );
    }

    #[test]
    fn what_is_no_address_is_refused_without_being_repeated() {
        let check = |place: &str, expected: &str| {
            let message = parse(&format!("postgres://{place}")).unwrap_err().to_string();
            assert!(message.contains(expected), "{place}: {message}");
            assert!(!message.contains("hunter2"), "{message}");
        };
        check("db:port/models", "a port that is not a number");
        check("db:0/models", "a port that is not a number");
        check("[::1]x/models", "a port that is not a number");
        check("[::1/models", "a \"[\" without");
        check("one,two/models", "neither a name nor an IP address");
        check("db/models/more", "more in its path");
        check("db/mod%20els", "has escapes");
        check("db/models?password=hunter2", "an option other than");
        check("db/models?hunter2", "an option other than");
        check("db/models?sslmode=hunter2", "an sslmode that is none of");
        check("db/models?sslmode=allow", "an sslmode that is none of");
        check("db/models?schema=pg_catalog", "a schema that is not");
        check("db/models?schema=a;drop", "a schema that is not");
        check("user:hunter2@db/models", "holds a user name or password");
    }
}
