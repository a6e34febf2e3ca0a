//! Before a fit begins: whether it is still asked for, and no other one of the same has begun.

use auriga_crds::TrainingJob;
use kube::{Api, Resource, ResourceExt as _, api::ListParams};

use super::remove::is_as_seen;
use crate::{
    call::{READ, call},
    context::Context,
    error::Error,
    kept::Packed,
    labels,
};

/// Whether all is still as it was seen that the fit of `owner` begins for: what is asked for, and the TrainingJobs that
/// there are. An operator that starts anew may have been told of neither, and the name of a fit keeps nobody from
/// beginning another one of the same: that of a refit differs. What was not known of the TrainingJobs is, afterwards.
pub(super) async fn is_up_to_date<K>(ctx: &Context, owner: &K) -> Result<bool, Error>
where
    K: Resource<DynamicType = ()>,
{
    if !is_as_seen(ctx, owner).await? {
        return Ok(false);
    }
    let (namespace, name) = (owner.namespace().unwrap_or_default(), owner.name_any());
    let api: Api<Packed<TrainingJob>> = Api::namespaced(ctx.client.clone(), &namespace);
    let those = ListParams::default().labels(&format!("{}={name}", labels::MODEL));
    let what = format!("list the TrainingJobs of Model {name}");
    let live = call(&what, READ, || api.list(&those)).await?;
    let mut is_known = true;
    for job in live.items {
        let known = ctx.caches.training_jobs.get(&namespace, &job.name_any());
        if known.and_then(|known| known.resource_version()) != job.resource_version() {
            is_known = false;
            ctx.caches.training_jobs.put(job);
        }
    }
    Ok(is_known)
}
