//! What may happen to an operator, a pod or a store.

use std::panic::{AssertUnwindSafe, resume_unwind};

use futures_util::FutureExt as _;
use k8s_openapi::api::{apps::v1::Deployment, core::v1::Pod};
use kube::{
    Api,
    api::{Patch, PatchParams},
};
use serde_json::{Value, json};

use crate::{
    install::{self, OPERATOR, OPERATOR_NAMESPACE},
    manifests::security_context,
    space::{Space, name_of},
    until::{until, within},
};

impl Space {
    /// A PostgreSQL whose data outlive its pod, so that it can be stopped and started.
    pub async fn lasting_postgres(&self) {
        self.claim("postgres").await;
        self.postgres().await;
        let data = json!([{ "name": "data", "emptyDir": null, "persistentVolumeClaim": { "claimName": "postgres" } }]);
        let api: Api<Deployment> = self.typed();
        // The server refuses a folder that its group may write to, which is what the kubelet makes of all it mounts again.
        let once = json!({ "fsGroupChangePolicy": "OnRootMismatch" });
        let fields =
            json!({ "spec": { "template": { "spec": { "volumes": data, "securityContext": once } } } });
        let changed = api
            .patch("postgres", &PatchParams::default(), &Patch::Strategic(fields))
            .await;
        changed.expect("the Deployment of PostgreSQL can be changed");
        self.rolled_out("postgres").await;
    }

    /// Starts or stops the namespace's PostgreSQL, and waits until that is done.
    pub async fn scale_postgres(&self, replicas: u32) {
        self.change(
            "Deployment",
            "postgres",
            json!({ "spec": { "replicas": replicas } }),
        )
        .await;
        self.rolled_out("postgres").await;
    }

    /// Stops the namespace's PostgreSQL at once: as if its node were gone, nothing is brought to an end.
    pub async fn kill_postgres(&self) {
        let none = json!({ "spec": { "replicas": 0 } });
        self.change("Deployment", "postgres", none).await;
        for pod in self.list("v1", "Pod").await {
            if pod["metadata"]["labels"]["app.kubernetes.io/name"] == "postgres" {
                self.end_at_once(name_of(&pod)).await;
            }
        }
        self.rolled_out("postgres").await;
    }

    /// Ends the operator's pod, and waits until another one works.
    pub async fn restart_operator(&self) {
        let (namespace, deployment) = (OPERATOR_NAMESPACE, format!("deployment/{OPERATOR}"));
        self.cluster
            .run(&["rollout", "restart", "-n", namespace, &deployment])
            .await;
        install::rolled_out(self.cluster, namespace, OPERATOR).await;
    }

    /// Lets an operator that may do nothing outside of this namespace look after it, in place of the cluster's, while `work`
    /// is done; for a test that has the cluster alone.
    pub async fn with_its_own_operator(&self, work: impl AsyncFnOnce()) {
        let done = async {
            install::scale(self.cluster, OPERATOR_NAMESPACE, 0).await;
            install::install_in(self.cluster, &self.name).await;
            work().await;
            install::scale(self.cluster, &self.name, 0).await;
        };
        let done = AssertUnwindSafe(done).catch_unwind().await;
        // Other tests need the cluster's operator, whatever became of this one.
        install::scale(self.cluster, OPERATOR_NAMESPACE, 1).await;
        if let Err(panic) = done {
            resume_unwind(panic);
        }
    }

    /// Tells the operator to start pods with this image; for a test that has the cluster alone.
    pub async fn operator_image(&self, image: &str) {
        let (deployment, variable) = (format!("deployment/{OPERATOR}"), format!("AURIGA_IMAGE={image}"));
        self.cluster
            .run(&["set", "env", "-n", OPERATOR_NAMESPACE, &deployment, &variable])
            .await;
        install::rolled_out(self.cluster, OPERATOR_NAMESPACE, OPERATOR).await;
    }

    /// Names of a Model's pods that serve and are not ending.
    pub async fn serving_pods(&self, model: &str) -> Vec<String> {
        let pods = self.pods_that_serve(model).await;
        pods.iter().map(|pod| name_of(pod).to_owned()).collect()
    }

    /// A Model's pods that serve and are not ending.
    pub async fn pods_that_serve(&self, model: &str) -> Vec<Value> {
        let mut pods = self.list("v1", "Pod").await;
        pods.retain(|pod| {
            let labels = &pod["metadata"]["labels"];
            labels["auriga.dev/model"] == model
                && labels["app.kubernetes.io/component"] == "runtime"
                && pod["metadata"]["deletionTimestamp"].is_null()
        });
        pods
    }

    /// Ends the program in a pod, and waits until the kubelet has started it anew in the same pod.
    pub async fn kill(&self, pod: &str) {
        let pods: Api<Pod> = self.typed();
        // The image has no shell: a second container that shares its processes does it.
        let container = json!({
            "name": "kill",
            "image": "docker.io/auriga-test/shell:1",
            "imagePullPolicy": "IfNotPresent",
            "command": ["sh", "-c", "kill -TERM 1"],
            "targetContainerName": "auriga",
            "securityContext": security_context(),
        });
        let fields = json!({ "spec": { "ephemeralContainers": [container] } });
        let added = pods
            .patch_ephemeral_containers(pod, &PatchParams::default(), &Patch::Strategic(fields))
            .await;
        added.unwrap_or_else(|error| panic!("pod {pod}: {error}"));
        until(within(30), &format!("pod {pod} is started anew"), async || {
            let found = self.get("v1", "Pod", pod).await?;
            let restarts = found
                .pointer("/status/containerStatuses/0/restartCount")?
                .as_i64()?;
            (restarts > 0).then_some(())
        })
        .await;
    }

    /// Alters a byte of a version of the only Model in the namespace's PostgreSQL.
    pub async fn damage_version(&self, version: i64) {
        let statement = format!(
            "UPDATE auriga.chunk SET bytes = set_byte(bytes, 200, 255 - get_byte(bytes, 200)) \
             WHERE digest = (SELECT digest FROM auriga.version WHERE number = {version})"
        );
        let printed = self.sql(&statement).await;
        assert!(printed.contains("UPDATE 1"), "{printed}");
    }

    /// What the namespace's PostgreSQL prints for a statement: the columns of a row apart by `|`.
    pub async fn sql(&self, statement: &str) -> String {
        let exec = ["exec", "-n", &self.name, "deployment/postgres", "--"];
        // Its own socket asks for no password.
        let psql = [
            "psql",
            "--host=/var/lib/postgresql",
            "--username=auriga",
            "--dbname=auriga",
            "--tuples-only",
            "--no-align",
            "-c",
            statement,
        ];
        let arguments: Vec<&str> = exec.into_iter().chain(psql).collect();
        self.cluster.run(&arguments).await
    }
}
