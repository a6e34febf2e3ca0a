//! Installs the operator of this tree, as a user would, with shorter pauses.

use std::fs;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::{
    cluster::Cluster,
    space::{Space, documents, kind_of, name_of},
    until::{until, within},
};

/// Where manifests/install.yaml puts the operator.
pub const OPERATOR_NAMESPACE: &str = "auriga-system";
/// Its Deployment.
pub(crate) const OPERATOR: &str = "auriga-operator";

/// What tests cannot wait for: a fit that failed by a mistake is tried again after five minutes otherwise.
const RETRY_MISTAKE: &str = "15s";

/// Applies manifests/install.yaml and waits until the operator is ready.
pub(crate) async fn install(cluster: &Cluster) {
    let text = fs::read_to_string(Cluster::root().join("manifests/install.yaml"))
        .expect("manifests/install.yaml is there");
    apply(cluster, documents(&text)).await;
    rolled_out(cluster, OPERATOR_NAMESPACE, OPERATOR).await;
}

/// Puts the operator of manifests/namespaced into a namespace, where it looks after nothing else, and waits until it is
/// ready.
pub(crate) async fn install_in(cluster: &Cluster, namespace: &str) {
    apply(cluster, namespaced(cluster, namespace).await).await;
    rolled_out(cluster, namespace, OPERATOR).await;
}

/// Applies the kinds, and stops the cluster's operator if there is one.
pub(crate) async fn kinds_alone(cluster: &Cluster) {
    let text = fs::read_to_string(Cluster::root().join("manifests/crds.yaml"))
        .expect("manifests/crds.yaml is there");
    apply(cluster, documents(&text)).await;
    let found = cluster
        .get(Some(OPERATOR_NAMESPACE), "apps/v1", "Deployment", OPERATOR)
        .await;
    if found.is_some() {
        scale(cluster, OPERATOR_NAMESPACE, 0).await;
    }
}

/// Starts or stops the operator of a namespace, and waits until that is done.
pub(crate) async fn scale(cluster: &Cluster, namespace: &str, replicas: u32) {
    let (deployment, replicas) = (format!("deployment/{OPERATOR}"), format!("--replicas={replicas}"));
    cluster
        .run(&["scale", "-n", namespace, &deployment, &replicas])
        .await;
    rolled_out(cluster, namespace, OPERATOR).await;
}

impl Space {
    /// Gives the account `auriga-operator` of this namespace what manifests/namespaced gives it, and starts no operator.
    pub async fn rights_of_an_operator(&self) {
        let mut documents = namespaced(self.cluster, &self.name).await;
        documents.retain(|document| kind_of(document) != "Deployment");
        apply(self.cluster, documents).await;
    }
}

/// What is in manifests/namespaced, for a namespace.
async fn namespaced(cluster: &Cluster, namespace: &str) -> Vec<Value> {
    // Rendered once: kubectl takes as long for it as an operator for a look at a hundred Models.
    static RENDERED: OnceCell<String> = OnceCell::const_new();
    const PLACE: &str = "namespace-of-the-test";
    let rendered = RENDERED.get_or_init(|| rendered(cluster, PLACE)).await;
    documents(&rendered.replace(PLACE, namespace))
}

async fn rendered(cluster: &Cluster, namespace: &str) -> String {
    // As a user does: in a copy, with another name in one line.
    let copy = tempfile::tempdir().expect("a folder can be made");
    let manifests = copy.path().join("manifests");
    for folder in ["operator", "namespaced"] {
        let from = Cluster::root().join("manifests").join(folder);
        fs::create_dir_all(manifests.join(folder)).expect("a folder can be made");
        for entry in fs::read_dir(from).expect("the tree has this folder") {
            let path = entry.expect("a folder can be read").path();
            let name = path.file_name().expect("a file has a name");
            let text = fs::read_to_string(&path).expect("manifests are text");
            let text = if folder == "namespaced" {
                text.replace(
                    "\nnamespace: auriga-system\n",
                    &format!("\nnamespace: {namespace}\n"),
                )
            } else {
                text
            };
            fs::write(manifests.join(folder).join(name), text).expect("a copy can be written");
        }
    }
    let overlay = manifests.join("namespaced");
    cluster.run(&["kustomize", &overlay.to_string_lossy()]).await
}

async fn apply(cluster: &Cluster, documents: Vec<Value>) {
    for mut document in documents {
        if kind_of(&document) == "Deployment" {
            for_tests(&mut document);
        }
        // Kinds come before the objects of them: what the API server does not know yet, it knows in a moment.
        let name = name_of(&document).to_owned();
        until(within(30), &format!("the API server takes {name}"), async || {
            cluster.try_apply(None, &document).await.ok()
        })
        .await;
    }
}

/// The image of this tree; and a new pod for each run, since an image of the same name may be another one.
fn for_tests(deployment: &mut Value) {
    assert_eq!(
        name_of(deployment),
        OPERATOR,
        "the only Deployment is the operator's"
    );
    let template = &mut deployment["spec"]["template"];
    template["metadata"]["annotations"]["auriga.dev/restarted-at"] = json!(Timestamp::now().to_string());
    let container = &mut template["spec"]["containers"][0];
    let image = "docker.io/auriga/auriga:dev";
    container["image"] = json!(image);
    let set = [
        ("AURIGA_IMAGE", image),
        ("AURIGA_IMAGE_PULL_POLICY", "IfNotPresent"),
        ("AURIGA_RETRY_MISTAKE", RETRY_MISTAKE),
    ];
    let mut env: Vec<Value> = container["env"].as_array().cloned().unwrap_or_default();
    for (name, value) in set {
        env.retain(|variable| variable["name"] != name);
        env.push(json!({ "name": name, "value": value }));
    }
    container["env"] = json!(env);
}

/// Waits until a Deployment's newest pods are the only ones, and ready.
pub(crate) async fn rolled_out(cluster: &Cluster, namespace: &str, name: &str) {
    until(
        // A server that makes its database first takes a while on a machine that is busy.
        within(120),
        &format!("Deployment {name} is rolled out"),
        async || {
            let found = cluster
                .get(Some(namespace), "apps/v1", "Deployment", name)
                .await?;
            let number = |path: &str| found.pointer(path).and_then(Value::as_i64).unwrap_or(0);
            let wanted = number("/spec/replicas");
            let is_seen = number("/status/observedGeneration") == number("/metadata/generation");
            let counts = ["updatedReplicas", "replicas", "availableReplicas"];
            let is_done = is_seen
                && counts
                    .iter()
                    .all(|count| number(&format!("/status/{count}")) == wanted);
            // A pod that ends is counted no more, and still runs.
            let selector = &found["spec"]["selector"]["matchLabels"];
            let pods = cluster.list(namespace, "v1", "Pod").await;
            let labeled = |pod: &&Value| {
                let labels = &pod["metadata"]["labels"];
                selector
                    .as_object()
                    .is_some_and(|all| all.iter().all(|(key, value)| labels[key] == *value))
            };
            let running = i64::try_from(pods.iter().filter(labeled).count()).ok();
            (is_done && running == Some(wanted)).then_some(())
        },
    )
    .await;
}
