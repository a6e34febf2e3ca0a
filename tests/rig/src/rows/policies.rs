//! Policies that change what is written, as service meshes and those who run a cluster have them.

use auriga_e2e::{Space, eventually};
use serde_json::{Value, json};

use crate::objects::{DEPLOYMENT, POD, label};

/// The container that a policy puts beside ours, as a service mesh does.
pub(super) const SIDECAR: &str = "mesh";
/// What a policy makes of a field that the operator sets otherwise, in seconds.
pub(super) const GRACE: i64 = 25;

/// Waits until what is written is changed: an API server hears of a policy a moment later.
pub(super) async fn in_force(space: &Space) {
    eventually("the policies hold", async || {
        let mut found = Vec::new();
        for component in ["runtime", "fit"] {
            let pod = probe(POD.0, POD.1, component, &pod_spec());
            found.push(space.would_take(&pod).await.ok()?.to_string().contains(SIDECAR));
        }
        let labels = json!({ "app": "probe" });
        let template = json!({ "metadata": { "labels": labels }, "spec": pod_spec() });
        let spec = json!({ "selector": { "matchLabels": labels }, "template": template });
        let deployment = probe(DEPLOYMENT.0, DEPLOYMENT.1, "runtime", &spec);
        let taken = space.would_take(&deployment).await.ok()?;
        found.push(label(&taken, "example.com/team") == "flowers");
        found.iter().all(|holds| *holds).then_some(())
    })
    .await;
}

fn probe(version: &str, kind: &str, component: &str, spec: &Value) -> Value {
    let labels =
        json!({ "app.kubernetes.io/managed-by": "auriga", "app.kubernetes.io/component": component });
    json!({ "apiVersion": version, "kind": kind, "metadata": { "name": "probe", "labels": labels }, "spec": spec })
}

fn pod_spec() -> Value {
    json!({
        "securityContext": { "runAsNonRoot": true, "seccompProfile": { "type": "RuntimeDefault" } },
        "containers": [{
            "name": "auriga",
            "image": "docker.io/auriga/auriga:dev",
            "securityContext": { "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } },
        }],
    })
}

/// Policies of this namespace: one that puts a container beside ours, before it in pods that fit, and one that sets what
/// Deployments do not say, and one thing that the operator does say.
pub(super) fn policies(namespace: &str) -> Vec<Value> {
    let deployment = format!(
        r#"Object{{
  metadata: Object.metadata{{ labels: {{"example.com/team": "flowers"}} }},
  spec: Object.spec{{ template: Object.spec.template{{
    metadata: Object.spec.template.metadata{{ annotations: {{"example.com/injected": "yes"}} }},
    spec: Object.spec.template.spec{{
      terminationGracePeriodSeconds: {GRACE},
      containers: [Object.spec.template.spec.containers{{
        name: "auriga",
        env: [Object.spec.template.spec.containers.env{{ name: "HTTP_PROXY", value: "http://mesh:3128" }}]
      }}]
    }}
  }} }}
}}"#
    );
    let defaults =
        json!({ "patchType": "ApplyConfiguration", "applyConfiguration": { "expression": deployment } });
    let of_pods = |component, mutation| {
        policy(
            namespace,
            component,
            ("", "pods"),
            &["CREATE"],
            component,
            mutation,
        )
    };
    [
        of_pods("runtime", sidecar("containers", "")),
        of_pods("fit", sidecar("initContainers", r#"restartPolicy: "Always","#)),
        policy(
            namespace,
            "defaults",
            ("apps", "deployments"),
            &["CREATE", "UPDATE"],
            "runtime",
            defaults,
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Adds a container to a list of a pod that does nothing until it is told to end. With `more` it may say that the pod ends without it.
fn sidecar(list: &str, more: &str) -> Value {
    let of = format!("Object.spec.{list}");
    let context = format!("{of}.securityContext");
    let container = format!(
        r#"{of}{{
  name: "{SIDECAR}", image: "docker.io/auriga-test/shell:1", {more}
  command: ["sh", "-c", "trap 'exit 0' TERM; sleep 1000000 & wait"],
  securityContext: {context}{{
    allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, runAsNonRoot: true, runAsUser: 65532,
    capabilities: {context}.capabilities{{ drop: ["ALL"] }},
    seccompProfile: {context}.seccompProfile{{ type: "RuntimeDefault" }}
  }}
}}"#
    );
    let add = format!(r#"JSONPatch{{ op: "add", path: "/spec/{list}/-", value: {container} }}"#);
    // A list that is not there has no end to add to; and Kubernetes 1.34 panics at a list with an object in it.
    let patch = if list == "containers" {
        format!("[{add}]")
    } else {
        format!(r#"[JSONPatch{{ op: "add", path: "/spec/{list}", value: [] }}, {add}]"#)
    };
    json!({ "patchType": "JSONPatch", "jsonPatch": { "expression": patch } })
}

/// A policy about what is Auriga's of a component, and what binds it to the namespace.
fn policy(
    namespace: &str,
    word: &str,
    (group, resource): (&str, &str),
    operations: &[&str],
    component: &str,
    mutation: Value,
) -> [Value; 2] {
    const VERSION: &str = "admissionregistration.k8s.io/v1beta1";
    let name = format!("{namespace}-{word}");
    let rule = json!({ "apiGroups": [group], "apiVersions": ["v1"], "operations": operations, "resources": [resource] });
    let ours = json!({ "app.kubernetes.io/managed-by": "auriga", "app.kubernetes.io/component": component });
    let spec = json!({
        "failurePolicy": "Fail",
        "reinvocationPolicy": "Never",
        "matchConstraints": { "resourceRules": [rule], "objectSelector": { "matchLabels": ours } },
        "mutations": [mutation],
    });
    let here = json!({ "matchLabels": { "kubernetes.io/metadata.name": namespace } });
    let binding = json!({ "policyName": name, "matchResources": { "namespaceSelector": here } });
    let of = |kind: &str, spec: Value| json!({ "apiVersion": VERSION, "kind": kind, "metadata": { "name": name }, "spec": spec });
    [
        of("MutatingAdmissionPolicy", spec),
        of("MutatingAdmissionPolicyBinding", binding),
    ]
}
