//! What the SQL stores have in common: documents in sealed rows, and numbers in signed columns.

use auriga_crds::{Digest, ModelKey, VersionNumber};

use crate::{
    Damaged, LedgerEntry, Listing, PersistError, VersionManifest,
    failure::{Failure, damaged},
    seal,
    version::Unreadable,
};

/// A row of a version: number, manifest, seal. The manifest comes as bytes: damaged text may not be text any more, and a
/// driver would then refuse the rows beside it as well.
pub(crate) type VersionRow = (i64, Vec<u8>, Vec<u8>);

/// A row of the ledger: revision, entry, seal.
pub(crate) type LedgerRow = (i64, String, Vec<u8>);

/// The manifest of a row, if the row is as it was written.
///
/// Errors: `Corrupt`, `VersionTooNew`.
pub(crate) fn manifest(
    model: &ModelKey,
    (number, document, found): VersionRow,
) -> Result<VersionManifest, Failure> {
    let version = number_from(model, number)?;
    let corrupt = |what: String| PersistError::Corrupt {
        model: model.clone(),
        version,
        what,
    };
    let Some(document) = String::from_utf8(document)
        .ok()
        .filter(|document| seal::fits(model, document, &found))
    else {
        return Err(corrupt("its manifest does not fit its seal".to_owned()).into());
    };
    let manifest = VersionManifest::from_json(&document).map_err(|unreadable| match unreadable {
        Unreadable::Malformed(what) => corrupt(what),
        Unreadable::TooNew(found) => PersistError::VersionTooNew {
            model: model.clone(),
            version,
            found,
            known: VersionManifest::MANIFEST_VERSION,
        },
    })?;
    if manifest.number != version {
        return Err(corrupt(format!("its manifest is that of version {}", manifest.number)).into());
    }
    Ok(manifest)
}

/// All rows of a model's versions, in order, the damaged ones apart.
pub(crate) fn listing(model: &ModelKey, rows: Vec<VersionRow>) -> Result<Listing, Failure> {
    let mut listing = Listing::default();
    for row in rows {
        let version = number_from(model, row.0)?;
        match manifest(model, row) {
            Ok(manifest) => listing.versions.push(manifest),
            Err(Failure::Refused(error)) => listing.damaged.push(Damaged {
                version,
                message: error.to_string(),
            }),
            Err(failure) => return Err(failure),
        }
    }
    Ok(listing)
}

/// The entry of a row of the ledger, if the row is as it was written.
pub(crate) fn ledger_entry(
    model: &ModelKey,
    (revision, document, found): LedgerRow,
) -> Result<LedgerEntry, Failure> {
    let unreadable = |why: String| damaged(format!("revision {revision} of the ledger of {model} {why}"));
    if !seal::fits(model, &document, &found) {
        return Err(unreadable("does not fit its seal".to_owned()));
    }
    let entry: LedgerEntry =
        serde_json::from_str(&document).map_err(|error| unreadable(format!("cannot be read ({error})")))?;
    if i64::try_from(entry.revision) != Ok(revision) {
        return Err(unreadable(format!("is that of revision {}", entry.revision)));
    }
    Ok(entry)
}

/// A ledger entry as it is stored.
pub(crate) fn ledger_document(entry: &LedgerEntry) -> String {
    serde_json::to_string(entry).expect("an entry has text keys and no number that is not finite")
}

/// The models of these namespaces and names.
pub(crate) fn models(rows: Vec<(String, String)>) -> Result<Vec<ModelKey>, Failure> {
    let key = |(namespace, name): (String, String)| {
        format!("{namespace}/{name}")
            .parse()
            .map_err(|error| damaged(format!("{error}")))
    };
    rows.into_iter().map(key).collect()
}

/// The digest of a column; `owner` says whose it is.
pub(crate) fn digest_from(bytes: Vec<u8>, owner: impl FnOnce() -> String) -> Result<Digest, Failure> {
    let bytes: [u8; 32] = bytes
        .try_into()
        .map_err(|_| damaged(format!("the digest of {} does not have 32 bytes", owner())))?;
    Ok(bytes.into())
}

/// The number of a column.
pub(crate) fn number_from(model: &ModelKey, number: i64) -> Result<VersionNumber, Failure> {
    u64::try_from(number)
        .ok()
        .and_then(VersionNumber::new)
        .ok_or_else(|| damaged(format!("{model} has a version numbered {number}")))
}

/// The high-water mark of a column.
pub(crate) fn mark_from(model: &ModelKey, mark: i64) -> Result<u64, Failure> {
    u64::try_from(mark).map_err(|_| damaged(format!("the high-water mark of {model} is below 0")))
}

/// The number as a column has it. Numbers beyond its range were never given, and 0 neither.
pub(crate) fn column(version: VersionNumber) -> i64 {
    i64::try_from(version.get()).unwrap_or(0)
}
