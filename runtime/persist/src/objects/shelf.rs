//! What a handle remembers of one model, so that it looks only at what is new.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Mutex,
};

use auriga_crds::{Digest, ModelKey, VersionNumber};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use object_store::path::Path;

use super::{
    bucket::Bucket,
    document::{Entry, Glance},
    paths::{self, Paths, Row},
};
use crate::failure::Failure;

/// Objects that are read at once where many have to be.
const AT_ONCE: usize = 16;

/// One model of a store, as one handle knows it.
pub(super) struct Shelf {
    pub(super) model: ModelKey,
    pub(super) paths: Paths,
    pub(super) seen: tokio::sync::Mutex<Seen>,
    pub(super) newest: tokio::sync::Mutex<Newest>,
    /// When what was left behind was last collected, by the clocks of the drafts.
    pub(super) swept: Mutex<Option<Timestamp>>,
}

/// The numbers that were seen.
#[derive(Default)]
pub(super) struct Seen {
    has_looked: bool,
    /// All numbers up to this one were seen.
    pub(super) high_water_mark: u64,
    /// The versions by the digest of their keys. One that is deleted stays here until somebody asks for it.
    pub(super) keys: HashMap<Digest, VersionNumber>,
    /// The names of their bytes.
    pub(super) blobs: BTreeMap<VersionNumber, String>,
    /// Numbers whose manifest is not as it was written.
    pub(super) damaged: BTreeSet<VersionNumber>,
    imported: BTreeSet<VersionNumber>,
}

/// The newest entry of the ledger that was seen.
#[derive(Default)]
pub(super) struct Newest {
    pub(super) has_looked: bool,
    /// Its position; 0 if there is none.
    pub(super) position: u64,
    pub(super) entry: Option<Entry>,
    /// Whether the version that the entry deletes is known to be buried.
    pub(super) is_done: bool,
}

impl Shelf {
    pub(super) fn new(model: &ModelKey) -> Shelf {
        Shelf {
            model: model.clone(),
            paths: Paths::of(model),
            seen: tokio::sync::Mutex::default(),
            newest: tokio::sync::Mutex::default(),
            swept: Mutex::default(),
        }
    }

    /// Sees all numbers that were given until now.
    pub(super) async fn look(&self, bucket: &Bucket, seen: &mut Seen) -> Result<(), Failure> {
        if !seen.has_looked {
            for (number, bytes) in self.slots(bucket, Row::Numbers, &BTreeSet::new()).await? {
                self.note(seen, Row::Numbers, number, &bytes);
            }
            seen.has_looked = true;
        }
        loop {
            let (paths, first) = (self.paths.clone(), seen.high_water_mark.saturating_add(1));
            let path = move |number| paths.slot(Row::Numbers, number);
            let found = bucket.documents_from(first, path).await?;
            for (number, bytes) in (first..).filter_map(VersionNumber::new).zip(&found) {
                self.note(seen, Row::Numbers, number, bytes);
            }
            // After a gap the row goes on further up.
            if found.is_empty() || seen.high_water_mark - (first - 1) == found.len() as u64 {
                break;
            }
        }
        for (number, bytes) in self.slots(bucket, Row::Imported, &seen.imported).await? {
            seen.imported.insert(number);
            self.note(seen, Row::Imported, number, &bytes);
        }
        Ok(())
    }

    /// Remembers what stands at a number.
    pub(super) fn note(&self, seen: &mut Seen, row: Row, number: VersionNumber, bytes: &[u8]) {
        let mut last = number;
        match Glance::at(&self.paths.slot(row, number), bytes) {
            Some(Glance::Version { blob, key }) => {
                seen.keys.insert(key, number);
                seen.blobs.insert(number, blob);
            }
            Some(Glance::Gap { to }) => last = to,
            Some(Glance::Tombstone) => {}
            None => drop(seen.damaged.insert(number)),
        }
        seen.high_water_mark = seen.high_water_mark.max(last.get());
    }

    /// The documents of all numbers in a row but those that are `known`.
    pub(super) async fn slots(
        &self,
        bucket: &Bucket,
        row: Row,
        known: &BTreeSet<VersionNumber>,
    ) -> Result<Vec<(VersionNumber, Vec<u8>)>, Failure> {
        let numbers = numbers(bucket, &self.paths.row(row)).await?;
        let new = numbers
            .into_iter()
            .filter_map(VersionNumber::new)
            .filter(|number| !known.contains(number));
        let path = |number: &VersionNumber| self.paths.slot(row, *number);
        let mut found = read_all(bucket, new.collect(), path).await?;
        if row == Row::Numbers && known.is_empty() {
            // A listing is no snapshot: it may have a number and not the one that was created just before. Who trusted it
            // would never see that one, and take its bytes for nobody's.
            let holes = self.holes(&mut found);
            found.extend(read_all(bucket, holes, path).await?);
        }
        Ok(found)
    }

    /// The numbers that a listing of the row from its beginning passed over, though higher ones were given.
    ///
    /// Sorts what was found.
    fn holes(&self, found: &mut [(VersionNumber, Vec<u8>)]) -> Vec<VersionNumber> {
        found.sort_unstable_by_key(|(number, _)| *number);
        let mut holes = Vec::new();
        let mut last = Some(0);
        for (number, bytes) in found {
            if let Some(last) = last {
                holes.extend((last + 1..number.get()).filter_map(VersionNumber::new));
            }
            last = match Glance::at(&self.paths.slot(Row::Numbers, *number), bytes) {
                Some(Glance::Gap { to }) => Some(to.get()),
                // It may have been a gap, and then nobody knows how long it was.
                None => None,
                Some(Glance::Version { .. } | Glance::Tombstone) => Some(number.get()),
            };
        }
        holes
    }
}

/// The numbers in the names of the objects in a folder.
pub(super) async fn numbers(bucket: &Bucket, folder: &Path) -> Result<Vec<u64>, Failure> {
    let names = bucket.names(folder).await?;
    Ok(names.iter().filter_map(|name| paths::number(name)).collect())
}

/// The documents at many keys, several read at once, in order; those that are gone are left out.
pub(super) async fn read_all<N>(
    bucket: &Bucket,
    wanted: Vec<N>,
    path: impl Fn(&N) -> Path,
) -> Result<Vec<(N, Vec<u8>)>, Failure> {
    let reads: Vec<_> = wanted
        .into_iter()
        .map(|number| {
            let path = path(&number);
            async move { Ok::<_, Failure>((number, bucket.document(&path).await?)) }
        })
        .collect();
    let read: Vec<(N, Option<Vec<u8>>)> = stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
    Ok(read
        .into_iter()
        .filter_map(|(number, bytes)| Some((number, bytes?)))
        .collect())
}
