//! Serves one small model, or a bare axum handler that only parses the same query, for a load generator to compare.
//!
//! `side_by_side front` or `side_by_side bare` prints the URL to ask; both end with ctrl-c. One thread answers, so that
//! the figures are those of one core.

use std::{collections::HashMap, io::Write, sync::Arc};

use auriga_crds::{Digest, ModelKey, VersionNumber};
use auriga_learn::{Column, Control, Estimator, GoldenRequests, LogisticRegression, Steps, Table};
use auriga_persist::{Facts, IdempotencyKey, StoreUri, Stored, VersionManifest, open};
use auriga_serve::{Limits, Loaded, Service, Settings, serve};
use axum::{Router, extract::Query, routing::get};
use jiff::Timestamp;
use tokio::net::TcpListener;

/// As in the runtime's own binary, for both.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn std::error::Error>;

const QUERY: &str = "sepal+length=5.2&sepal+width=3.5&petal+length=1.5&petal+width=0.2";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/predict?{QUERY}", listener.local_addr()?);
    writeln!(std::io::stdout(), "{url}")?;
    let stop = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    match std::env::args().nth(1).as_deref() {
        Some("front") => {
            let folder = tempfile::tempdir()?;
            let persister = open(&StoreUri::parse("sqlite://models.db", folder.path())?).await?;
            let key: ModelKey = "default/iris".parse()?;
            let service = Arc::new(Service::new(Settings::new(key.clone()), persister)?);
            service.swap(Loaded::from_stored(&key, iris()?, Timestamp::now())?)?;
            serve(listener, service, Limits::default(), stop).await?;
        }
        Some("bare") => {
            let router = Router::new().route("/predict", get(bare));
            axum::serve(listener, router).with_graceful_shutdown(stop).await?;
        }
        _ => return Err("say front or bare".into()),
    }
    Ok(())
}

async fn bare(Query(row): Query<HashMap<String, f64>>) -> String {
    format!("{{\"result\":{}}}", row.values().sum::<f64>())
}

/// Four features and three classes, as in the iris data; what the numbers are makes no difference to the speed.
fn iris() -> Result<Stored, Failure> {
    let names = ["sepal length", "sepal width", "petal length", "petal width"];
    let first_of_class = [[5.1, 3.5, 1.4, 0.2], [7.0, 3.2, 4.7, 1.4], [6.3, 3.3, 6.0, 2.5]];
    let column = |feature: usize| {
        let cells = (0..30).map(|row| first_of_class[row % 3][feature] + 0.01 * (row / 3) as f64);
        (names[feature].to_owned(), Column::Number(cells.collect()))
    };
    let features = Table::new((0..4).map(column).collect())?;
    let classes = ["Iris-setosa", "Iris-versicolor", "Iris-virginica"];
    let target = Column::Text((0..30).map(|row| Some(classes[row % 3].to_owned())).collect());
    let steps = Steps {
        transformers: Vec::new(),
        estimator: Estimator::LogisticRegression(LogisticRegression::default()),
    };
    let fitted = steps.fit(&features, ("species", &target), &Control::none())?;
    let blob = fitted.to_bytes();
    let facts = Facts {
        estimator: fitted.estimator_name().to_owned(),
        signature: fitted.signature().clone(),
        scores: [].into(),
        importances: Vec::new(),
        data_hash: Digest::of(b"iris"),
        spec_hash: "iris".to_owned(),
        golden: GoldenRequests::record(&fitted, &features, 5, 1e-9)?,
        origin: None,
        trained: Timestamp::now(),
        runtime_version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let manifest = VersionManifest {
        manifest_version: VersionManifest::MANIFEST_VERSION,
        number: VersionNumber::FIRST,
        digest: Digest::of(&blob),
        length: blob.len() as u64,
        idempotency_key: IdempotencyKey("iris".to_owned()),
        created: Timestamp::now(),
        facts,
    };
    Ok(Stored { manifest, blob })
}
