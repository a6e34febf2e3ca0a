//! A right of the operator is taken away, or a Secret is not there.

use std::{sync::Mutex, time::Duration};

use anyhow::Result;
use auriga_e2e::{Manifest, Space, iris_rows, is_ready, is_seen};
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::roles::{Right, all_rights, has_no_voice, names, needs, set};
use crate::{
    clients::p99,
    finding::{Finding, attempt, nothing_of},
    ground::Ground,
    objects::{MODEL, TRAINING_JOB, conditions},
    proxy::Asked,
    scene::{Scene, scene, scene_of, seconds_until},
};

/// How long it may take until a missing right is named.
const NAMED: f64 = 10.0;
/// How long it may take until all works once it is given back.
const HEALED: u64 = 60;
/// How long it may take until an edit of another Model is seen, for 99 of 100 of them: longer than the look alone.
const SEEN: f64 = 1.0;
/// How long a right is away at least, so that others are seen to be looked at.
const AWAY: Duration = Duration::from_secs(8);
/// When it is needed by then, if at all: at the end of a fit, at the latest.
const NEEDED: Duration = Duration::from_secs(60);
/// How many namespaces there are at once.
const AT_ONCE: usize = 3;

/// What came of the absence of a right.
struct Absence {
    told: Told,
    /// After how many seconds.
    took: f64,
    /// How long it took until each edit of another Model was seen, in seconds.
    others: Vec<f64>,
}

/// How it was told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    /// By a condition.
    Condition,
    /// By the log and at /readyz.
    Readyz,
    /// By the log alone.
    Log,
    /// Not at all: nothing was refused, and all was done without it.
    NotNeeded,
}

/// Takes each right away in turn while a Model changes; then lets a Secret be missing.
///
/// Errors: the cluster does not answer.
pub(super) async fn taken_away(ground: &Ground) -> Result<Finding> {
    let space = ground.space().await?;
    let all = all_rights(&space).await;
    space.delete().await;
    let rights: Vec<Right> = all.into_iter().step_by(ground.times(1, 6)).collect();
    let share = rights.len().div_ceil(AT_ONCE).max(1);
    let shares: Vec<Vec<Right>> = rights.chunks(share).map(<[Right]>::to_vec).collect();
    let tried = stream::iter(shares).map(|share| in_turn(ground, share));
    let tried: Vec<_> = tried.buffer_unordered(AT_ONCE).collect().await;
    let mut finding = Finding::default();
    let (mut slowest, mut told, mut others): (f64, Vec<(Told, String)>, Vec<f64>) = Default::default();
    for (what, result) in tried.into_iter().flatten() {
        if let Some(absence) = finding.found(&what, result) {
            slowest = slowest.max(absence.took);
            told.push((absence.told, what));
            others.extend(absence.others);
        }
    }
    let secret = scene(ground, async |scene| missing_secret(&scene.space).await).await;
    let after = finding.found("a missing Secret", secret).unwrap_or_default();
    let seen = p99(&others);
    let is_quick = match others.len() {
        0..100 => Err(format!("{} edits show nothing", others.len())),
        _ if seen > SEEN => Err(format!(
            "99 of 100 of {} edits were seen within {seen:.1} s",
            others.len()
        )),
        _ => Ok(()),
    };
    finding.count("other Models meanwhile", is_quick);
    let those = |how: Told| {
        let those = told
            .iter()
            .filter(|(told, _)| *told == how)
            .map(|(_, what)| what.as_str());
        those.collect::<Vec<_>>().join(", ")
    };
    let named = told.iter().filter(|(told, _)| *told == Told::Condition).count();
    finding.figures.push(format!(
        "{named} rights named by a condition, all after {slowest:.1} s at most, a Secret after {after:.1} s; 99 of 100 of {} \
         edits of other Models seen within {seen:.1} s; named where no condition can be written, in the log and at /readyz: {}; \
         in the log alone: {}; nothing was refused for want of {}",
        others.len(),
        those(Told::Readyz),
        those(Told::Log),
        those(Told::NotNeeded)
    ));
    Ok(finding)
}

/// Takes each of these rights away in one namespace.
async fn in_turn(ground: &Ground, rights: Vec<Right>) -> Vec<(String, Result<Absence, String>)> {
    let mut results = Vec::new();
    let done = scene_of(ground, &ground.measured, async |scene| {
        scene.on_postgres().await;
        scene.space.rows("rose", &iris_rows()).await;
        let rose = Manifest::iris("rose").on_postgres().with("/spec/replicas", 1);
        scene.space.apply(&rose).await;
        scene.space.serves("rose", 1).await;
        let all = all_rights(&scene.space).await;
        for (at, right) in rights.iter().enumerate() {
            let what = format!("{} {}", right.verb, right.resource);
            let c = 0.4 + 0.01 * at as f64;
            let result = attempt(absent(scene, &all, right, c)).await;
            results.push((what, result.and_then(|result| result)));
            set(&scene.space, &all, right.role, None).await?;
        }
        Ok(())
    })
    .await;
    if let Err(words) = done {
        results.push(("the operator".to_owned(), Err(words)));
    }
    results
}

/// Lets a Model be changed without a right, and gives it back; meanwhile somebody edits another Model.
async fn absent(scene: &mut Scene<'_>, all: &[Right], right: &Right, c: f64) -> Result<Absence, String> {
    set(&scene.space, all, right.role, Some(right)).await?;
    // What an operator has begun to watch, it may watch on.
    scene.rise_again().await?;
    let heard = scene.log().len();
    let refused_before = scene.proxy().seen(|record| record.forbidden.len());
    let iris = Manifest::iris("iris").on_postgres().c(c);
    let others = Mutex::new(Edits::default());
    let told = tokio::select! {
        told = until_named(scene, right, &iris, heard) => told,
        never = keep_editing(&scene.space, &others) => never,
    };
    let others = others.into_inner().unwrap_or_default().took();
    let was_ready = is_ready(&scene.space.model("iris").await);
    // Who needs the right, too, or cannot be looked at, is none of the others.
    let is_concerned = has_no_voice(right) || names(&said_of(&scene.space, "rose").await, right);
    scene.space.apply(&iris).await;
    let refused =
        (scene.proxy()).seen(|record| record.forbidden.get(refused_before..).map(<[Asked]>::to_vec));
    let refused = refused.unwrap_or_default();
    set(&scene.space, all, right.role, None).await?;
    let healed = attempt(async {
        scene.space.ready_within("iris", HEALED).await;
        scene.space.ready_within("rose", HEALED).await;
    });
    let healed = healed.await;
    let mut faults = Vec::new();
    let first = refused
        .first()
        .map(|one| format!("{} {} was refused", one.method, one.path));
    let (told, took) = match (told, first) {
        (Some((how, took)), first) => {
            if how == Told::Log && !has_no_voice(right) && right.resource != "events" {
                faults.push(format!("only the log names it; {}", first.unwrap_or_default()));
            }
            if took > NAMED {
                faults.push(format!("was named after {took:.1} s"));
            }
            (how, took)
        }
        (None, None) if was_ready => (Told::NotNeeded, 0.0),
        (None, first) => {
            let first = first.unwrap_or_else(|| "the Model was not ready".to_owned());
            faults.push(format!("nothing named it, and {first}"));
            (Told::NotNeeded, 0.0)
        }
    };
    if !is_concerned && others.is_empty() {
        faults.push("no edit of another Model was seen".to_owned());
    }
    if let Err(words) = healed {
        faults.push(format!("{words}, once it was back"));
    }
    nothing_of(&faults)?;
    Ok(Absence {
        told,
        took,
        others: if is_concerned { Vec::new() } else { others },
    })
}

/// Changes a Model, and waits until the right is named where it has to be; how long that took since it was first needed.
async fn until_named(scene: &Scene<'_>, right: &Right, iris: &Manifest, heard: usize) -> Option<(Told, f64)> {
    let since = Instant::now();
    // Scaling to one pod deletes a budget, and scaling back makes one.
    scene.space.apply(&iris.clone().with("/spec/replicas", 1)).await;
    let (mut named, mut logged, mut is_back) = (None, None, false);
    while since.elapsed() < NEEDED {
        sleep(Duration::from_millis(250)).await;
        if !is_back && since.elapsed() > Duration::from_secs(4) {
            scene.space.apply(iris).await;
            is_back = true;
        }
        // What is needed at the end of a fit alone cannot be missed before.
        let took = || {
            let first = scene.proxy().seen(|record| {
                let mut requests = record.requests.iter();
                requests
                    .find(|one| one.at > since && needs(one, right))
                    .map(|one| one.at)
            });
            first.unwrap_or(since).elapsed().as_secs_f64()
        };
        let log = scene.log();
        if logged.is_none() && names(log.get(heard..).unwrap_or_default(), right) {
            logged = Some(took());
        }
        if named.is_none() {
            named = if has_no_voice(right) {
                let is_told = logged.is_some() && names_at_readyz(scene, right).await;
                is_told.then(|| (Told::Readyz, took()))
            } else {
                let told = said(&scene.space).await;
                names(&told, right).then(|| (Told::Condition, took()))
            };
        }
        // What the log alone names after so long, no condition will.
        let is_told = named.is_some() || logged.is_some_and(|at| has_no_voice(right) || took() > at + NAMED);
        let is_over = since.elapsed() > AWAY && is_told;
        let is_done = since.elapsed() > Duration::from_secs(16) && is_ready(&scene.space.model("iris").await);
        if is_over || is_done {
            break;
        }
    }
    named.or(logged.map(|took| (Told::Log, took)))
}

/// Whether the operator says at /readyz that it may not do this.
async fn names_at_readyz(scene: &Scene<'_>, right: &Right) -> bool {
    let Ok(answer) = scene.asks("/readyz").await else {
        return false;
    };
    let named = names(&answer.body, right)
        || answer
            .body
            .contains(&format!("{} {}", right.verb, right.plural()));
    answer.code == 503 && named
}

/// Edits of a Model that nobody keeps from being looked at.
#[derive(Default)]
struct Edits {
    /// How long it took until each was seen, in seconds.
    seen: Vec<f64>,
    /// When the one was made that is not seen yet.
    awaited: Option<Instant>,
}

impl Edits {
    /// How long they took, and the one that is awaited still at least.
    fn took(self) -> Vec<f64> {
        let awaited = self.awaited.map(|since| since.elapsed().as_secs_f64());
        self.seen.into_iter().chain(awaited).collect()
    }
}

/// Edits the Model rose again and again, and notes how long it takes until each edit is seen. Those before the operator has
/// begun its work tell nothing.
async fn keep_editing<T>(space: &Space, edits: &Mutex<Edits>) -> T {
    let mut has_begun = false;
    loop {
        for limit in [11, 12] {
            let since = Instant::now();
            if has_begun && let Ok(mut edits) = edits.lock() {
                edits.awaited = Some(since);
            }
            space
                .change("Model", "rose", json!({ "spec": { "historyLimit": limit } }))
                .await;
            while !is_seen(&space.model("rose").await) {
                sleep(Duration::from_millis(20)).await;
            }
            if has_begun && let Ok(mut edits) = edits.lock() {
                edits.awaited = None;
                edits.seen.push(since.elapsed().as_secs_f64());
            }
            has_begun = true;
            sleep(Duration::from_millis(200)).await;
        }
    }
}

/// What the Models and TrainingJobs of a namespace say.
async fn said(space: &Space) -> String {
    let mut told = String::new();
    for (version, kind) in [MODEL, TRAINING_JOB] {
        for object in space.list(version, kind).await {
            told.push_str(&messages(&object));
        }
    }
    told
}

/// What a Model says.
async fn said_of(space: &Space, model: &str) -> String {
    let model = space.get(MODEL.0, MODEL.1, model).await;
    messages(&model.unwrap_or_default())
}

fn messages(object: &Value) -> String {
    let messages = conditions(object).filter_map(|one| one["message"].as_str());
    messages.map(|message| format!("{message}\n")).collect()
}

/// How long it takes until a Secret is named that is not there; it is made then, and all works.
async fn missing_secret(space: &Space) -> Result<f64, String> {
    space.postgres().await;
    space.rows("iris", &iris_rows()).await;
    let iris = Manifest::iris("iris").on_postgres();
    space
        .apply(&iris.with("/spec/persister/secretRef/name", "credentials"))
        .await;
    let told = attempt(seconds_until(20, "the Secret is named", async || {
        let told = said(space).await;
        told.contains("Secret credentials").then_some(())
    }));
    let (took, ()) = told.await?;
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": { "name": "credentials" },
        "stringData": { "username": "auriga", "password": "only-for-tests" },
    });
    space.apply_object(&secret).await;
    attempt(space.ready_within("iris", 120)).await?;
    if took > NAMED {
        return Err(format!("was named after {took:.1} s"));
    }
    Ok(took)
}
