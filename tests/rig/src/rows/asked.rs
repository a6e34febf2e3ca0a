//! Lets the rig speak in the stead of pods that an operator asks, by whichever way it does.

use std::sync::Arc;

use auriga_e2e::Space;
use serde_json::json;

use crate::{
    finding::in_words,
    ground::Ground,
    operator::Program,
    proxy::{Said, StandIn},
    scene::Scene,
};

/// How many namespaces have such an operator at once.
pub(super) const AT_ONCE: usize = 3;

/// By which way the operator asks pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// At their addresses, where the rig stands: as inside of a cluster.
    Addresses,
    /// Through the API server: as from outside.
    ApiServer,
}

/// An operator that asks pods by this way, and often.
pub(super) fn asking(ground: &Ground, way: Way) -> Program {
    let via = match way {
        Way::Addresses => "pod-ip",
        Way::ApiServer => "api-proxy",
    };
    let asks = [("AURIGA_ALIVE_VIA", via), ("AURIGA_POLL_SERVING", "1s")];
    let asks = asks.map(|(name, value)| (name, value.to_owned()));
    ground.program.with_environment(asks)
}

/// Lets the rig speak in the pods' stead that are asked by this way from now on.
///
/// Errors: it cannot stand where they are.
pub(super) async fn stand_between(scene: &Scene<'_>, way: Way) -> Result<(), String> {
    match way {
        Way::Addresses => scene.proxy().stand_at_pods().map_err(in_words),
        Way::ApiServer => {
            let_ask(&scene.space).await;
            Ok(())
        }
    }
}

/// Lets the operator of this namespace ask pods through the API server, which its own Role does not.
async fn let_ask(space: &Space) {
    space
        .apply_object(&json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": { "name": "asks-pods" },
            "rules": [{ "apiGroups": [""], "resources": ["pods/proxy", "services/proxy"], "verbs": ["get"] }],
        }))
        .await;
    space
        .apply_object(&json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": { "name": "asks-pods" },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "asks-pods" },
            "subjects": [{ "kind": "ServiceAccount", "name": "auriga-operator", "namespace": space.name }],
        }))
        .await;
}

/// Says the same for all pods whose names begin so, at /alive.
pub(super) fn instead(beginning: &str, said: fn() -> Said) -> StandIn {
    instead_at("/alive", beginning, said)
}

/// Says the same for all pods whose names begin so, at this page.
pub(super) fn instead_at(page: &'static str, beginning: &str, said: fn() -> Said) -> StandIn {
    let beginning = beginning.to_owned();
    Arc::new(move |pod, asked| (pod.starts_with(&beginning) && asked == page).then(said))
}
