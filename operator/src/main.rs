//! The operator's program: reads its settings, and runs the loop until it is told to stop.
#![allow(
    clippy::print_stderr,
    reason = "what is wrong before there is a log is told on the standard streams"
)]

mod arguments;

use std::{io::IsTerminal as _, process::ExitCode, sync::Arc, time::Duration};

use anyhow::{Context as _, Result, anyhow};
use arguments::Arguments;
use auriga_crds::{Model, TrainingJob};
use auriga_operator::{
    context::Context,
    controller,
    deadline::Deadline,
    health::{self, Health, Signs},
    lease::{self, Fence, Leading, Lease},
    start::{self, Waiting},
    triggers::Triggers,
    watch,
};
use clap::Parser as _;
use futures_util::FutureExt as _;
use kube::client::ClientBuilder;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
    task::JoinError,
};
use tracing_subscriber::EnvFilter;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The Lease of all operators that look after the same.
const LEASE: &str = "auriga-operator";
/// How long begun looks may take once the program is to stop: less than the half minute that a pod has.
const LAST_LOOKS: Duration = Duration::from_secs(20);

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
    let health = Health {
        ctx: Arc::clone(&ctx),
        signs,
        waiting: waiting.clone(),
    };
    let namespace = arguments.namespace.clone();
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"), image = %ctx.settings.image,
        namespace = namespace.as_deref().unwrap_or("all"), "auriga-operator starts",
    );
    let stop = stop()?.shared();
    tokio::select! {
        served = health::serve(listener, health) => served.context("cannot answer at the metrics' address"),
        ended = look_after(ctx, lease, namespace, arguments.concurrency, waiting, stop) => ended,
    }
}

async fn look_after(
    ctx: Arc<Context>,
    lease: Lease,
    namespace: Option<String>,
    concurrency: u16,
    waiting: Waiting,
    stop: impl Future<Output = ()> + Clone + Send + Sync + 'static,
) -> Result<()> {
    tokio::select! {
        () = start::kinds(&ctx.client, namespace.as_deref(), &waiting) => {}
        () = stop.clone() => return Ok(()),
    }
    let (models, looks_at_models) = mpsc::unbounded_channel();
    let (training_jobs, looks_at_training_jobs) = mpsc::unbounded_channel();
    let triggers = Triggers {
        models,
        training_jobs,
    };
    let mut watching = tokio::spawn({
        let (ctx, triggers) = (Arc::clone(&ctx), triggers.clone());
        async move { watch::watch_all(&ctx, namespace.as_deref(), &triggers).await }
    });
    tokio::select! {
        () = ctx.caches.ready() => tracing::info!("everything was listed"),
        ended = &mut watching => return Err(watches_ended(ended)),
        () = stop.clone() => return Ok(()),
    }
    let loops = async {
        tokio::join!(
            controller::run::<Model>(Arc::clone(&ctx), looks_at_models, concurrency, stop.clone()),
            controller::run::<TrainingJob>(
                Arc::clone(&ctx),
                looks_at_training_jobs,
                concurrency,
                stop.clone()
            ),
        )
    };
    let late = async {
        stop.clone().await;
        tracing::info!("stops once the looks that have begun are over");
        tokio::time::sleep(LAST_LOOKS).await;
    };
    let outcome = tokio::select! {
        _ = loops => {
            lease.release().await;
            Ok(())
        }
        // A write may be on its way still: the Lease ends after it, and is not given back before.
        () = lease.campaign(|| triggers.all(&ctx.caches)) => Ok(()),
        ended = &mut watching => Err(watches_ended(ended)),
        () = late => {
            tracing::warn!("looks that take too long are broken off; the next start takes them up");
            Ok(())
        }
    };
    watching.abort();
    outcome
}

/// What it means that the watches are over, which end by a panic alone: decisions would rest on what was, for ever.
fn watches_ended(ended: Result<(), JoinError>) -> anyhow::Error {
    let why = ended.map_or_else(|panic| panic.to_string(), |()| "without a word".to_owned());
    anyhow!("the watches have ended ({why}); the next start lists everything anew")
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
