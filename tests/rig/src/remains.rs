//! What a workload left in its store, read there rather than told by pods: none may be left that could tell.

use auriga_e2e::Space;
use serde_json::{Value, json};

use crate::oracle::{compare, masked};

/// The store of [`Store::Folder`].
pub(crate) const FOLDER: &str = "file:///var/lib/auriga/models";
/// That of [`Store::Sqlite`].
const SQLITE: &str = "sqlite:///var/lib/auriga/models.db";
/// That of [`Store::Postgres`].
const POSTGRES: &str = "postgres://postgres/auriga";

/// Where the versions of the Model iris are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Store {
    /// In a database on its claim.
    Sqlite,
    /// In a folder on its claim, where each blob and manifest is a file.
    Folder,
    /// In the PostgreSQL of its namespace.
    Postgres,
}

/// What is in a store.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Remains {
    /// Models with their marks, versions and ledgers; besides, all files of a folder or how many rows each table has.
    found: Value,
    n_versions: usize,
}

impl Remains {
    /// Reads it.
    pub(crate) async fn of(space: &Space, store: Store) -> Remains {
        let uri = match store {
            Store::Sqlite => SQLITE,
            Store::Folder => FOLDER,
            Store::Postgres => POSTGRES,
        };
        let list = ["list", "--persister", uri, "--output", "json"];
        let (listed, more) = match store {
            Store::Sqlite => (space.auriga_on("iris", &list).await, Value::Null),
            Store::Folder => tokio::join!(space.auriga_on("iris", &list), files(space)),
            Store::Postgres => tokio::join!(space.auriga(&list), rows(space)),
        };
        let count = |model: &Value, field: &str| model[field].as_array().map_or(0, Vec::len);
        let models = listed["models"].as_array().map_or(&[][..], Vec::as_slice);
        let n_versions = (models.iter())
            .map(|model| count(model, "versions") + count(model, "damaged"))
            .sum();
        Remains {
            found: json!({ "models": masked(&listed["models"], &space.name), "more": more }),
            n_versions,
        }
    }

    /// Where it differs from what the reference left, for people.
    pub(crate) fn differences(&self, reference: &Remains) -> Vec<String> {
        let mut found = Vec::new();
        compare("what is kept", &self.found, &reference.found, &mut found);
        found
    }

    /// What is wrong with it, whatever it is compared with.
    pub(crate) fn faults(&self, versions: usize) -> Vec<String> {
        let left = self.n_versions;
        if left == versions {
            return Vec::new();
        }
        vec![format!("{left} versions are in the store instead of {versions}")]
    }
}

/// The files of the folder, without what is drawn or hashed in their names: a version tells when it was made, and so has
/// another digest in each run.
async fn files(space: &Space) -> Value {
    let found = space
        .shell_on("iris", "cd /var/lib/auriga && find models -type f")
        .await;
    let found = found.replace(&space.name, "NAMESPACE");
    let mut files: Vec<String> = found.lines().map(unhashed).collect();
    files.sort_unstable();
    json!(files)
}

/// A path without the parts that are digests; numbers of versions stay.
fn unhashed(path: &str) -> String {
    let part = |part: &str| {
        let is_hash = part.len() >= 32 && part.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
        if is_hash { "*".to_owned() } else { part.to_owned() }
    };
    path.split('/').map(part).collect::<Vec<String>>().join("/")
}

/// How many rows each table has.
async fn rows(space: &Space) -> Value {
    let tables = "SELECT string_agg(format('SELECT %L, count(*) FROM auriga.%I', tablename, tablename), ' UNION ALL ') \
                  FROM pg_tables WHERE schemaname = 'auriga'";
    let counts = space.sql(tables).await;
    let counted = space.sql(counts.trim()).await;
    let row = |line: &str| {
        let (table, count) = line.trim().split_once('|')?;
        Some((table.to_owned(), json!(count)))
    };
    Value::Object(counted.lines().filter_map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_loses_digests_and_keeps_numbers() {
        let digest = "5f2a9c01".repeat(8);
        assert_eq!(unhashed(&format!("models/b/{digest}")), "models/b/*");
        assert_eq!(unhashed("v/00000001.json"), "v/00000001.json");
    }

    #[test]
    fn a_file_that_is_left_and_a_version_that_is_not_are_named() {
        let remains = |files: &[&str], n_versions| Remains {
            found: json!({ "models": [], "more": files }),
            n_versions,
        };
        let clean = remains(&[], 0);
        assert_eq!((clean.differences(&clean), clean.faults(0)), (vec![], vec![]));
        let left = remains(&["models/blobs/*"], 1);
        assert_eq!(
            left.differences(&clean),
            [r#"what is kept.more is ["models/blobs/*"] instead of []"#]
        );
        assert_eq!(left.faults(0), ["1 versions are in the store instead of 0"]);
    }
}
