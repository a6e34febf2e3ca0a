//! The keys of the objects. Parts come from validated names, numbers and digests alone, so that no key leaves the store.

use std::fmt::Display;

use auriga_crds::ModelKey;
use object_store::path::Path;

/// What makes a place a store.
pub(super) const MARK: &str = "auriga-store.json";

/// Everything of all models.
pub(super) const MODELS: &str = "models";

/// The keys of one model.
#[derive(Clone)]
pub(super) struct Paths {
    root: String,
}

/// The row in which a version's manifest stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Row {
    /// Numbers as they are given here, one after the other.
    Numbers,
    /// Numbers in gaps of the other row, filled from elsewhere.
    Imported,
}

impl Paths {
    pub(super) fn of(model: &ModelKey) -> Paths {
        Paths {
            root: format!("{MODELS}/{}/{}", model.namespace, model.model),
        }
    }

    /// The folder of a row.
    pub(super) fn row(&self, row: Row) -> Path {
        match row {
            Row::Numbers => self.join("v"),
            Row::Imported => self.join("imported"),
        }
    }

    /// The object of a number in a row.
    pub(super) fn slot(&self, row: Row, number: impl Display) -> Path {
        self.row(row).join(format!("{number:0>8}.json").as_str())
    }

    /// The folder of the ledger.
    pub(super) fn ledger(&self) -> Path {
        self.join("ledger")
    }

    /// The ledger's entry at a position, counted from 1.
    pub(super) fn entry(&self, position: u64) -> Path {
        self.ledger().join(format!("{position:0>10}.json").as_str())
    }

    /// The folder of the bytes.
    pub(super) fn blobs(&self) -> Path {
        self.join("blobs")
    }

    fn join(&self, folder: &str) -> Path {
        Path::from(format!("{}/{folder}", self.root))
    }
}

/// The number in the name of an object such as `00000042.json`; `None` for what is not one of ours.
pub(super) fn number(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".json")?;
    digits
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_fixed_widths_so_that_they_sort_by_number() {
        let paths = Paths::of(&"default/iris".parse().unwrap());
        let check = |path: Path, expected: &str| {
            assert_eq!(path.as_ref(), format!("models/default/iris/{expected}"));
            let written = path.filename().unwrap();
            let digits = expected.rsplit('/').next().unwrap();
            assert_eq!(number(written), digits.trim_end_matches(".json").parse().ok());
        };
        check(paths.slot(Row::Numbers, 42), "v/00000042.json");
        check(paths.slot(Row::Numbers, 123_456_789), "v/123456789.json");
        check(paths.slot(Row::Imported, 7), "imported/00000007.json");
        check(paths.entry(3), "ledger/0000000003.json");
        for foreign in ["00000042.json#1", "notes.json", "42", "+42.json", ""] {
            assert_eq!(number(foreign), None, "{foreign}");
        }
    }
}
