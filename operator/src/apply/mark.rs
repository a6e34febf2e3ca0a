//! Sets a few fields of an object that is there, whoever made it.

use kube::api::Patch;
use serde_json::{Value, json};

use super::{Object, Outcome, by_auriga, keep, refusal, refused};
use crate::{
    caches::Stored,
    call::{WRITE, call},
    context::Context,
    error::Error,
};

/// Sets fields on an object that is there.
pub(super) async fn mark(ctx: &Context, object: &Object<'_>) -> Result<Outcome, Error> {
    let mut patch = object.value.clone();
    match object.stored(&ctx.caches) {
        Stored::Seen(live) => {
            let is_another = live["metadata"]["uid"] != patch["metadata"]["uid"];
            if let Some(ours) = patch["metadata"].get("finalizers") {
                let finalizers = finalizers(&live, ours);
                patch["metadata"]["finalizers"] = finalizers;
            }
            if is_another || covers_exactly(&live, &patch) {
                return Ok(Outcome::Done);
            }
            if patch["metadata"].get("finalizers").is_some() {
                // The list is replaced as a whole: it must be the one that was seen.
                patch["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"].clone();
            }
        }
        Stored::Absent => return Ok(Outcome::Done),
        Stored::Unwatched => {}
    }
    let parameters = by_auriga();
    let what = format!("mark {}", object.what());
    let name = object.name();
    let patch = Patch::Merge(&patch);
    match call(&what, WRITE, || object.api.patch(name, &parameters, &patch)).await {
        Ok(made) => {
            keep(ctx, object, made);
            Ok(Outcome::Done)
        }
        Err(error) if error.code() == Some(404) => Ok(Outcome::Done),
        Err(error) if error.status().is_some_and(refusal::says_that_it_is_another) => Ok(Outcome::Done),
        Err(error) if error.code() == Some(409) => Ok(Outcome::HeldUp),
        Err(error) => refused(ctx, object, error),
    }
}

/// Puts the labels of an object of ours back that no watch tells of: somebody has taken off the one that watches go by.
pub(super) async fn relabel(ctx: &Context, object: &Object<'_>, live: &Value) -> Result<Outcome, Error> {
    if object.has_labels(live) {
        return Ok(Outcome::Done);
    }
    let patch = json!({
        "metadata": { "uid": live["metadata"]["uid"], "labels": object.value["metadata"]["labels"] },
    });
    let parameters = by_auriga();
    let what = format!("label {}", object.what());
    let patch = Patch::Merge(&patch);
    let labeled = call(&what, WRITE, || {
        object.api.patch(object.name(), &parameters, &patch)
    });
    match labeled.await {
        Ok(_) => Ok(Outcome::Done),
        // It is gone, or another one has its name by now.
        Err(error) if matches!(error.code(), Some(404 | 409)) => Ok(Outcome::HeldUp),
        Err(error) => refused(ctx, object, error),
    }
}

/// Whether a merge of `patch` would leave `live` as it is.
fn covers_exactly(live: &Value, patch: &Value) -> bool {
    let mut merged = live.clone();
    json_patch::merge(&mut merged, patch);
    // An object without finalizers has no list of them, rather than an empty one.
    if merged["metadata"].get("finalizers") == Some(&json!([]))
        && let Some(metadata) = merged["metadata"].as_object_mut()
    {
        metadata.remove("finalizers");
    }
    merged == *live
}

/// All finalizers of `live`: those of others, and of Auriga's the ones in `ours`.
fn finalizers(live: &Value, ours: &Value) -> Value {
    let all = live["metadata"]["finalizers"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let is_foreign = |one: &Value| {
        let prefix = format!("{}/", auriga_crds::GROUP);
        one.as_str().is_some_and(|name| !name.starts_with(&prefix))
    };
    let foreign = all.into_iter().filter(is_foreign);
    let ours = ours.as_array().cloned().unwrap_or_default();
    foreign.chain(ours).collect()
}
