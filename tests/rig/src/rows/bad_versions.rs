//! A new version that is bad in one of the ways in which versions are, while the one before answers requests.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use auriga_e2e::{IRIS_ROW, Load, Manifest, Running, Sent};
use futures_util::{StreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, sleep};

use super::asked::{AT_ONCE, Way, asking, instead, stand_between};
use crate::{
    clients::Answers,
    finding::Finding,
    ground::Ground,
    objects::{POD, SERVICE, name, slot_of},
    proxy::{Said, StandIn},
    scene::{Scene, scene_of, within},
};

/// What makes a stand-in for the pods of a candidate.
type Speaks = fn() -> StandIn;

/// How long a candidate is bad.
const BAD: Duration = Duration::from_secs(15);
/// How long it may take from the moment that a version shows to be bad until the one before has the traffic again.
const ROLLED_BACK: f64 = 10.0;
/// How long after that requests may still be sent to pods that are gone.
const NOWHERE: SignedDuration = SignedDuration::from_secs(1);

/// Bad candidates, then versions that turn bad once they have the traffic.
///
/// Errors: the cluster does not answer.
pub(crate) async fn bad(ground: &Ground) -> Result<Finding> {
    let mut finding = Finding::default();
    let candidates: [(&str, Speaks); 4] = [
        ("a candidate answers 503", || {
            instead("iris-v2-", || Said::Changed(503, |_| ()))
        }),
        ("a candidate hangs", || instead("iris-v2-", || Said::Nothing)),
        ("a candidate flaps", flaps),
        ("a candidate predicts otherwise than when it was fitted", || {
            instead("iris-v2-", || {
                Said::Changed(200, |said| said["golden"] = "failed".into())
            })
        }),
    ];
    let tries = stream::iter(candidates).map(|(what, stand_in)| async move {
        let program = asking(ground, Way::Addresses);
        let result = scene_of(ground, &program, async |scene| candidate(scene, stand_in()).await);
        (what, result.await)
    });
    let mut tries = tries.buffered(AT_ONCE);
    while let Some((what, result)) = tries.next().await {
        finding.count(what, result);
    }
    for turn in [Turn::Ended, Turn::Dead, Turn::Bad] {
        let program = asking(ground, Way::Addresses);
        let result = scene_of(ground, &program, async |scene| relapses(scene, turn).await);
        let told = finding.found(turn.words(), result.await);
        finding
            .figures
            .extend(told.map(|told| format!("{}: {told}", turn.words())));
    }
    Ok(finding)
}

/// Every other answer is a 503: never two good ones in a row.
fn flaps() -> StandIn {
    let asked = Arc::new(AtomicUsize::new(0));
    Arc::new(move |pod, page| {
        let is_it = pod.starts_with("iris-v2-") && page == "/alive";
        (is_it && asked.fetch_add(1, Ordering::Relaxed).is_multiple_of(2))
            .then_some(Said::Changed(503, |_| ()))
    })
}

async fn serving_first(scene: &Scene<'_>) -> Result<Running, String> {
    let space = &scene.space;
    stand_between(scene, Way::Addresses).await?;
    space.iris_data("iris").await;
    space.apply(&Manifest::iris("iris")).await;
    space.serves("iris", 1).await;
    let load = Load {
        address: space.address("iris").await,
        path: IRIS_ROW.to_owned(),
        rate: 20,
        clients: 2,
        keep_alive: false,
    };
    Ok(load.start())
}

/// Version 1 answers everything while version 2 is bad, and 2 follows once it is not, or once the Model is edited.
async fn candidate(scene: &mut Scene<'_>, stand_in: StandIn) -> Result<(), String> {
    let space = &scene.space;
    let load = serving_first(scene).await?;
    scene.proxy().stand_in(Some(stand_in));
    space.apply(&Manifest::iris("iris").c(0.5)).await;
    within(60.0, "version 2 has a pod that runs", async || {
        let pods = space.list(POD.0, POD.1).await;
        pods.iter()
            .any(|pod| name(pod).starts_with("iris-v2-") && pod["status"]["phase"] == "Running")
    })
    .await?;
    sleep(BAD).await;
    let sent = load.stop().await;
    scene.proxy().stand_in(None);
    let codes = sent
        .iter()
        .filter(|one| !one.answer.as_ref().is_ok_and(|answer| answer.code == 200));
    let failed = codes.count();
    let versions: BTreeSet<_> = sent
        .iter()
        .filter_map(|one| one.answer.as_ref().ok()?.version)
        .collect();
    if failed > 0 || versions != BTreeSet::from([1]) {
        return Err(format!(
            "{failed} of {} requests failed; versions {versions:?} answered",
            sent.len()
        ));
    }
    let model = space.model("iris").await;
    let conditions = model.status.map(|status| status.conditions).unwrap_or_default();
    if auriga_e2e::condition(&conditions, "CandidateRejected").is_some() {
        space.refit("iris", "2026-01-01T00:00:00Z").await;
        let model = space.ready_within("iris", 60).await;
        let active = model.status.and_then(|status| status.active_version);
        return if active >= Some(2) {
            Ok(())
        } else {
            Err(format!("{active:?} is active"))
        };
    }
    space.serves("iris", 2).await;
    Ok(())
}

/// What becomes of the pods of a version once it has the traffic.
#[derive(Clone, Copy, PartialEq)]
enum Turn {
    /// They are told to end, and finish what they do.
    Ended,
    /// They are gone from one moment to the next.
    Dead,
    /// They answer requests on, and say themselves that they predict otherwise than when they were fitted.
    Bad,
}

impl Turn {
    fn words(self) -> &'static str {
        match self {
            Turn::Ended => "the pods of a version end once it has the traffic",
            Turn::Dead => "the pods of a version are killed once it has the traffic",
            Turn::Bad => "a version shows to be bad once it has the traffic",
        }
    }
}

/// What is told of version 1 that has the traffic again, after version 2 got it and turned bad at once.
async fn relapses(scene: &mut Scene<'_>, turn: Turn) -> Result<String, String> {
    let space = &scene.space;
    let load = serving_first(scene).await?;
    space.apply(&Manifest::iris("iris").c(0.5)).await;
    let has_traffic = async |version: u8| {
        let service = space.get(SERVICE.0, SERVICE.1, "iris").await.unwrap_or_default();
        slot_of(&service).starts_with(&format!("v{version}-"))
    };
    within(60.0, "version 2 has the traffic", async || has_traffic(2).await).await?;
    let (start, struck) = (Instant::now(), Timestamp::now());
    let pods = space.list(POD.0, POD.1).await;
    let pods = pods.iter().map(name).filter(|pod| pod.starts_with("iris-v2-"));
    match turn {
        Turn::Ended => {
            for pod in pods {
                space.remove(POD.0, POD.1, pod).await;
            }
        }
        Turn::Dead => {
            for pod in pods {
                space.end_at_once(pod).await;
            }
        }
        Turn::Bad => {
            let failed = || Said::Changed(200, |said| said["golden"] = "failed".into());
            scene.proxy().stand_in(Some(instead("iris-v2-", failed)));
        }
    }
    within(ROLLED_BACK, "version 1 has the traffic again", async || {
        has_traffic(1).await
    })
    .await?;
    let took = start.elapsed().as_secs_f64();
    let back = Timestamp::now();
    sleep(Duration::from_secs(3)).await;
    let mut sent = load.stop().await;
    sent.sort_by_key(|one| one.at);
    let answers = sent.iter().filter_map(|one| one.answer.as_ref().ok());
    let versions: BTreeSet<_> = answers.filter_map(|answer| answer.version).collect();
    if !versions.is_subset(&BTreeSet::from([1, 2])) {
        return Err(format!("versions {versions:?} answered"));
    }
    let last = sent.last().and_then(|one| one.answer.as_ref().ok()?.version);
    if last != Some(1) {
        return Err(format!("version {last:?} answered last"));
    }
    // Requests to pods that are gone fail until Kubernetes sends them elsewhere.
    let lost = struck..back + NOWHERE;
    let is_excused = |one: &Sent| turn == Turn::Dead && one.answered_at >= lost.start && one.at < lost.end;
    let (excused, others): (Vec<_>, Vec<_>) = sent.into_iter().partition(is_excused);
    let (excused, others) = (Answers::of(&excused), Answers::of(&others));
    others.all_well()?;
    let failed = match excused.failed.len() {
        0 => String::new(),
        failed => format!(", {failed} requests failed until then"),
    };
    Ok(format!("rolled back after {took:.1} s{failed}"))
}
