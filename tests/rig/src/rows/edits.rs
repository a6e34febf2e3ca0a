//! What was made for a Model is edited by hand, field by field.

use std::time::Duration;

use anyhow::Result;
use auriga_e2e::Space;
use serde_json::{Value, json};

use super::{
    beside, edited_fits,
    owned::{Path, edited, leaves, set},
};
use crate::{
    finding::{Finding, attempt},
    ground::Ground,
    objects::{BUDGET, CONFIG_MAP, DEPLOYMENT, Kind, SERVICE, label, name, owner},
    scene::{scene, seconds_until},
};

/// How long it may take until an edit is reverted.
pub(super) const REVERTED: f64 = 5.0;
/// When an edit counts as one that stays, in seconds.
pub(super) const STAYED: u64 = 15;
/// For how long nothing may be written once all is as it should be, in seconds.
const STEADY: usize = 600;

/// Fields in which the operator keeps what only the cluster has to remember, and the reference that makes an object its own:
/// whoever takes that away has taken the object over.
pub(super) const NOT_MEANT: [&str; 3] = [
    "/metadata/annotations/auriga.dev",
    "/metadata/ownerReferences",
    "/metadata/finalizers",
];

/// How an edit came out.
pub(super) enum Edit {
    Refused,
    Reverted(f64),
    Stayed,
}

/// Edits and takes out each field of the operator's; besides, lets others work on the same objects for a while.
///
/// Errors: never; what does not work is in the finding.
pub(super) async fn reverted(ground: &Ground) -> Result<Finding> {
    let steady = Duration::from_secs(ground.times(STEADY, 20) as u64);
    let (of_model, of_fits, others) = tokio::join!(
        of_a_model(ground),
        edited_fits::edited(ground),
        scene(ground, async |scene| beside::others(scene, steady).await),
    );
    let mut edits = of_model;
    edits.take(of_fits);
    let Edits {
        mut finding,
        reverted,
        slowest,
        refused,
        left,
    } = edits;
    finding.count("what others add", others);
    finding.figures.push(format!(
        "{reverted} edits reverted after {slowest:.1} s at most, {refused} refused by the API server, {left} left as they are in \
         what is made once; nothing written for {} s beside a policy and an autoscaler",
        steady.as_secs()
    ));
    Ok(finding)
}

/// How edits came out.
#[derive(Debug, Default)]
pub(super) struct Edits {
    /// Those that are to be reverted, and what else was tried.
    pub(super) finding: Finding,
    reverted: usize,
    /// After how long, at most.
    slowest: f64,
    refused: usize,
    /// Stayed, and were to stay.
    pub(super) left: usize,
}

impl Edits {
    fn take(&mut self, other: Edits) {
        self.finding.take(other.finding);
        self.reverted += other.reverted;
        self.slowest = self.slowest.max(other.slowest);
        self.refused += other.refused;
        self.left += other.left;
    }

    /// Counts an edit that is to be reverted.
    pub(super) fn count(&mut self, what: &str, edit: &Edit) {
        match edit {
            Edit::Refused => self.refused += 1,
            Edit::Reverted(took) => {
                self.reverted += 1;
                self.slowest = self.slowest.max(*took);
                let late = format!("was reverted after {took:.1} s");
                self.finding
                    .count(what, (*took <= REVERTED).then_some(()).ok_or(late));
            }
            Edit::Stayed => self.finding.count(what, Err("stayed".to_owned())),
        }
    }
}

async fn of_a_model(ground: &Ground) -> Edits {
    let mut edits = Edits::default();
    let done = scene(ground, async |scene| {
        scene.on_postgres().await;
        let space = &scene.space;
        // No pod is started for an edit that lasts for half a second; and the operator does not own this field.
        let name = child_of(space, DEPLOYMENT, None).await?;
        let pause = |object: &mut Value| object["spec"]["paused"] = json!(true);
        space.edit(DEPLOYMENT.0, DEPLOYMENT.1, &name, pause).await?;
        for kind in [SERVICE, DEPLOYMENT, CONFIG_MAP, BUDGET] {
            let name = child_of(space, kind, None).await?;
            // What was made once is applied again for this.
            let relabel = |object: &mut Value| {
                object["metadata"]["labels"]["app.kubernetes.io/part-of"] = json!("somebody");
            };
            space.edit(kind.0, kind.1, &name, relabel).await?;
            let object = space.settled(kind.0, kind.1, &name).await;
            for (path, place, value) in edits_of(&object) {
                let what = told(kind, &place, value.as_ref());
                let came_out = edit(space, kind, &name, &path, value.as_ref(), STAYED).await;
                edits.count(&what, &came_out);
            }
        }
        let unpause = |object: &mut Value| object["spec"]["paused"] = json!(false);
        space.edit(DEPLOYMENT.0, DEPLOYMENT.1, &name, unpause).await?;
        space.ready_within("iris", 60).await;
        Ok(())
    })
    .await;
    edits.finding.count("the Model afterwards", done);
    edits
}

/// What can be done to the fields of the operator's in an object: another value, or none at all.
pub(super) fn edits_of(object: &Value) -> Vec<(Path, String, Option<Value>)> {
    let mut found = Vec::new();
    for path in leaves(object, "auriga") {
        let place = path.place(object).unwrap_or_default();
        if NOT_MEANT.iter().any(|start| place.starts_with(start)) {
            continue;
        }
        if let Some(value) = object.pointer(&place).and_then(edited) {
            found.push((path.clone(), place.clone(), Some(value)));
        }
        found.push((path, place, None));
    }
    found
}

/// An edit, for people.
pub(super) fn told(kind: Kind, place: &str, value: Option<&Value>) -> String {
    let how = if value.is_some() { "edited" } else { "taken out" };
    format!("{} {place} {how}", kind.1)
}

/// The name of the Model's child of this kind that is of a slot, where they are of one.
pub(super) async fn child_of(space: &Space, kind: Kind, slot: Option<&str>) -> Result<String, String> {
    let found = space.list(kind.0, kind.1).await;
    let is_it = |object: &&Value| {
        let its = label(object, "auriga.dev/slot");
        owner(object) == Some("Model") && slot.is_none_or(|slot| its.is_empty() || its == slot)
    };
    let name = (found.iter().find(is_it)).map(|object| name(object).to_owned());
    name.ok_or_else(|| format!("the Model has no {}", kind.1))
}

/// Edits a field, and waits for so many seconds until it is as it was.
pub(super) async fn edit(
    space: &Space,
    kind: Kind,
    name: &str,
    path: &Path,
    value: Option<&Value>,
    patience: u64,
) -> Edit {
    let Some(before) = space.get(kind.0, kind.1, name).await else {
        return Edit::Stayed;
    };
    let wanted = path.get(&before).cloned();
    let change = |object: &mut Value| set(object, path, value);
    match space.edit(kind.0, kind.1, name, change).await {
        // What the API server fills in again, nobody has to.
        Ok(written) if path.get(&written) == wanted.as_ref() => return Edit::Refused,
        Ok(_) => {}
        Err(_) => return Edit::Refused,
    }
    let reverted = attempt(seconds_until(patience, "it is as it was", async || {
        let found = space.get(kind.0, kind.1, name).await?;
        (path.get(&found) == wanted.as_ref()).then_some(())
    }));
    let reverted = reverted.await;
    // An item of a list with another key is another item, which somebody has added: it stays, and would be in the way of the
    // next edit, as an edit that nobody has reverted would.
    let list = path.list_that_it_is_a_key_of();
    let spoilt = match (&list, &reverted) {
        (Some(list), _) => Some(list),
        (None, Err(_)) => Some(path),
        (None, Ok(_)) => None,
    };
    if let Some(spoilt) = spoilt {
        let place = spoilt.place(&before).unwrap_or_default();
        let back = |object: &mut Value| {
            if let (Some(field), Some(before)) = (object.pointer_mut(&place), before.pointer(&place)) {
                *field = before.clone();
            }
        };
        let _ = space.edit(kind.0, kind.1, name, back).await;
    }
    reverted.map_or(Edit::Stayed, |(took, ())| Edit::Reverted(took))
}
