//! What is wrong is told within seconds, with the remedy, harms nobody else, and heals when it is put right.

use auriga_crds::ConditionStatus;
use auriga_e2e::{IRIS_ROW, Manifest, Space, in_a_namespace, iris_rows};
use serde_json::{Value, json};

/// What the operator can see at once is told within so many seconds.
const AT_ONCE: u64 = 10;
/// What only the kubelet, or a pod that was started for it, can notice.
pub(crate) const KUBELET: u64 = 30;

/// Fails unless `words` name each of these.
pub(crate) fn names(words: &str, parts: &[&str]) {
    for part in parts {
        assert!(words.contains(part), "does not name {part}: {words}");
    }
}

#[test]
fn a_missing_config_map_is_named_and_another_model_is_not_held_up() {
    in_a_namespace(async |space| {
        space.claim("iris").await;
        space.apply(&Manifest::iris("iris")).await;
        let words = space.complains("iris", "ConfigMapNotFound", AT_ONCE).await;
        names(&words, &["ConfigMap iris", "create it"]);
        space.iris_data("other").await;
        space.apply(&Manifest::iris("other")).await;
        space.serves("other", 1).await;
        space.rows("iris", &iris_rows()).await;
        space.serves("iris", 1).await;
    });
}

#[test]
fn a_missing_key_of_a_config_map_is_named() {
    in_a_namespace(async |space| {
        space.iris_data("iris").await;
        space
            .apply(&Manifest::iris("iris").with("/spec/dataset/test/csv/configMap/key", "test.csv"))
            .await;
        let words = space.complains("iris", "ConfigMapNotFound", AT_ONCE).await;
        names(&words, &["test.csv", "iris"]);
        space.apply(&Manifest::iris("iris")).await;
        space.serves("iris", 1).await;
    });
}

#[test]
fn a_missing_claim_is_named() {
    in_a_namespace(async |space| {
        space.rows("iris", &iris_rows()).await;
        space.apply(&Manifest::iris("iris")).await;
        let words = space.complains("iris", "ClaimNotFound", AT_ONCE).await;
        names(&words, &["\"iris\"", "create the claim"]);
        space.claim("iris").await;
        space.ready_within("iris", 150).await;
    });
}

#[test]
fn a_missing_secret_is_named_by_the_pod_that_needs_it() {
    in_a_namespace(async |space| {
        space.postgres().await;
        space.rows("iris", &iris_rows()).await;
        let secret = |name: &str| {
            Manifest::iris("iris")
                .on_postgres()
                .with("/spec/persister/secretRef/name", name)
        };
        space.apply(&secret("credentials")).await;
        let words = space.complains("iris", "SecretNotFound", KUBELET).await;
        names(&words, &["username", "Secret"]);
        space
            .apply_object(&json!({
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": { "name": "credentials" },
                "stringData": { "username": "auriga", "password": "only-for-tests" },
            }))
            .await;
        space.ready_within("iris", 150).await;
    });
}

#[test]
fn a_quota_that_is_reached_is_told_in_the_words_of_the_api_server() {
    in_a_namespace(async |space| {
        space.iris_data("iris").await;
        let quota = json!({
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": { "name": "none" },
            "spec": { "hard": { "pods": "0" } },
        });
        space.apply_object(&quota).await;
        auriga_e2e::eventually("the quota is known", async || {
            let quota = space.get("v1", "ResourceQuota", "none").await?;
            quota["status"]["hard"].is_object().then_some(())
        })
        .await;
        space.apply(&Manifest::iris("iris")).await;
        let words = space.complains("iris", "QuotaExceeded", AT_ONCE).await;
        names(&words, &["exceeded quota: none"]);
        space.remove("v1", "ResourceQuota", "none").await;
        space.ready_within("iris", 150).await;
    });
}

#[test]
fn a_pod_that_the_security_standard_refuses_is_told_in_the_words_of_the_api_server() {
    in_a_namespace(async |space| {
        space.iris_data("iris").await;
        let unconfined = json!({ "container.apparmor.security.beta.kubernetes.io/auriga": "unconfined" });
        space
            .apply(&Manifest::iris("iris").with("/spec/pod/annotations", unconfined))
            .await;
        let words = space.complains("iris", "Forbidden", AT_ONCE).await;
        names(&words, &["PodSecurity", "restricted"]);
        space.apply(&Manifest::iris("iris")).await;
        space.ready_within("iris", 150).await;
    });
}

#[test]
fn rows_that_cannot_be_read_are_named_by_row_and_column_and_tried_again_when_mended() {
    in_a_namespace(async |space| {
        space.iris_data("iris").await;
        let broken = iris_rows().replacen("6.0,2.2,", "6.0,much,", 1);
        space.rows("iris", &broken).await;
        let numbers = json!({ "sepal width": "number" });
        let typed = || Manifest::iris("iris").with("/spec/dataset/train/csv/types", numbers.clone());
        space.apply(&typed()).await;
        let words = space.complains("iris", "InvalidData", KUBELET).await;
        names(&words, &["much", "sepal width", "2"]);
        space.rows("iris", &iris_rows()).await;
        space.ready_within("iris", 60).await;
    });
}

#[test]
fn a_fit_over_its_memory_is_told_with_the_limit() {
    in_a_namespace(async |space| {
        space.claim("iris").await;
        // Words take some forty times the room that they have in the file, before anything looks at them.
        space.rows("iris", &drawn_rows(75_000, "abcd")).await;
        let limited = |limit: &str| {
            let resources = json!({ "requests": { "memory": limit }, "limits": { "memory": limit } });
            Manifest::iris("iris")
                .with("/spec/dataset/train/csv/nrows", 75_000)
                .with("/spec/dataset/test/csv/skiprows", 74_900)
                .with(
                    "/spec/transformers",
                    json!([{ "name": "encode", "oneHotEncoder": {} }]),
                )
                .with("/spec/training/resources", resources)
                .with("/spec/training/backoffLimit", 0)
        };
        space.apply(&limited("16Mi")).await;
        let words = space.complains("iris", "OOMKilled", KUBELET).await;
        names(&words, &["16Mi", "limits.memory"]);
        space.apply(&limited("1Gi")).await;
        space.ready_within("iris", 60).await;
    });
}

#[test]
fn a_store_that_does_not_answer_is_named() {
    in_a_namespace(async |space| {
        space.postgres().await;
        space.rows("iris", &iris_rows()).await;
        let uri = |uri: &str| {
            Manifest::iris("iris")
                .on_postgres()
                .with("/spec/persister/uri", uri)
        };
        space.apply(&uri("postgres://nobody/auriga")).await;
        let words = space.complains("iris", "PersisterUnavailable", KUBELET).await;
        names(&words, &["nobody"]);
        assert!(!words.contains("only-for-tests"), "{words}");
        space.apply(&uri("postgres://postgres/auriga")).await;
        space.ready_within("iris", 60).await;
    });
}

#[test]
fn a_candidate_that_finds_no_node_is_waited_for_while_the_old_version_answers() {
    in_a_namespace(async |space| {
        space.iris_data("iris").await;
        space.apply(&Manifest::iris("iris")).await;
        space.serves("iris", 1).await;
        let large = json!({ "requests": { "cpu": "500" } });
        space
            .apply(&Manifest::iris("iris").with("/spec/serving/resources", large))
            .await;
        let words = space.complains("iris", "Unschedulable", AT_ONCE).await;
        names(&words, &["Insufficient cpu"]);
        assert_eq!(space.answers("iris", IRIS_ROW, 1).await.version, Some(1));
        space.apply(&Manifest::iris("iris")).await;
        space.serves("iris", 1).await;
    });
}

#[test]
fn a_candidate_that_ends_again_and_again_is_given_up() {
    in_a_namespace(async |space| {
        space.claim("iris").await;
        // Nothing can be learned from these, so that the trees grow as large as they can: some 40 MiB.
        space.rows("iris", &drawn_rows(300, "0123456789")).await;
        let good = Manifest::iris("iris")
            .with("/spec/dataset/train/csv/nrows", 300)
            .with(
                "/spec/estimator",
                json!({ "randomForestClassifier": { "nEstimators": 3000 } }),
            );
        space.apply(&good).await;
        space.serves("iris", 1).await;
        // Killed whenever it loads them, with a deadline that ends the wait.
        let small = json!({ "requests": { "memory": "20Mi" }, "limits": { "memory": "20Mi" } });
        let broken = (good.clone())
            .with("/spec/serving/resources", small)
            .with("/spec/serving/progressDeadlineSeconds", 20);
        space.apply(&broken).await;
        space
            .until_model("iris", 60, "its candidate is given up", |model| {
                let status = model.status.clone().unwrap_or_default();
                let rejected = auriga_e2e::condition(&status.conditions, "CandidateRejected");
                rejected.is_some_and(|rejected| rejected.message.contains("20Mi"))
            })
            .await;
        assert_eq!(space.answers("iris", IRIS_ROW, 1).await.version, Some(1));
        space.apply(&good).await;
        space.serves("iris", 1).await;
    });
}

#[test]
fn a_pinned_version_that_does_not_exist_is_told_while_the_old_one_answers() {
    in_a_namespace(async |space| {
        space.iris_data("iris").await;
        space.apply(&Manifest::iris("iris")).await;
        space.serves("iris", 1).await;
        let pinned = json!({ "policy": "Pinned", "version": 7 });
        space
            .apply(&Manifest::iris("iris").with("/spec/activation", pinned))
            .await;
        let words = space.complains("iris", "VersionNotFound", KUBELET).await;
        names(&words, &["ersion 7"]);
        assert_eq!(space.answers("iris", IRIS_ROW, 1).await.version, Some(1));
        space.apply(&Manifest::iris("iris")).await;
        space.serves("iris", 1).await;
    });
}

#[test]
fn a_foreign_service_of_the_same_name_is_never_adopted() {
    in_a_namespace(async |space| {
        space.iris_data("iris").await;
        let foreign = json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": { "name": "iris" },
            "spec": { "selector": { "app": "somebody" }, "ports": [{ "port": 80 }] },
        });
        space.apply_object(&foreign).await;
        space.apply(&Manifest::iris("iris")).await;
        let words = space.complains("iris", "NameConflict", AT_ONCE).await;
        names(&words, &["Service iris"]);
        let found = space.get("v1", "Service", "iris").await.unwrap();
        assert_eq!(found["spec"]["selector"], json!({ "app": "somebody" }));
        assert!(found["metadata"]["ownerReferences"].is_null());
        space.remove("v1", "Service", "iris").await;
        space.ready_within("iris", 60).await;
    });
}

#[test]
fn a_foreign_deployment_of_the_same_name_is_never_adopted() {
    in_a_namespace(async |space| {
        space.iris_data("iris").await;
        space.apply(&Manifest::iris("iris")).await;
        space.serves("iris", 1).await;
        let mut deployment = space.list("apps/v1", "Deployment").await.remove(0);
        let name = deployment["metadata"]["name"].as_str().unwrap().to_owned();
        space.remove("auriga.dev/v1alpha1", "Model", "iris").await;
        space.gone("apps/v1", "Deployment", &name).await;

        deployment["metadata"] = json!({ "name": name, "labels": { "app": "somebody" } });
        deployment["spec"]["replicas"] = json!(0);
        deployment.as_object_mut().unwrap().remove("status");
        space.apply_object(&deployment).await;
        space.apply(&Manifest::iris("iris")).await;
        let words = space.complains("iris", "NameConflict", KUBELET).await;
        names(&words, &[&format!("Deployment {name}")]);
        let found = space.get("apps/v1", "Deployment", &name).await.unwrap();
        assert_eq!(
            (&found["spec"]["replicas"], &found["metadata"]["labels"]),
            (&json!(0), &json!({ "app": "somebody" }))
        );
        space.remove("apps/v1", "Deployment", &name).await;
        space.ready_within("iris", 60).await;
    });
}

#[test]
fn a_model_that_was_bad_in_between_is_what_it_was() {
    in_a_namespace(async |space| {
        space.iris_data("iris").await;
        let good = Manifest::iris("iris");
        space.apply(&good).await;
        space.serves("iris", 1).await;
        let before = essence(space).await;
        let column =
            json!([{ "path": "/predict", "mapping": [{ "name": "a", "type": "float", "column": "b" }] }]);
        let bad: [(&str, Value, &str); 5] = [
            (
                "/spec/dataset/train/csv/configMap/name",
                json!("nothing"),
                "ConfigMapNotFound",
            ),
            ("/spec/dataset/target", json!("weight"), "InvalidSpec"),
            ("/spec/serving/entryPoints", column, "InvalidSpec"),
            (
                "/spec/activation",
                json!({ "policy": "Pinned", "version": 9 }),
                "VersionNotFound",
            ),
            (
                "/spec/pod/nodeSelector",
                json!({ "disk": "golden" }),
                "Unschedulable",
            ),
        ];
        for (place, value, reason) in bad {
            space.apply(&good.clone().with(place, value)).await;
            space.complains("iris", reason, KUBELET).await;
            assert_eq!(space.answers("iris", IRIS_ROW, 1).await.version, Some(1));
            space.apply(&good).await;
            space.serves("iris", 1).await;
            auriga_e2e::eventually(&format!("after {reason}, all is as it was"), async || {
                (essence(space).await == before).then_some(())
            })
            .await;
        }
    });
}

/// What a Model has made, and what it says of itself, without times, generations and names of pods.
async fn essence(space: &Space) -> Value {
    let deployments = space.list("apps/v1", "Deployment").await;
    let running = deployments.iter().filter(|one| one["spec"]["replicas"] != 0);
    let running: Vec<_> = running
        .map(|one| json!([one["metadata"]["name"], one["spec"]]))
        .collect();
    let service = space.get("v1", "Service", "iris").await.unwrap();
    let status = space.model("iris").await.status.unwrap();
    let is_true = |status| status == ConditionStatus::True;
    let conditions = status
        .conditions
        .iter()
        .map(|one| json!([one.kind, is_true(one.status), one.reason]));
    json!({
        "deployments": running,
        "service": service["spec"]["selector"],
        "conditions": conditions.collect::<Vec<_>>(),
        "active": status.active_version,
        "digest": status.active_digest,
        "hash": status.spec_hash,
    })
}

/// Rows of four letters and one of two words, drawn without any meaning, but the same ones each time.
fn drawn_rows(count: usize, letters: &str) -> String {
    let letters: Vec<char> = letters.chars().collect();
    let mut state = 1_u64;
    // Knuth's linear congruential generator (The Art of Computer Programming, volume 2); its high bits are the good ones.
    let mut draw = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let row = |_| {
        let cells: Vec<String> = (0..4).map(|_| letters[draw(letters.len())].to_string()).collect();
        format!("{},{}\n", cells.join(","), ["rose", "tulip"][draw(2)])
    };
    (0..count).map(row).collect()
}
