//! A small model, a store that keeps its versions, and a service in front of both.

use std::{net::SocketAddr, sync::Arc};

use auriga_crds::{Digest, ModelKey, VersionNumber};
use auriga_learn::{Column, Control, Estimator, Fitted, GoldenRequests, LogisticRegression, Steps, Table};
use auriga_persist::{Activation, Draft, Facts, IdempotencyKey, Persister, StoreUri, Stored, Which, open};
use auriga_serve::{Limits, Loaded, Service, Settings, serve};
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::client::{Client, DEADLINE};

/// Rows that [`iris`] predicts as the class whose name they have here.
pub(crate) const SETOSA: &str = r#"{"sepal length": 5.0, "petal width": 0.2}"#;
pub(crate) const VIRGINICA: &str = r#"{"sepal length": 6.8, "petal width": 2.2}"#;
pub(crate) const SETOSA_QUERY: &str = "sepal+length=5.0&petal%20width=0.2";

pub(crate) fn key() -> ModelKey {
    "default/iris".parse().unwrap()
}

pub(crate) fn now() -> Timestamp {
    "2026-01-02T03:04:05Z".parse().unwrap()
}

pub(crate) fn version(number: u64) -> VersionNumber {
    VersionNumber::new(number).unwrap()
}

fn numbers(cells: &[f64]) -> Column {
    Column::Number(cells.to_vec())
}

/// The features of six flowers, three of each class.
pub(crate) fn flowers() -> Table {
    Table::new(vec![
        (
            "sepal length".to_owned(),
            numbers(&[4.9, 5.0, 5.1, 6.7, 6.8, 6.9]),
        ),
        ("petal width".to_owned(), numbers(&[0.1, 0.2, 0.3, 2.1, 2.2, 2.3])),
    ])
    .unwrap()
}

/// A classifier of [`flowers`] whose classes are called as told.
pub(crate) fn classifier(features: &Table, low: &str, high: &str) -> Fitted {
    let class = |row: usize| Some(if row < 3 { low } else { high }.to_owned());
    let target = Column::Text((0..6).map(class).collect());
    logistic()
        .fit(features, ("species", &target), &Control::none())
        .unwrap()
}

pub(crate) fn iris() -> Fitted {
    classifier(&flowers(), "setosa", "virginica")
}

pub(crate) fn logistic() -> Steps {
    Steps {
        transformers: Vec::new(),
        estimator: Estimator::LogisticRegression(LogisticRegression::default()),
    }
}

pub(crate) fn facts(fitted: &Fitted, golden: GoldenRequests) -> Facts {
    Facts {
        estimator: fitted.estimator_name().to_owned(),
        signature: fitted.signature().clone(),
        scores: [("test".to_owned(), [("accuracy".to_owned(), 0.96)].into())].into(),
        importances: Vec::new(),
        scoring: None,
        cross_validation: None,
        data_hash: Digest::of(b"six flowers"),
        spec_hash: "v1:flowers".to_owned(),
        spec: None,
        golden,
        origin: None,
        trained: now(),
        runtime_version: "0.1.0".to_owned(),
    }
}

/// A store in a folder of its own.
pub(crate) struct Store {
    pub(crate) folder: TempDir,
    pub(crate) persister: Arc<dyn Persister>,
}

impl Store {
    pub(crate) async fn new() -> Store {
        let folder = tempfile::tempdir().unwrap();
        let uri = StoreUri::parse("sqlite://models.db", folder.path()).unwrap();
        let persister = open(&uri).await.unwrap();
        Store { folder, persister }
    }

    /// Writes `fitted` as the next version.
    pub(crate) async fn write(&self, fitted: &Fitted) -> VersionNumber {
        let n_versions = self.persister.list(&key()).await.unwrap().versions.len();
        let golden = match fitted.classes() {
            Some(_) if fitted.signature() == iris().signature() => {
                GoldenRequests::record(fitted, &flowers(), 2, 1e-9).unwrap()
            }
            _ => GoldenRequests::default(),
        };
        let draft = Draft {
            idempotency_key: IdempotencyKey(format!("fit {n_versions}")),
            blob: fitted.to_bytes().into(),
            facts: facts(fitted, golden),
            time: now(),
        };
        self.persister
            .write(&key(), draft)
            .await
            .unwrap()
            .manifest()
            .number
    }

    pub(crate) async fn activate(&self, version: VersionNumber) {
        let properties = self.persister.properties(&key()).await.unwrap();
        let activation = Activation {
            version,
            from_revision: properties.ledger_revision,
            reason: "fit".to_owned(),
            actor: "test".to_owned(),
            time: now(),
        };
        self.persister.activate(&key(), activation).await.unwrap();
    }

    pub(crate) async fn stored(&self, version: VersionNumber) -> Stored {
        self.persister.read(&key(), Which::Number(version)).await.unwrap()
    }

    pub(crate) async fn load(&self, version: VersionNumber) -> Loaded {
        Loaded::from_stored(&key(), self.stored(version).await, now()).unwrap()
    }
}

/// A service that answers on a port of its own until it is dropped or shut down.
pub(crate) struct Front {
    pub(crate) store: Store,
    pub(crate) service: Arc<Service>,
    pub(crate) address: SocketAddr,
    shutdown: Option<oneshot::Sender<()>>,
    served: JoinHandle<std::io::Result<()>>,
}

pub(crate) fn settings() -> Settings {
    Settings::new(key())
}

impl Front {
    /// Without any version.
    pub(crate) async fn empty(settings: Settings, limits: Limits) -> Front {
        let store = Store::new().await;
        let service = Service::new(settings, store.persister.clone()).unwrap();
        Front::start(store, service, limits).await
    }

    /// With a service that was made elsewhere.
    pub(crate) async fn start(store: Store, service: Service, limits: Limits) -> Front {
        let service = Arc::new(service);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (shutdown, asked) = oneshot::channel::<()>();
        let served = tokio::spawn(serve(listener, service.clone(), limits, async move {
            // An error says that the test dropped its end: then the service shall stop as well.
            let _ = asked.await;
        }));
        Front {
            store,
            service,
            address,
            shutdown: Some(shutdown),
            served,
        }
    }

    /// With `fitted` as version 1, active.
    pub(crate) async fn of(fitted: &Fitted, settings: Settings, limits: Limits) -> Front {
        let front = Front::empty(settings, limits).await;
        let version = front.store.write(fitted).await;
        front.store.activate(version).await;
        front.service.swap(front.store.load(version).await).unwrap();
        front
    }

    /// With [`iris`] as version 1, active.
    pub(crate) async fn iris() -> Front {
        Front::of(&iris(), settings(), Limits::default()).await
    }

    pub(crate) async fn client(&self) -> Client {
        Client::connect(self.address).await
    }

    /// Asks the service to stop.
    pub(crate) fn shut_down(&mut self) {
        self.shutdown.take().expect("shut down once").send(()).unwrap();
    }

    /// Waits until it has stopped.
    pub(crate) async fn stopped(self) {
        let served = tokio::time::timeout(DEADLINE, self.served).await;
        served.expect("it stops in time").unwrap().unwrap();
    }
}
