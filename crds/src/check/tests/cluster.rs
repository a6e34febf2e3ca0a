//! Activation, claims and pods, good and bad.

use super::*;

/// What the rules about clusters refuse (`true`) and what they let pass, for the CEL evaluator.
pub(super) fn cases() -> Vec<(bool, Value)> {
    let spec = |written: &str| {
        let text = IRIS.replace("c: 0.3", &format!("c: 0.3\n  {written}"));
        document::read(&text).unwrap().remove(0).value
    };
    let claim = |uri: &str| {
        spec(&format!(
            "persister: {{uri: '{uri}', persistentVolumeClaim: {{claimName: iris}}}}"
        ))
    };
    let replicas = |count: u8| {
        spec(&format!(
            "persister: {{uri: 'file:///var/lib/auriga', persistentVolumeClaim: {{claimName: iris}}}}\n  replicas: {count}"
        ))
    };
    let quantity = |amount: &str| {
        spec(&format!(
            "training: {{resources: {{limits: {{memory: {amount}}}}}}}"
        ))
    };
    vec![
        (false, spec("activation: {}")),
        (false, spec("activation: {policy: Pinned, version: 3}")),
        (true, spec("activation: {policy: Pinned}")),
        (true, spec("activation: {version: 3}")),
        (false, spec("activation: {policy: Manual}")),
        (false, spec("activation: {policy: Manual, version: 3}")),
        (false, claim("sqlite:///var/lib/auriga/models.db")),
        (false, claim("file:///var/lib/auriga")),
        (false, claim("file:///var/lib/auriga/iris")),
        (true, claim("sqlite:///var/lib/auriga/")),
        (true, claim("sqlite://models.db")),
        (true, claim("file:///var/lib/auriga-old/x")),
        (false, replicas(0)),
        (false, replicas(1)),
        (true, replicas(2)),
        (false, spec("replicas: 2")),
        (false, spec("serving: {env: [{name: HTTPS_PROXY, value: x}]}")),
        (true, spec("serving: {env: [{name: 1A, value: x}]}")),
        (true, spec("training: {env: [{name: AURIGA_POD_UID, value: x}]}")),
        (true, spec("training: {env: [{name: a-b}]}")),
        (false, spec("pod: {labels: {team: a}, annotations: {team: a}}")),
        (true, spec("pod: {labels: {auriga.dev/model: a}}")),
        (true, spec("pod: {labels: {app.kubernetes.io/name: a}}")),
        (true, spec("pod: {labels: {pod-template-hash: a}}")),
        (true, spec("pod: {annotations: {auriga.dev/activate-from: '7'}}")),
        (false, quantity("2")),
        (false, quantity("'2'")),
        (false, quantity("500m")),
        (false, quantity("'.5'")),
        (false, quantity("'1.'")),
        (false, quantity("1.5Gi")),
        (false, quantity("12E")),
        (false, quantity("'1e3'")),
        (false, quantity("'2E-3'")),
        (true, quantity("much")),
        (true, quantity("'.'")),
        (true, quantity("'1.2.3'")),
        (true, quantity("-1")),
        (true, quantity("1GB")),
        (true, quantity("1mi")),
        (true, quantity("'1e'")),
        (true, quantity("'1e+'")),
        (true, quantity("'1 Gi'")),
        (true, quantity("''")),
    ]
}

#[test]
fn an_affinity_and_quantities_are_taken_as_the_core_api_writes_them() {
    for good in [
        "pod: {affinity: {nodeAffinity: {anything: [1, {a: b}]}}}",
        "training: {resources: {requests: {cpu: 2, memory: 1Gi}, limits: {nvidia.com/gpu: 1}}}",
        "pod: {tolerations: [{operator: Exists}], imagePullSecrets: [{name: x}], priorityClassName: high}",
    ] {
        check_edit("c: 0.3", &format!("c: 0.3\n  {good}"), &[]);
    }
    check_edit(
        "c: 0.3",
        "c: 0.3\n  pod: {hostNetwork: true}",
        &[
            "14:9: spec.pod.hostNetwork: is not a known field; known are affinity, annotations, imagePullSecrets, labels, \
           nodeSelector, priorityClassName, tolerations",
        ],
    );
}

#[test]
fn what_runs_pods_decides_no_fit() {
    let hash = |written: &str| {
        let text = IRIS.replace("c: 0.3", &format!("c: 0.3\n  {written}"));
        let checked = check(&document::read(&text).unwrap().remove(0)).unwrap();
        crate::fit_hash(&checked, &std::collections::BTreeMap::new())
    };
    let plain = hash("suspend: false");
    for undeciding in [
        "suspend: true",
        "replicas: 3",
        "activation: {policy: Manual, version: 3}",
        "pod: {priorityClassName: high}",
        "deletionPolicy: Delete",
        "training: {resources: {limits: {memory: 9Gi}}, backoffLimit: 0, activeDeadlineSeconds: 7}",
        "serving: {resources: {}, env: [{name: A}], progressDeadlineSeconds: 7}",
    ] {
        assert_eq!(hash(undeciding), plain, "{undeciding}");
    }
    for deciding in ["training: {env: [{name: A}]}", "training: {scoring: f1_macro}"] {
        assert_ne!(hash(deciding), plain, "{deciding}");
    }
}
