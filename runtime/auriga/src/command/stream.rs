//! `auriga stream`: rows in on the standard input, predictions out on the standard output, line by line.

mod lines;

use std::{
    io::{self, BufReader, BufWriter, ErrorKind, IsTerminal as _, Write},
    path::Path,
    sync::Arc,
    time::Instant,
};

use auriga_crds::VersionNumber;
use auriga_serve::{EntryPoint, Limits, Predictor};
use clap::Args;
use indicatif::ProgressBar;
use serde_json::json;

use self::lines::{Line, has_line, read_line};
use super::{ManifestFlags, StoreFlags};
use crate::{activation, console::Console, failure::Failure, store, translate, watch};

/// Bytes that are read and written at once.
const BUFFER: usize = 64 << 10;

/// Predicts rows line by line: each line of the standard input is a JSON list of rows, each line of the standard output
/// the JSON list of their predictions.
///
/// A line that cannot be predicted gives [] and an error on stderr, and the stream goes on. A line `exit`, or the end of
/// the input, ends it.
#[derive(Args)]
pub(crate) struct Stream {
    #[command(flatten)]
    manifest: ManifestFlags,
    #[command(flatten)]
    store: StoreFlags,
    /// Predict with this version, whatever is active
    #[arg(long, value_name = "NUMBER")]
    version: Option<VersionNumber>,
    /// The entry point of the manifest whose rules apply; the first one unless given
    #[arg(long, value_name = "PATH")]
    entry_point: Option<String>,
}

/// What was done so far.
#[derive(Default)]
struct Counts {
    lines: u64,
    bad_lines: u64,
    rows: u64,
    ignored_values: u64,
}

impl Stream {
    pub(crate) async fn run(self, console: &Console) -> Result<(), Failure> {
        if self.manifest.file.iter().any(|file| file == Path::new("-")) {
            return Err(Failure::mistake(
                "-f -: the standard input holds the rows; give the manifest as a file",
            ));
        }
        let files = self.manifest.files()?;
        let manifest = files.manifest(&files.read()?)?;
        let uri = store::uri(self.store.persister.as_deref(), Some(&manifest))?;
        let settings = translate::settings(&manifest.checked);
        let path = self
            .entry_point
            .unwrap_or_else(|| match settings.entry_points.first() {
                Some(first) => first.path.clone(),
                None => EntryPoint::default().path,
            });
        let console = console.clone();
        watch::unless_asked_to_end(async move {
            let store = store::open_existing(&uri).await?;
            let loaded = activation::load_given(&*store, &manifest.checked.key, self.version).await?;
            let predictor = Predictor::new(Arc::new(loaded), settings, &path)?;
            // Waiting for input blocks; a signal is heard meanwhile.
            let streaming = tokio::task::spawn_blocking(move || stream(&predictor, &console));
            streaming
                .await
                .map_err(|error| Failure::trouble(format!("the stream broke off: {error}")))?
        })
        .await
    }
}

/// Answers line by line until the input ends, and tells how fast that was.
fn stream(predictor: &Predictor, console: &Console) -> Result<(), Failure> {
    let started = Instant::now();
    let mut counts = Counts::default();
    let is_watched = !io::stdin().is_terminal() && !io::stdout().is_terminal();
    let bar = if is_watched {
        console.counter("predicting")
    } else {
        ProgressBar::hidden()
    };
    let answered = answer(predictor, console, &bar, &mut counts);
    bar.finish_and_clear();
    answered?;
    let seconds = started.elapsed().as_secs_f64();
    let Counts {
        lines,
        bad_lines,
        rows,
        ignored_values,
    } = counts;
    let rate = rows as f64 / seconds.max(1e-9);
    console.aside(
        "done",
        format_args!(
            "{rows} rows in {lines} lines, {bad_lines} of them bad, in {seconds:.1} s: {rate:.0} rows per second"
        ),
        json!({
            "rows": rows,
            "lines": lines,
            "badLines": bad_lines,
            "ignoredValues": ignored_values,
            "seconds": seconds,
            "rowsPerSecond": rate,
        }),
    );
    Ok(())
}

fn answer(
    predictor: &Predictor,
    console: &Console,
    bar: &ProgressBar,
    counts: &mut Counts,
) -> Result<(), Failure> {
    let limit = Limits::default().max_body_bytes;
    let mut input = BufReader::with_capacity(BUFFER, io::stdin().lock());
    let mut output = BufWriter::with_capacity(BUFFER, io::stdout().lock());
    // Kept from line to line, so that memory stays what the longest one takes.
    let (mut line, mut predictions) = (Vec::new(), Vec::new());
    loop {
        // Who types waits for the answer; who pipes in bulk has sent the next line already.
        if !has_line(&input)
            && let Err(error) = output.flush()
        {
            return ended(error);
        }
        let read = read_line(&mut input, limit, &mut line)
            .map_err(|error| Failure::trouble(format!("cannot read the standard input: {error}")))?;
        predictions.clear();
        let predicted = match read {
            Line::End => break,
            Line::Whole if line.trim_ascii() == b"exit" => break,
            Line::Whole => predictor
                .rows(&line, &mut predictions)
                .map_err(|error| error.to_string()),
            Line::TooLong => Err(format!(
                "the body is longer than {limit} bytes; send fewer rows a line"
            )),
        };
        counts.lines += 1;
        match predicted {
            Ok(predicted) => {
                counts.rows += predicted.n_rows as u64;
                counts.ignored_values += predicted.ignored;
                bar.set_position(counts.rows);
            }
            Err(message) => {
                counts.bad_lines += 1;
                predictions.extend_from_slice(b"[]");
                let failure = Failure::mistake(bad_line(counts.lines, &message));
                bar.suspend(|| console.warn(&failure));
            }
        }
        predictions.push(b'\n');
        if let Err(error) = output.write_all(&predictions) {
            return ended(error);
        }
    }
    output.flush().or_else(ended)
}

/// What is wrong with a line, which the service knows as the body of a request.
fn bad_line(number: u64, message: &str) -> String {
    match message.strip_prefix("the body ") {
        Some(rest) => format!("line {number} {rest}"),
        None => format!("line {number}: {message}"),
    }
}

/// That the reader of the predictions has gone away, as `head` does, is no error.
fn ended(error: io::Error) -> Result<(), Failure> {
    match error.kind() {
        ErrorKind::BrokenPipe => Ok(()),
        _ => Err(Failure::trouble(format!(
            "the predictions could not be written: {error}"
        ))),
    }
}
