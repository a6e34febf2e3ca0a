//! Where rows come from: a format (today CSV) at a place (file, web address, text at hand) becomes a `Table`.
//!
//! A place brings bytes and nothing else: [`Place`] names them, one file under `place/` each opens them as a source
//! that is counted, capped, reported to the caller, and readable once more from the start. A format turns a source into
//! a table on a thread that may block, and knows nothing of places; its settings are a struct such as [`Csv`].
//!
//! A new place: a variant of [`Place`], a file beside `place/file.rs` that makes its source, and an arm in [`load`]. What
//! needs the network follows `place/http.rs`: a download to be awaited beside the parser.
//!
//! A new format: a file beside `csv.rs` with the settings and a `read` from a source to a table; with the second one,
//! [`load`] takes an enum of formats. Every error names the place, the line or row, the column and the remedy, and every
//! new variant of [`DataError`] decides in [`DataError::is_users_mistake`] who has to act.
//!
//! TLS uses ring by name, so nothing here needs a process-wide provider; a `main` that also uses kube or sqlx installs
//! `rustls::crypto::ring::default_provider()` first for their sake.

mod csv;
mod error;
mod limits;
mod message;
mod place;
mod source;

use auriga_learn::Table;
pub use reqwest::Url;
use tokio::{sync::watch, time::timeout};

pub use self::{
    csv::{Csv, DEFAULT_MISSING_VALUES},
    error::{CellFault, DataError},
    limits::{Limits, Progress},
    place::{AddressPolicy, Place},
};
use self::{
    place::{file, http, text},
    source::Source,
};

/// Reads the table at `place`. Must run on a Tokio runtime; parsing takes one of its blocking threads, and ends soon
/// after the returned future is dropped.
///
/// `progress` is called from the awaiting task, at most once per 256 KiB, and once at the end.
/// Memory: the columns. A web address is kept for a second reading unless all kinds are declared (see [`Csv::types`]): up
/// to 8 MiB of it in memory, more in an unnamed file in the temporary folder (`TMPDIR`), gone when the load ends.
/// Errors: every [`DataError`].
pub async fn load(
    csv: &Csv,
    place: &Place,
    limits: &Limits,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Table, DataError> {
    csv.check()?;
    timeout(limits.total, read(csv, place, limits, progress))
        .await
        .unwrap_or_else(|_| {
            Err(DataError::Timeout {
                place: place.to_string(),
                phase: "the whole load",
                after: limits.total,
            })
        })
}

async fn read(
    csv: &Csv,
    place: &Place,
    limits: &Limits,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Table, DataError> {
    let label = place.to_string();
    let (reported, watched) = watch::channel(Progress::default());
    let opening = limits.clone();
    match place {
        Place::Text { text, .. } => {
            let source = text::open(&label, text, limits, reported);
            parse(csv, &label, limits, watched, progress, || Ok(source)).await
        }
        Place::Path(path) => {
            let (path, name) = (path.clone(), label.clone());
            let open = move || file::open(&path, name, &opening, reported);
            parse(csv, &label, limits, watched, progress, open).await
        }
        Place::Url(url) => {
            let response = http::open(url, &label, limits).await?;
            let (source, download) = http::split(response, &label, limits, reported);
            let parsed = parse(csv, &label, limits, watched, progress, || Ok(source));
            let (parsed, downloaded) = tokio::join!(parsed, download);
            match parsed {
                // The parser could not read on: the download knows why.
                Err(error @ DataError::Read { .. }) => Err(downloaded.err().unwrap_or(error)),
                // With enough rows, or a row that is wrong anyhow, the rest does not matter.
                parsed => parsed,
            }
        }
    }
}

/// Opens and parses on a thread that may block, and passes on what it reports.
async fn parse(
    csv: &Csv,
    place: &str,
    limits: &Limits,
    mut watched: watch::Receiver<Progress>,
    progress: &(dyn Fn(Progress) + Sync),
    open: impl FnOnce() -> Result<Source, DataError> + Send + 'static,
) -> Result<Table, DataError> {
    let (csv, limits) = (csv.clone(), limits.clone());
    let mut parsing = tokio::task::spawn_blocking(move || csv.read(open()?, &limits));
    let parsed = loop {
        tokio::select! {
            parsed = &mut parsing => break parsed,
            Ok(()) = watched.changed() => progress(*watched.borrow_and_update()),
        }
    };
    match parsed {
        Ok(table) => {
            progress(*watched.borrow());
            table
        }
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(DataError::Stopped {
            place: place.to_owned(),
        }),
    }
}
