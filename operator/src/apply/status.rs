//! Writes a status: whole, and only into the object that was looked at.

use kube::{Api, ResourceExt as _, api::Patch};
use serde_json::json;

use crate::{
    call::{WRITE, call},
    context::Context,
    error::Error,
    kept::Packed,
    kind::Kind,
    planted::Bug,
};

/// Writes `status` in place of the one that `object` has. An object that is gone needs none.
///
/// A JSON patch replaces it as a whole: by an apply or a merge, fields that somebody else had put there would stay, and be
/// written against for ever.
pub(crate) async fn write<K: Kind>(ctx: &Context, object: &K, status: &K::Status) -> Result<(), Error> {
    let what = format!("write the status of {} {}", K::NAME, object.name_any());
    let patch = json!([
        { "op": "test", "path": "/metadata/uid", "value": object.uid() },
        { "op": "add", "path": "/status", "value": status },
    ]);
    let patch = serde_json::from_value(patch).map_err(|source| Error::Malformed {
        what: what.clone(),
        source,
    })?;
    let patch = Patch::<()>::Json(patch);
    let parameters = super::by_auriga();
    let namespace = object.namespace().unwrap_or_default();
    let api: Api<Packed<K>> = Api::namespaced(ctx.client.clone(), &namespace);
    let name = object.name_any();
    match call(&what, WRITE, || api.patch_status(&name, &parameters, &patch)).await {
        Ok(written) => {
            if !ctx.settings.has_planted(Bug::StaleCache) {
                K::cache(&ctx.caches).put(written);
            }
            Ok(())
        }
        Err(error) if error.code() == Some(404) => Ok(()),
        Err(error) => Err(error),
    }
}
