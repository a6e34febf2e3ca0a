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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_becomes_the_fault_that_names_the_remedy() {
        let check = |codes: &[&str], expected: fn(&Fault) -> bool| {
            for code in codes {
                let fault = code_fault(code, "message");
                assert!(expected(&fault), "{code}: {fault}");
            }
        };
        // disk_full
        check(&["53100"], |fault| *fault == Fault::Full);
        // read_only_sql_transaction, insufficient_privilege
        check(&["25006", "42501"], |fault| {
            matches!(fault, Fault::NotWritable(_))
        });
        // undefined_table, undefined_column, duplicate_table, unique_violation, foreign_key_violation,
        // data_corrupted, index_corrupted, character_not_in_repertoire
        check(
            &[
                "42P01", "42703", "42P07", "23505", "23503", "XX001", "XX002", "22021",
            ],
            |fault| matches!(fault, Fault::NotAStore(_)),
        );
        // query_canceled, lock_not_available, too_many_connections, out_of_memory, admin_shutdown, cannot_connect_now,
        // deadlock_detected, internal_error
        check(
            &[
                "57014", "55P03", "53300", "53200", "57P01", "57P03", "40P01", "XX000",
            ],
            |fault| matches!(fault, Fault::Unavailable(_)),
        );
    }
}
