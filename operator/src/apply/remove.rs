//! Deletes what a plan names, as long as nothing has changed since that was decided.

use kube::{
    Api, Resource, ResourceExt as _,
    api::{ApiResource, DeleteParams, DynamicObject, Preconditions},
};
use serde_json::json;

use super::{Object, Outcome, live, refused};
use crate::{
    call::{READ, WRITE, call, found},
    context::Context,
    error::Error,
    plan::Target,
};

/// Whether `owner` asks for what it asked for when it was seen: an operator that starts anew may be told of how it was before,
/// and would delete what is wanted again by now.
pub(super) async fn is_as_seen<K>(ctx: &Context, owner: &K) -> Result<bool, Error>
where
    K: Resource<DynamicType = ()>,
{
    let namespace = owner.namespace().unwrap_or_default();
    let kind = ApiResource::erase::<K>(&());
    let api: Api<DynamicObject> = Api::namespaced_with(ctx.client.clone(), &namespace, &kind);
    let name = owner.name_any();
    let what = format!("read {} {name}", kind.kind);
    let live = found(call(&what, READ, || api.get_metadata(&name)).await)?;
    let seen = owner.meta();
    Ok(live.is_some_and(|live| {
        let live = live.metadata;
        live.uid == seen.uid
            && live.generation == seen.generation
            && live.deletion_timestamp.is_some() == seen.deletion_timestamp.is_some()
    }))
}

/// Deletes the very object that was seen, as it was then.
pub(super) async fn remove(ctx: &Context, namespace: &str, target: &Target) -> Result<Outcome, Error> {
    let value = json!({
        "apiVersion": target.api_version,
        "kind": target.kind,
        "metadata": { "name": target.name },
    });
    let object = Object::of(&ctx.client, namespace, &value)?;
    let Some(live) = live(&object).await? else {
        return Ok(Outcome::Done);
    };
    let is_another = live.metadata.uid.as_deref() != Some(&target.uid);
    if is_another || live.metadata.deletion_timestamp.is_some() {
        return Ok(Outcome::Done);
    }
    // What was decided is about the object as it was.
    if target.as_of.is_some() && target.as_of != live.metadata.resource_version {
        return Ok(Outcome::HeldUp);
    }
    let parameters = DeleteParams {
        preconditions: Some(Preconditions {
            uid: live.metadata.uid,
            resource_version: live.metadata.resource_version,
        }),
        ..DeleteParams::background()
    };
    let what = format!("delete {}", object.what());
    let name = object.name();
    match call(&what, WRITE, || object.api.delete(name, &parameters)).await {
        Ok(_) => Ok(Outcome::Done),
        Err(error) if error.code() == Some(404) => Ok(Outcome::Done),
        Err(error) if error.code() == Some(409) => Ok(Outcome::HeldUp),
        Err(error) => refused(ctx, &object, error),
    }
}
