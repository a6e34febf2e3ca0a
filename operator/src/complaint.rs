//! Why a Job has no pod: whoever makes pods for Jobs tells that in an event, and nowhere else.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::{batch::v1::Job, core::v1::Event};
use kube::{Api, ResourceExt as _, api::ListParams};

use crate::{
    call::{READ, call},
    context::Context,
    error::Error,
};

/// How long a Job may be without a pod until it is looked up why.
const PATIENCE: Duration = Duration::from_secs(1);

/// What was told last of why `job`, which is under way without a pod, gets none; `None` if nothing was, or it is too early.
///
/// Errors: the events cannot be read.
pub(crate) async fn complaint(ctx: &Context, job: &Job) -> Result<Option<String>, Error> {
    let age = (job.metadata.creation_timestamp.as_ref())
        .map(|made| Timestamp::now().duration_since(made.0).unsigned_abs());
    if age.is_none_or(|age| age <= PATIENCE) {
        return Ok(None);
    }
    let api: Api<Event> = Api::namespaced(ctx.client.clone(), &job.namespace().unwrap_or_default());
    let fields = format!(
        "involvedObject.uid={},reason=FailedCreate",
        job.uid().unwrap_or_default()
    );
    let parameters = ListParams::default().fields(&fields);
    let what = format!("list the events of Job {}", job.name_any());
    let events = call(&what, READ, || api.list(&parameters)).await?;
    let time = |event: &Event| {
        let last = event.last_timestamp.as_ref().map(|time| time.0);
        last.or_else(|| event.event_time.as_ref().map(|time| time.0))
    };
    let newest = events.items.into_iter().max_by_key(time);
    Ok(newest.and_then(|event| event.message))
}
