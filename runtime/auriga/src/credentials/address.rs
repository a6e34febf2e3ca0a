//! Takes apart an address that holds user and password, as operators of databases put it into their Secrets.

use auriga_persist::{Credentials, Secret, SslMode};

/// Reads `postgres://user:password@host:port/database?sslmode=require`, each part of which may be left out. Options of
/// other programs are passed over.
pub(super) fn parse(text: &str) -> Option<Credentials> {
    let place = ["postgres://", "postgresql://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme))?;
    let (place, options) = place.split_once('?').unwrap_or((place, ""));
    let (server, database) = place.split_once('/').unwrap_or((place, ""));
    let (user_info, server) = server.rsplit_once('@').unwrap_or(("", server));
    let (user, password) = user_info.split_once(':').unwrap_or((user_info, ""));
    // An IP address of version 6 has colons of its own, in brackets.
    let (host, port) = match server.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (server, None),
    };
    let ssl_mode = options
        .split('&')
        .find_map(|option| SslMode::from_text(option.strip_prefix("sslmode=")?));
    Some(Credentials {
        user: part(user)?,
        password: part(password)?.map(Secret::new),
        host: part(host.trim_start_matches('[').trim_end_matches(']'))?,
        port: match port {
            Some(port) => Some(port.parse().ok()?),
            None => None,
        },
        database: part(database)?,
        ssl_mode,
        ca_bundle: None,
    })
}

/// A part without its escapes, if there is one; outer `None` if an escape is broken.
fn part(text: &str) -> Option<Option<String>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first == b'%' {
            let digits = str::from_utf8(rest.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &rest[2..];
        } else {
            bytes.push(*first);
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    Some((!text.is_empty()).then_some(text))
}
