//! Turns what SQLite reports into faults that a user can act on.

use crate::{
    Fault,
    failure::{Failure, io_fault},
};

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Failure {
        Failure::Caused(sql_fault(&error), Box::new(error))
    }
}

/// What an error of the driver means for the store.
pub(super) fn sql_fault(error: &sqlx::Error) -> Fault {
    match error {
        sqlx::Error::Database(reported) => {
            let code = reported.code().and_then(|code| code.parse().ok()).unwrap_or(0);
            code_fault(code, reported.message())
        }
        sqlx::Error::Io(error) => io_fault(error),
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Fault::NotAStore(error.to_string()),
        sqlx::Error::PoolTimedOut => {
            Fault::Unavailable("this process has been waiting too long for its own earlier writes".to_owned())
        }
        other => Fault::Unavailable(other.to_string()),
    }
}

/// What an extended result code of SQLite means; see <https://www.sqlite.org/rescode.html>.
fn code_fault(extended: i32, message: &str) -> Fault {
    const READONLY_DBMOVED: i32 = 1032;
    const IOERR_SHORT_READ: i32 = 522;
    const IOERR_SHMSIZE: i32 = 4874;
    const IOERR_DATA: i32 = 8202;
    const IOERR_CORRUPTFS: i32 = 8458;
    match extended {
        READONLY_DBMOVED => {
            return Fault::Unavailable("its file was moved or replaced while this process had it open, so only a new process can reach it".to_owned());
        }
        // The shared memory beside the database could not grow, because nothing can.
        IOERR_SHMSIZE => return Fault::Full,
        IOERR_SHORT_READ | IOERR_DATA | IOERR_CORRUPTFS => return Fault::NotAStore(message.to_owned()),
        _ => {}
    }
    const ERROR: i32 = 1;
    const PERM: i32 = 3;
    const BUSY: i32 = 5;
    const LOCKED: i32 = 6;
    const READONLY: i32 = 8;
    const CORRUPT: i32 = 11;
    const FULL: i32 = 13;
    const CANTOPEN: i32 = 14;
    const PROTOCOL: i32 = 15;
    const CONSTRAINT: i32 = 19;
    const MISMATCH: i32 = 20;
    const AUTH: i32 = 23;
    const NOTADB: i32 = 26;
    match extended & 0xff {
        BUSY | LOCKED | PROTOCOL => {
            Fault::Unavailable("another process has held its lock for too long".to_owned())
        }
        FULL => Fault::Full,
        // The file itself was read before SQLite saw it, so what cannot be opened are the files beside it.
        CANTOPEN => Fault::NotWritable(
            "the files -wal and -shm beside it, which reading needs too, cannot be opened".to_owned(),
        ),
        PERM | READONLY | AUTH => Fault::NotWritable(message.to_owned()),
        // Our statements are fixed, so one that fails to compile or breaks a constraint met a schema or rows of
        // somebody else's making.
        ERROR | CORRUPT | CONSTRAINT | MISMATCH | NOTADB => Fault::NotAStore(message.to_owned()),
        _ => Fault::Unavailable(message.to_owned()),
    }
}

/// Whether the error says that stored pages are damaged, rather than locked or out of reach.
pub(super) fn is_damage(error: &sqlx::Error) -> bool {
    matches!(sql_fault(error), Fault::NotAStore(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_code_becomes_the_fault_that_names_the_remedy() {
        let check = |codes: &[i32], expected: &str| {
            for code in codes {
                let fault = code_fault(*code, "message");
                let name = match fault {
                    Fault::Absent => "absent",
                    Fault::Replaced => "replaced",
                    Fault::Unavailable(_) => "unavailable",
                    Fault::Refused(_) => "refused",
                    Fault::CredentialsMissing(_) => "credentials missing",
                    Fault::Full => "full",
                    Fault::NotWritable(_) => "not writable",
                    Fault::NotAStore(_) => "not a store",
                    Fault::TooNew { .. } => "too new",
                    Fault::NetworkFileSystem(_) => "network",
                    Fault::NotExclusive(_) => "not exclusive",
                };
                assert_eq!(name, expected, "{code}");
            }
        };
        // BUSY, _RECOVERY, _SNAPSHOT, _TIMEOUT, LOCKED, _SHAREDCACHE, PROTOCOL
        check(&[5, 261, 517, 773, 6, 262, 15], "unavailable");
        // FULL, IOERR_SHMSIZE
        check(&[13, 4874], "full");
        // PERM, READONLY, _RECOVERY, _CANTLOCK, _ROLLBACK, _CANTINIT, _DIRECTORY, CANTOPEN, _DIRTYWAL, AUTH
        check(&[3, 8, 264, 520, 776, 1288, 1544, 14, 1294, 23], "not writable");
        // READONLY_DBMOVED
        check(&[1032], "unavailable");
        // ERROR, CORRUPT, _VTAB, _INDEX, CONSTRAINT_UNIQUE, _PRIMARYKEY, _FOREIGNKEY, MISMATCH, NOTADB
        check(&[1, 11, 267, 779, 2067, 1555, 787, 20, 26], "not a store");
        // IOERR_SHORT_READ, _DATA, _CORRUPTFS
        check(&[522, 8202, 8458], "not a store");
        // IOERR, _READ, _WRITE, _FSYNC, _NOMEM, _LOCK, NOMEM, INTERRUPT, SCHEMA
        check(&[10, 266, 778, 1034, 3082, 3850, 7, 9, 17], "unavailable");
    }
}
