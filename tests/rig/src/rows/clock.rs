//! The operator's clock is wrong, and jumps; then those of pods are.

use std::{fs, path::Path, time::Duration};

use anyhow::{Context as _, Result, ensure};
use auriga_crds::TrainingJob;
use auriga_e2e::{Manifest, Space, eventually};
use jiff::{Timestamp, Unit};
use tokio::time::sleep;

use super::pod_clocks;
use crate::{
    finding::{Finding, attempt, in_words},
    ground::Ground,
    objects::DEPLOYMENT,
    operator::Program,
    proxy::Proxy,
    scene::{Scene, scene_of},
};

/// What Debian's package `libfaketime` puts there.
pub(super) const LIBRARY: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";
/// How long an operator with another clock has to leave the Lease alone: twice as long as it lasts.
const PATIENT: Duration = Duration::from_secs(30);

/// Lets the operator's clock be an hour early, an hour late, and jump between the two while it works; then the clocks of pods.
///
/// Errors: what changes a program's clock is not installed.
pub(super) async fn wrong(ground: &Ground) -> Result<Finding> {
    ensure!(
        Path::new(LIBRARY).is_file(),
        "{LIBRARY} is missing; on Debian: `sudo apt-get install libfaketime`"
    );
    let mut finding = Finding::default();
    let mut fits: Vec<i64> = Vec::new();
    let early = Clock::new("-1h")?;
    let late = Clock::new("+1h")?;
    for clock in [&early, &late] {
        let program = clock.program(ground);
        let done = scene_of(ground, &program, async |scene| {
            scene.on_a_claim().await;
            is_off(&scene.space, clock.offset).await?;
            works(scene).await
        });
        let what = format!("{} all the time", clock.offset);
        fits.extend(finding.found(&what, done.await).into_iter().flatten());
    }
    let jumping = Clock::new("+0")?;
    let program = jumping.program(ground);
    let done = scene_of(ground, &program, async |scene| {
        let iris = scene.on_a_claim().await;
        for (version, (offset, at, c)) in (2..).zip(JUMPS) {
            let slots = scene.space.list(DEPLOYMENT.0, DEPLOYMENT.1).await.len();
            scene.space.apply(&iris.clone().c(c)).await;
            match at {
                At::Fit => sleep(Duration::from_millis(1500)).await,
                At::Load => {
                    eventually("its pods are made", async || {
                        let now = scene.space.list(DEPLOYMENT.0, DEPLOYMENT.1).await.len();
                        (now > slots).then_some(())
                    })
                    .await;
                }
            }
            jumping.set(offset).map_err(in_words)?;
            scene.space.serves("iris", version).await;
        }
        durations(&scene.space).await
    });
    let what = "jumps by an hour or two while it is fitted and while pods load";
    fits.extend(finding.found(what, done.await).into_iter().flatten());
    for clock in [&early, &late] {
        let done = rival(ground, &clock.program(ground)).await?;
        let what = format!("a second operator whose clock is {}", clock.offset);
        finding.count(&what, done);
    }
    let (least, most) = (fits.iter().min(), fits.iter().max());
    finding.figures.extend(least.zip(most).map(|(least, most)| {
        let count = fits.len();
        format!("while the operator's clock is wrong, {count} fits took {least} to {most} s by their status")
    }));
    pod_clocks::wrong(ground, &mut finding).await?;
    Ok(finding)
}

/// When the clock jumps, after something else is to be fitted.
#[derive(Clone, Copy)]
enum At {
    Fit,
    /// Deadlines have begun by then.
    Load,
}

/// Where the clock jumps to, when, and what is fitted then.
const JUMPS: [(&str, At, f64); 5] = [
    ("+1h", At::Fit, 0.4),
    ("-1h", At::Fit, 0.5),
    ("+1h", At::Load, 0.6),
    ("-1h", At::Load, 0.7),
    ("+0", At::Load, 0.8),
];

/// What makes up a program's time.
struct Clock {
    offset: &'static str,
    folder: tempfile::TempDir,
}

impl Clock {
    fn new(offset: &'static str) -> Result<Clock> {
        let folder = tempfile::tempdir().context("cannot make a folder")?;
        let clock = Clock { offset, folder };
        clock.set(offset)?;
        Ok(clock)
    }

    fn set(&self, offset: &str) -> Result<()> {
        fs::write(self.folder.path().join("offset"), offset).context("cannot write the time")
    }

    /// The operator with this clock; how much time passes is not changed.
    fn program(&self, ground: &Ground) -> Program {
        let file = self.folder.path().join("offset").to_string_lossy().into_owned();
        ground.program.with_environment([
            ("LD_PRELOAD", LIBRARY.to_owned()),
            ("FAKETIME_TIMESTAMP_FILE", file),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ])
    }
}

/// Whether the operator's clock is off by this hour: its Lease says when it was renewed.
async fn is_off(space: &Space, offset: &str) -> Result<(), String> {
    let lease = space
        .get("coordination.k8s.io/v1", "Lease", "auriga-operator")
        .await
        .ok_or("there is no Lease")?;
    let renewed = lease["spec"]["renewTime"].as_str().unwrap_or_default();
    let renewed: Timestamp = renewed.parse().map_err(|error| format!("renewTime: {error}"))?;
    let hours = Timestamp::now()
        .until(renewed)
        .map_err(|error| error.to_string())?;
    let hours = hours.total(Unit::Hour).map_err(|error| error.to_string())?;
    let wanted = if offset == "+1h" { 1.0 } else { -1.0 };
    if (hours - wanted).abs() > 0.1 {
        return Err(format!(
            "the operator's clock is off by {hours:.2} hours instead of {offset}"
        ));
    }
    Ok(())
}

/// Retrains, and goes back.
async fn works(scene: &Scene<'_>) -> Result<Vec<i64>, String> {
    let space = &scene.space;
    space.apply(&Manifest::iris("iris").c(0.5)).await;
    space.serves("iris", 2).await;
    space.apply(&Manifest::iris("iris")).await;
    space.serves("iris", 1).await;
    durations(space).await
}

/// How long each fit took, in seconds.
///
/// Errors: one ended before it began.
async fn durations(space: &Space) -> Result<Vec<i64>, String> {
    let jobs: Vec<TrainingJob> = space.training_jobs().await;
    let took = jobs.into_iter().map(|job| {
        let status = job.status.unwrap_or_default();
        let time = |text: &Option<String>| text.as_ref()?.parse::<Timestamp>().ok();
        let (start, end) = (time(&status.start_time), time(&status.completion_time));
        let took = end
            .zip(start)
            .map(|(end, start)| end.duration_since(start).as_secs());
        let took = took.filter(|took| *took >= 0);
        took.ok_or_else(|| format!("a fit began {start:?} and ended {end:?}"))
    });
    took.collect()
}

/// Starts a second operator with another clock beside one that leads: it may write nothing.
async fn rival(ground: &Ground, program: &Program) -> Result<Result<(), String>> {
    let client = |space| ground.client_of_operator(space);
    let space = ground.space().await?;
    let first = Proxy::start(client(&space).await?).await?;
    let second = Proxy::start(client(&space).await?).await?;
    let leads = ground.program.start(&space.name, "first", first.address)?;
    let waits = program.start(&space.name, "second", second.address)?;
    let _leads = leads.once()?;
    let done = attempt(async {
        space.iris_data("iris").await;
        space.apply(&Manifest::iris("iris")).await;
        space.serves("iris", 1).await;
    })
    .await;
    let mut waits = waits.once()?;
    sleep(PATIENT).await;
    let done = match done {
        Ok(()) => {
            attempt(async {
                space.apply(&Manifest::iris("iris").c(0.5)).await;
                space.serves("iris", 2).await;
            })
            .await
        }
        failed => failed,
    };
    let (written, asked) = second.seen(|record| (record.writes.clone(), record.requests.len()));
    let ended = waits.try_wait().context("it is a child")?;
    space.delete().await;
    Ok(match (written.first(), ended) {
        (Some(write), _) => Err(format!("it wrote {write}")),
        (None, Some(status)) => Err(format!("it ended by itself: {status}")),
        (None, None) if asked == 0 => Err("it has not asked for anything".to_owned()),
        (None, None) => done,
    })
}
