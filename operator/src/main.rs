//! The operator's program: reads its settings, and runs the loop until it is told to stop.
#![allow(
    clippy::print_stderr,
    reason = "what is wrong before there is a log is told on the standard streams"
)]

mod arguments;

use std::{io::IsTerminal as _, process::ExitCode, sync::Arc};

use anyhow::{Context as _, Result, anyhow};
use arguments::Arguments;
use auriga_operator::{
    context::Context,
    deadline::Deadline,
    health::{self, Health, Signs},
    lease::{self, Fence, Leading, Lease},
    listing::Listing,
    patience::patient,
    start::Waiting,
    term::Candidate,
};
use clap::Parser as _;
use futures_util::FutureExt as _;
use kube::client::ClientBuilder;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The Lease of all operators that look after the same.
const LEASE: &str = "auriga-operator";

fn main() -> ExitCode {
    // Only a second call could fail.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(told) => {
            let _ = told.print();
            // A pod with a wrong flag is started anew, as with any other fault: 1, where clap would say 2.
            return if told.use_stderr() {
                ExitCode::FAILURE
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    log();
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start threads")
        .and_then(|runtime| runtime.block_on(run(arguments)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn log() {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,kube=warn,hyper=warn,tower=warn"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        log.init();
    } else {
        log.json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .init();
    }
}

async fn run(arguments: Arguments) -> Result<()> {
    let mut config = (kube::Config::infer().await)
        .context("cannot find the API server; run in a pod, or set KUBECONFIG")?;
    // Calls are tried again by the loop itself, which knows how long it may wait.
    config.default_retry = false;
    let (signs, leading) = (Signs::default(), Leading::default());
    let client = ClientBuilder::try_from(config)
        .context("cannot use the settings of the API server")?
        .with_layer(&tower::util::AndThenLayer::new(patient))
        .with_layer(&Deadline)
        .with_layer(&signs)
        .with_layer(&Fence(leading.clone()))
        .build();
    let lease = Lease::new(
        client.clone(),
        (arguments.namespace.as_deref()).unwrap_or(client.default_namespace()),
        LEASE,
        lease::identity(arguments.identity.clone()),
        leading.clone(),
    );
    let ctx = Arc::new(Context::new(
        client,
        arguments.settings(),
        arguments.alive_via,
        leading,
    ));
    let waiting = Waiting::default();
    let listener = (health::listen(arguments.metrics_listen).await).map_err(anyhow::Error::msg)?;
    let listing = Listing::default();
    let health = Health {
        ctx: Arc::clone(&ctx),
        signs: signs.clone(),
        waiting: waiting.clone(),
        listing: listing.clone(),
    };
    let namespace = arguments.namespace.clone();
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"), image = %ctx.settings.image,
        namespace = namespace.as_deref().unwrap_or("all"), "auriga-operator starts",
    );
    let candidate = Candidate {
        ctx,
        lease,
        namespace,
        concurrency: arguments.concurrency,
        signs,
        waiting,
        listing,
    };
    let stop = stop()?.shared();
    tokio::select! {
        served = health::serve(listener, health) => served.context("cannot answer at the metrics' address"),
        // Decisions would rest on what was, for ever.
        ended = candidate.run(stop) => ended.map_err(|ended| {
            anyhow!("a part of the operator has ended ({ended}); the next start lists everything anew")
        }),
    }
}

/// Ends when the program is told to stop.
fn stop() -> Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for signals")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
