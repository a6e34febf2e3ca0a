//! Turns what PostgreSQL reports into faults that a user can act on.

use std::io;

use sqlx::postgres::PgDatabaseError;

use crate::Fault;

/// The error code of the server, if the error is the server's; see
/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
pub(super) fn code(error: &sqlx::Error) -> Option<&str> {
    let sqlx::Error::Database(reported) = error else {
        return None;
    };
    reported
        .try_downcast_ref::<PgDatabaseError>()
        .map(PgDatabaseError::code)
}

/// Whether the server undid a transaction because of another one, so that the same one may succeed next time. Rows that
/// two transactions add or name at once (23503, 23505) are told apart from a foreign schema by trying.
pub(super) fn is_conflict(error: &sqlx::Error) -> bool {
    matches!(code(error), Some("40001" | "40P01" | "23503" | "23505"))
}

/// Whether the connection is gone.
pub(super) fn is_lost(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        other => code(other).is_some_and(|code| code.starts_with("08") || code.starts_with("57P")),
    }
}

/// What an error of the driver means for the store.
pub(super) fn sql_fault(error: &sqlx::Error) -> Fault {
    match error {
        sqlx::Error::Database(reported) => code_fault(code(error).unwrap_or_default(), reported.message()),
        sqlx::Error::Io(error) => Fault::Unavailable(match error.kind() {
            io::ErrorKind::ConnectionRefused => "nothing listens at its host and port".to_owned(),
            io::ErrorKind::TimedOut => "the server does not answer".to_owned(),
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
                "the server closed the connection".to_owned()
            }
            // A host that is not found has no kind of its own, but words.
            _ => error.to_string(),
        }),
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Fault::NotAStore(error.to_string()),
        other => Fault::Unavailable(other.to_string()),
    }
}

/// What a code of the server means, once a connection stands.
fn code_fault(code: &str, message: &str) -> Fault {
    match code {
        "53100" => Fault::Full,
        "57014" => Fault::Unavailable("a statement took longer than a minute".to_owned()),
        "55P03" => Fault::Unavailable("another process has held a lock for too long".to_owned()),
        "25006" | "42501" => Fault::NotWritable(message.to_owned()),
        // Our statements are fixed, so one that does not fit the tables met a schema of somebody else's making.
        _ if ["22", "23", "42", "XX001", "XX002"]
            .iter()
            .any(|class| code.starts_with(class)) =>
        {
            Fault::NotAStore(message.to_owned())
        }
        _ => Fault::Unavailable(message.to_owned()),
    }
}
