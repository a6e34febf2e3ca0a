//! Opens a store: logs in, makes the tables if asked to; and lends connections.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
    time::Duration,
};

use sqlx::{
    Connection, PgConnection, Postgres, Transaction,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::{
    PostgresStore,
    failure::is_lost,
    login::{Login, is_about_credentials},
    schema,
    setback::{Patience, Setback},
};
use crate::{
    CredentialSource, Fault, PersistError, PostgresUri, StoreUri,
    failure::{Address, Failure},
};

/// Connections at once per handle: a server has about a hundred for all pods.
const CONNECTIONS: u32 = 4;

/// How long a server may take to let a connection in.
const CONNECT: Duration = Duration::from_secs(5);

/// How long to wait for one of this handle's own connections.
const QUEUE: Duration = Duration::from_secs(60);

/// How long a transaction may take before its connection counts as broken: more than the server itself allows one
/// statement.
pub(super) const ANSWER: Duration = Duration::from_secs(90);

/// A transaction, and the right to one of the handle's connections.
pub(super) struct Turn {
    tx: Transaction<'static, Postgres>,
    _permit: OwnedSemaphorePermit,
}

impl Turn {
    /// Commits. A connection that breaks now leaves an unknown outcome behind.
    pub(super) async fn commit(self) -> Result<(), Setback> {
        match self.tx.commit().await {
            Ok(()) => Ok(()),
            Err(error) if is_lost(&error) => Err(Setback::Unknown),
            Err(error) => Err(Setback::Sql(error)),
        }
    }
}

impl Deref for Turn {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.tx
    }
}

impl DerefMut for Turn {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.tx
    }
}

/// Ends a transaction whose server does not answer any more. It may have been told to commit.
pub(super) async fn within<T>(steps: impl Future<Output = Result<T, Setback>>) -> Result<T, Setback> {
    timeout(ANSWER, steps).await.unwrap_or(Err(Setback::Unknown))
}

impl PostgresStore {
    /// Opens the store; makes its schema and tables if there are none.
    pub(crate) async fn open(
        uri: &PostgresUri,
        credentials: Arc<dyn CredentialSource>,
    ) -> Result<PostgresStore, PersistError> {
        address(uri).explain(open(uri, credentials, true).await)
    }

    /// Opens the store; makes nothing.
    pub(crate) async fn open_existing(
        uri: &PostgresUri,
        credentials: Arc<dyn CredentialSource>,
    ) -> Result<PostgresStore, PersistError> {
        address(uri).explain(open(uri, credentials, false).await)
    }

    /// Begins a transaction that writes.
    pub(super) async fn begin_writing(&self) -> Result<Turn, Setback> {
        self.begin("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
            .await
    }

    /// Begins a transaction that sees one state of the store from its first statement to its end.
    pub(super) async fn begin_reading(&self) -> Result<Turn, Setback> {
        self.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            .await
    }

    async fn begin(&self, statement: &'static str) -> Result<Turn, Setback> {
        let permit = match timeout(QUEUE, self.turns.clone().acquire_owned()).await {
            Ok(Ok(permit)) => permit,
            _ => {
                return Err(unavailable(
                    "this process has been waiting too long for its own earlier steps",
                ));
            }
        };
        if self.pool.num_idle() == 0 {
            self.refresh().await?;
        }
        let mut begun = self.pool.begin_with(statement).await;
        // What was an idle connection a moment ago may have been a dead one, whose successor needs the newest password.
        if begun.as_ref().is_err_and(is_about_credentials) {
            self.refresh().await?;
            begun = self.pool.begin_with(statement).await;
        }
        match begun {
            Ok(tx) => Ok(Turn { tx, _permit: permit }),
            Err(sqlx::Error::PoolTimedOut) => Err(self.why_not().await.into()),
            Err(error) if is_about_credentials(&error) => {
                Err(self.login.explain(&self.pool.connect_options(), error).into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Lets the next connections use the credentials of now.
    async fn refresh(&self) -> Result<(), Failure> {
        self.pool.set_connect_options(self.login.options().await?);
        Ok(())
    }

    /// The pool tries in silence while a server is down; one try of our own tells the reason.
    async fn why_not(&self) -> Failure {
        match connect(&self.login, &self.pool.connect_options()).await {
            Ok(_) => Failure::Fault(Fault::Unavailable(
                "the server was slow to let a connection in".to_owned(),
            )),
            Err(failure) => failure,
        }
    }
}

async fn open(
    uri: &PostgresUri,
    credentials: Arc<dyn CredentialSource>,
    make: bool,
) -> Result<PostgresStore, Failure> {
    let login = Login::new(uri, credentials);
    let options = login.options().await?;
    let mut patience = Patience::default();
    while let Err(setback) = prepare(&login, &options, make).await {
        patience.after(setback).await?;
    }
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(CONNECT)
        // A process that looks seldom holds no connection in between.
        .idle_timeout(Duration::from_secs(5))
        .connect_lazy_with(options);
    Ok(PostgresStore {
        address: address(uri),
        login,
        pool,
        turns: Arc::new(Semaphore::new(CONNECTIONS as usize)),
    })
}

/// Looks whether the store is one of this build, and makes it one if it may.
async fn prepare(login: &Login, options: &PgConnectOptions, make: bool) -> Result<(), Setback> {
    let mut connection = connect(login, options).await?;
    let schema = login.schema();
    let found = schema::version(&mut connection, schema).await?;
    if found.is_none() && !make {
        return Err(Failure::Fault(Fault::Absent).into());
    }
    schema::refuse_newer(found.unwrap_or(0))?;
    if found != Some(schema::NEWEST) {
        let mut tx = connection.begin().await?;
        schema::migrate(&mut tx, schema).await?;
        tx.commit().await?;
    }
    // It was of use; that it does not end well is of no interest.
    let _ = connection.close().await;
    Ok(())
}

async fn connect(login: &Login, options: &PgConnectOptions) -> Result<PgConnection, Failure> {
    match timeout(CONNECT, PgConnection::connect_with(options)).await {
        Ok(connected) => connected.map_err(|error| login.explain(options, error)),
        Err(_) => Err(Failure::Fault(Fault::Unavailable(
            "the server does not answer".to_owned(),
        ))),
    }
}

fn unavailable(why: &str) -> Setback {
    Setback::Failed(Failure::Fault(Fault::Unavailable(why.to_owned())))
}

fn address(uri: &PostgresUri) -> Address {
    Address::of(&StoreUri::Postgres(uri.clone()))
}
