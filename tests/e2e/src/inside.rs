//! Runs a program in a pod of a test's namespace, as a client or an administrator inside the cluster would.

use serde_json::{Value, json};

use crate::{
    manifests::security_context,
    space::Space,
    until::{until, within},
};

impl Space {
    /// What `GET url` answers to a pod of this namespace; names are those of the cluster's DNS.
    pub async fn ask_from_a_pod(&self, url: &str) -> Value {
        let text = self
            .run_in_a_pod(
                None,
                json!({
                    "image": "docker.io/auriga-test/shell:1",
                    "command": ["curl", "--silent", "--show-error", "--fail-with-body", "--max-time", "5", url],
                }),
            )
            .await;
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{url} answered {text}"))
    }

    /// What `auriga` with these arguments prints, with the credentials of the namespace's PostgreSQL.
    pub async fn auriga(&self, arguments: &[&str]) -> Value {
        let variable = |name: &str, key: &str| json!({ "name": name, "valueFrom": { "secretKeyRef": { "name": "postgres", "key": key } } });
        let env = json!([variable("PGUSER", "username"), variable("PGPASSWORD", "password")]);
        self.auriga_in(None, env, arguments).await
    }

    /// What `auriga` with these arguments prints where a claim is at /var/lib/auriga, as it is in a Model's pods.
    pub async fn auriga_on(&self, claim: &str, arguments: &[&str]) -> Value {
        self.auriga_in(Some(claim), json!([]), arguments).await
    }

    async fn auriga_in(&self, claim: Option<&str>, env: Value, arguments: &[&str]) -> Value {
        let image = "docker.io/auriga/auriga:dev";
        let container = json!({ "image": image, "args": arguments, "env": env });
        let text = self.run_in_a_pod(claim, container).await;
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("auriga {arguments:?} printed {text}"))
    }

    /// What a shell prints for a script where a claim is at /var/lib/auriga.
    pub async fn shell_on(&self, claim: &str, script: &str) -> String {
        let image = "docker.io/auriga-test/shell:1";
        let container = json!({ "image": image, "command": ["sh", "-c", script] });
        self.run_in_a_pod(Some(claim), container).await
    }

    /// Runs a container to its end and answers what it printed.
    async fn run_in_a_pod(&self, claim: Option<&str>, mut container: Value) -> String {
        container["name"] = json!("main");
        container["imagePullPolicy"] = json!("IfNotPresent");
        container["securityContext"] = security_context();
        let mut spec = json!({ "restartPolicy": "Never", "automountServiceAccountToken": false });
        if let Some(claim) = claim {
            container["volumeMounts"] = json!([{ "name": "claim", "mountPath": "/var/lib/auriga" }]);
            spec["volumes"] = json!([{ "name": "claim", "persistentVolumeClaim": { "claimName": claim } }]);
            // As a Model's pods have it: what one of them writes, another one may read.
            spec["securityContext"] = json!({ "fsGroup": 65532, "fsGroupChangePolicy": "OnRootMismatch" });
        }
        spec["containers"] = json!([container]);
        let name = format!("inside-{}", self.cluster.number());
        self.apply_object(&json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": { "name": name },
            "spec": spec,
        }))
        .await;
        let phase = until(within(60), &format!("pod {name} has ended"), async || {
            let pod = self.get("v1", "Pod", &name).await?;
            let phase = pod.pointer("/status/phase")?.as_str()?.to_owned();
            ["Succeeded", "Failed"].contains(&phase.as_str()).then_some(phase)
        })
        .await;
        let (_, log) = self.cluster.try_run(&["logs", "-n", &self.name, &name]).await;
        assert_eq!(phase, "Succeeded", "pod {name} says: {log}");
        self.remove("v1", "Pod", &name).await;
        log
    }
}
