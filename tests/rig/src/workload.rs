//! What users do while the operator is broken, and how it is known that all of it is done.

use std::str::FromStr;

use auriga_e2e::{Manifest, Space, eventually, iris_rows, is_ready};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    objects::{DEPLOYMENT, JOB, MODEL, POD, SERVICE, slot_of},
    remains::{self, Store},
    request::by_word,
};

/// What users do, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Workload {
    /// A Model is made.
    Create,
    /// One that answers is fitted anew.
    Retrain,
    /// The version before is asked for again.
    Rollback,
    /// There are to be no pods, and one again.
    Scale,
    /// Only what is answered besides the prediction changes.
    Serving,
    /// The store goes away while one that answers is fitted anew, and comes back.
    Outage,
    /// The Model is deleted, its versions stay.
    Retain,
    /// The Model is deleted with its versions.
    Delete,
}

impl Workload {
    /// All of them.
    pub(crate) const ALL: [Workload; 8] = [
        Workload::Create,
        Workload::Retrain,
        Workload::Rollback,
        Workload::Scale,
        Workload::Serving,
        Workload::Outage,
        Workload::Retain,
        Workload::Delete,
    ];

    /// As flags and tables write it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Workload::Create => "create",
            Workload::Retrain => "retrain",
            Workload::Rollback => "rollback",
            Workload::Scale => "scale",
            Workload::Serving => "serving",
            Workload::Outage => "outage",
            Workload::Retain => "delete-retain",
            Workload::Delete => "delete-delete",
        }
    }

    /// After which one a namespace is where this one begins; `None`: this one begins with nothing, or elsewhere.
    pub(crate) fn follows(self) -> Option<Workload> {
        match self {
            Workload::Create | Workload::Outage | Workload::Delete => None,
            Workload::Rollback => Some(Workload::Retrain),
            Workload::Retrain | Workload::Scale | Workload::Serving | Workload::Retain => {
                Some(Workload::Create)
            }
        }
    }

    /// Whether a version answers all the time.
    pub(crate) fn keeps_answering(self) -> bool {
        matches!(
            self,
            Workload::Retrain | Workload::Rollback | Workload::Serving | Workload::Outage
        )
    }

    /// Where its versions are.
    pub(crate) fn store(self) -> Store {
        match self {
            Workload::Outage => Store::Postgres,
            Workload::Delete => Store::Folder,
            _ => Store::Sqlite,
        }
    }

    /// How many versions the store has when it is done, whatever was broken.
    pub(crate) fn versions_left(self) -> usize {
        match self {
            Workload::Delete => 0,
            Workload::Create | Workload::Scale | Workload::Serving | Workload::Retain => 1,
            Workload::Retrain | Workload::Rollback | Workload::Outage => 2,
        }
    }

    /// Brings a namespace to where the workload begins; no fault strikes before that.
    pub(crate) async fn prepare(self, space: &Space) {
        if self == Workload::Outage {
            space.lasting_postgres().await;
            space.rows("iris", &iris_rows()).await;
        } else {
            space.iris_data("iris").await;
        }
        if self == Workload::Create {
            return;
        }
        space.apply(&self.first()).await;
        space.serves("iris", 1).await;
        if self == Workload::Rollback {
            space.apply(&second()).await;
            space.serves("iris", 2).await;
            drained(space, 1).await;
        }
    }

    /// Does it, and waits until all that it asks for is so; when the last of it was done, or the store was back.
    pub(crate) async fn work(self, space: &Space) -> Instant {
        let mut done = Instant::now();
        match self {
            Workload::Create => {
                space.apply(&self.first()).await;
                space.serves("iris", 1).await;
            }
            Workload::Retrain => {
                space.apply(&second()).await;
                space.serves("iris", 2).await;
                drained(space, 1).await;
            }
            Workload::Rollback => {
                let pinned = json!({ "policy": "Pinned", "version": 1 });
                space.apply(&second().with("/spec/activation", pinned)).await;
                space.serves("iris", 1).await;
                drained(space, 1).await;
            }
            Workload::Scale => {
                space.apply(&self.first().with("/spec/replicas", 0)).await;
                drained(space, 0).await;
                space.apply(&self.first()).await;
                done = Instant::now();
                space.serves("iris", 1).await;
                drained(space, 1).await;
            }
            Workload::Serving => {
                let metadata = json!({ "service_name": "flowers" });
                space
                    .apply(&self.first().with("/spec/serving/serviceMetadata", metadata))
                    .await;
                eventually("the new settings are served alone", async || {
                    let slots = running(space).await;
                    let [slot] = slots.as_slice() else { return None };
                    let service = space.get(SERVICE.0, SERVICE.1, "iris").await?;
                    (is_ready(&space.model("iris").await)
                        && slot_of(&service) == slot
                        && space.list(DEPLOYMENT.0, DEPLOYMENT.1).await.len() == 2)
                        .then_some(())
                })
                .await;
            }
            Workload::Outage => {
                space.scale_postgres(0).await;
                space.apply(&self.first().c(0.5)).await;
                space.complains("iris", "PersisterUnavailable", 60).await;
                space.scale_postgres(1).await;
                done = Instant::now();
                space.serves("iris", 2).await;
                drained(space, 1).await;
            }
            Workload::Retain | Workload::Delete => {
                space.remove(MODEL.0, MODEL.1, "iris").await;
                space.gone(MODEL.0, MODEL.1, "iris").await;
                eventually("all that was made for it is gone", async || {
                    let mut left = Vec::new();
                    for (version, kind) in [POD, DEPLOYMENT, JOB, SERVICE] {
                        left.extend(space.list(version, kind).await);
                    }
                    // A clean-up that is over stays for a while, for people to read.
                    left.iter().all(is_over).then_some(())
                })
                .await;
            }
        }
        done
    }

    fn first(self) -> Manifest {
        let policy = if self == Workload::Delete {
            "Delete"
        } else {
            "Retain"
        };
        let first = Manifest::iris("iris").with("/spec/deletionPolicy", policy);
        match self.store() {
            Store::Postgres => first.on_postgres().with("/spec/replicas", 1),
            Store::Folder => first.with("/spec/persister/uri", remains::FOLDER),
            Store::Sqlite => first,
        }
    }
}

impl FromStr for Workload {
    type Err = String;

    fn from_str(word: &str) -> Result<Workload, String> {
        by_word("workload", &Workload::ALL, Workload::word, word)
    }
}

/// Whether a pod or a Job has done what it was there for.
fn is_over(object: &Value) -> bool {
    object["status"]["phase"] == "Succeeded" || object["status"]["succeeded"].as_i64() > Some(0)
}

fn second() -> Manifest {
    Manifest::iris("iris")
        .with("/spec/deletionPolicy", "Retain")
        .c(0.5)
}

/// Waits until so many Deployments have pods, and every other one has none left.
async fn drained(space: &Space, wanted: usize) {
    eventually(&format!("{wanted} Deployments have pods"), async || {
        let settled = running(space).await.len() == wanted && is_ready(&space.model("iris").await);
        settled.then_some(())
    })
    .await;
}

/// The slots whose Deployments are to have pods, or still have some.
async fn running(space: &Space) -> Vec<String> {
    let deployments = space.list(DEPLOYMENT.0, DEPLOYMENT.1).await;
    let has_pods = |one: &&Value| {
        one["spec"]["replicas"].as_i64() != Some(0) || one["status"]["replicas"].as_i64().unwrap_or(0) != 0
    };
    // That of PostgreSQL has no slot.
    let slot = |one: &Value| Some(one["metadata"]["labels"]["auriga.dev/slot"].as_str()?.to_owned());
    deployments.iter().filter(has_pods).filter_map(slot).collect()
}
