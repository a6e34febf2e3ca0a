//! Watches objects for as long as somebody wants to know of them.

use std::{fmt::Debug, pin::pin, time::Duration};

use futures_util::StreamExt as _;
use kube::{
    Api, Resource, ResourceExt as _,
    api::{WatchEvent, WatchParams},
};
use serde::de::DeserializeOwned;
use tokio::time::sleep;

/// The pause before a watch that ended is begun anew.
const PAUSE: Duration = Duration::from_millis(100);

/// Tells `take` of all objects that there are, and of what happens to them, until the future is dropped. After an error all that
/// there is then is told anew, and what went away meanwhile is not.
pub(crate) async fn follow<K>(api: Api<K>, which: WatchParams, mut take: impl FnMut(WatchEvent<K>))
where
    K: Resource + Clone + Debug + DeserializeOwned,
{
    let mut version = "0".to_owned();
    loop {
        if let Ok(events) = api.watch(&which, &version).await {
            let mut events = pin!(events);
            while let Some(Ok(event)) = events.next().await {
                match &event {
                    WatchEvent::Added(object)
                    | WatchEvent::Modified(object)
                    | WatchEvent::Deleted(object) => {
                        version = object.resource_version().unwrap_or(version);
                    }
                    WatchEvent::Bookmark(bookmark) => version.clone_from(&bookmark.metadata.resource_version),
                    // The version is too old, most often.
                    WatchEvent::Error(_) => "0".clone_into(&mut version),
                }
                let is_over = matches!(event, WatchEvent::Error(_));
                take(event);
                if is_over {
                    break;
                }
            }
        }
        sleep(PAUSE).await;
    }
}
