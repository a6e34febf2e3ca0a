//! The whole loop in a cluster in memory: the real caches and the real writes, watches that tell late, faults at any write.

mod invariants;
mod nodes;
mod operator;
#[cfg(feature = "planted-bugs")]
mod planted;
mod requests;
mod server;
mod steps;
mod stories;

use auriga_crds::{Model, ModelSpec};
use auriga_operator::{labels, settings::Settings};
use jiff::ToSpan as _;
use serde_json::{Value, json};

use crate::given;
use nodes::Store;
use operator::{Looked, Operator};
use server::{Fault, Key, Server, text};

/// A cluster with a store, and the operator that runs in it.
struct Cluster {
    server: Server,
    store: Store,
    settings: Settings,
    operator: Operator,
    /// The Models by name; all of them are iris.
    models: Vec<String>,
}

impl Cluster {
    /// With these Models, applied a moment ago.
    fn of(models: &[&str], settings: Settings, change: impl Fn(&mut ModelSpec)) -> Cluster {
        let server = Server::new();
        let iris = given::model("iris");
        // What is in them matters to nobody here, as long as it is there.
        let texts: Value = (given::texts(&iris).found.keys())
            .map(|key| (key.key.clone(), Value::from("1,2,3")))
            .collect();
        let mut state = server.state();
        let data = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": {}, "data": texts });
        state.make(&key("configmaps", "iris-data"), data);
        for name in models {
            let mut model = Model::new(name, iris.spec.clone());
            // A claim would bear one replica alone.
            given::on_postgres(&mut model.spec);
            change(&mut model.spec);
            state.make(&key("models", name), json!(model));
        }
        drop(state);
        Cluster {
            operator: Operator::start(&server, &settings, 0),
            server,
            store: Store::default(),
            settings,
            models: models.iter().map(|&name| name.to_owned()).collect(),
        }
    }

    /// The operator looks at every object that it knows, until a fault kills it; then another one starts.
    async fn round(&mut self, strike: Option<(usize, Fault)>) {
        self.server.state().strike = strike;
        let mut ended = Looked::Ended;
        for name in self.models.clone() {
            if matches!(ended, Looked::Ended) {
                ended = self.operator.looks_at_model(&name).await;
            }
        }
        for name in self.operator.training_jobs() {
            if matches!(ended, Looked::Ended) {
                ended = self.operator.looks_at_training_job(&name).await;
            }
        }
        self.server.state().strike = None;
        if matches!(ended, Looked::Killed) {
            self.restarts(0);
        }
    }

    /// The operator is killed, and another one starts, whose first lists are so late.
    fn restarts(&mut self, late: usize) {
        self.operator = Operator::start(&self.server, &self.settings, late);
    }

    /// Controllers and nodes do what is due.
    fn work(&mut self) {
        nodes::work(&mut self.server.state(), &self.store);
    }

    /// The user changes a Model.
    fn edit(&mut self, name: &str, edit: impl FnOnce(&mut ModelSpec)) {
        let mut state = self.server.state();
        state.change(&key("models", name), |live| {
            let mut model: Model = serde_json::from_value(live.clone()).unwrap();
            edit(&mut model.spec);
            let generation = &mut model.metadata.generation;
            *generation = generation.map(|generation| generation + 1);
            *live = json!(model);
        });
    }

    fn pass(&mut self, seconds: i64) {
        self.server.state().now += seconds.seconds();
    }

    /// The Model, if it is there.
    fn model(&self, name: &str) -> Option<Model> {
        let live = self.server.state().objects.get(&key("models", name)).cloned();
        live.map(|live| serde_json::from_value(live).unwrap())
    }

    /// The children of the operator's making, in order of their names.
    fn children(&self) -> Vec<Key> {
        let state = self.server.state();
        let is_child = |key: &Key, object: &Value| {
            !matches!(key.0.as_str(), "models" | "pods")
                && object["metadata"]["labels"][labels::MANAGED_BY] == labels::AURIGA
                && !state.foreign.contains(text(object, "uid"))
        };
        let children = (state.objects.iter()).filter(|(key, object)| is_child(key, object));
        children.map(|(key, _)| key.clone()).collect()
    }

    /// A stranger puts an object in the place of a child: of its name, and with its labels too if it `is_labeled`.
    fn is_usurped(&mut self, child: &Key, is_labeled: bool) {
        let mut state = self.server.state();
        let Some(mut object) = state.objects.get(child).cloned() else {
            return;
        };
        state.delete(child);
        let mut labels = object["metadata"]["labels"].take();
        // What outlives its owner is told by that one alone: nobody else's has it.
        labels.as_object_mut().map(|all| all.remove(labels::MODEL_UID));
        object["metadata"] = json!({});
        if is_labeled {
            object["metadata"]["labels"] = labels;
        }
        object.as_object_mut().map(|fields| fields.remove("status"));
        let made = state.make(child, object);
        state.foreign.insert(text(&made, "uid").to_owned());
    }

    /// Strangers take back all that they have made.
    fn strangers_leave(&mut self) {
        let mut state = self.server.state();
        let theirs: Vec<Key> = (state.objects.iter())
            .filter(|(_, object)| state.foreign.contains(text(object, "uid")))
            .map(|(key, _)| key.clone())
            .collect();
        for key in theirs {
            state.delete(&key);
        }
    }
}

fn key(plural: &str, name: &str) -> Key {
    (plural.to_owned(), name.to_owned())
}
