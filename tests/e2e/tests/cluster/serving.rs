//! What is served, by how many pods, and what keeps a candidate away from the traffic.

use auriga_crds::ConditionStatus;
use auriga_e2e::{IRIS_ROW, Manifest, in_a_namespace};
use serde_json::{Value, json};

fn with_entry_point(path: &str, column: &str) -> Manifest {
    let mapped = |name: &str, column: &str| json!({ "name": name, "type": "float", "column": column });
    Manifest::iris("iris").with(
        "/spec/serving/entryPoints",
        json!([{ "path": path, "mapping": [
            mapped("a", column),
            mapped("b", "sepal width"),
            mapped("c", "petal length"),
            mapped("d", "petal width"),
        ] }]),
    )
}

#[test]
fn a_change_that_concerns_serving_alone_fits_nothing_and_moves_the_traffic() {
    in_a_namespace(async |space| {
        space.iris_data("iris").await;
        space.apply(&Manifest::iris("iris")).await;
        space.serves("iris", 1).await;
        space.apply(&with_entry_point("/species", "sepal length")).await;
        let answer = space
            .answers("iris", "/species?a=6.3&b=2.5&c=4.9&d=1.5", 30)
            .await;
        assert_eq!(
            (answer.version, &answer.json()["result"]),
            (Some(1), &json!("Iris-versicolor"))
        );
        space.serves("iris", 1).await;
        assert_eq!(space.training_jobs().await.len(), 1);
    });
}

#[test]
fn entry_points_that_do_not_fit_are_rejected_while_the_old_ones_answer() {
    in_a_namespace(async |space| {
        space.iris_data("iris").await;
        space.apply(&Manifest::iris("iris")).await;
        space.serves("iris", 1).await;
        space.apply(&with_entry_point("/predict", "no such column")).await;
        let words = space
            .says(
                "iris",
                "CandidateRejected",
                ConditionStatus::True,
                "InvalidSpec",
                20,
            )
            .await;
        assert!(words.contains("no such column"), "{words}");
        space
            .says("iris", "Ready", ConditionStatus::False, "InvalidSpec", 5)
            .await;
        assert_eq!(space.answers("iris", IRIS_ROW, 1).await.version, Some(1));
        space.apply(&Manifest::iris("iris")).await;
        space.serves("iris", 1).await;
    });
}

#[test]
fn a_model_scaled_to_zero_comes_back_with_its_version() {
    in_a_namespace(async |space| {
        space.iris_data("iris").await;
        space.apply(&Manifest::iris("iris")).await;
        space.serves("iris", 1).await;
        let scale = async |replicas: &str| {
            space
                .cluster
                .run(&["scale", "-n", &space.name, "am/iris", replicas])
                .await;
        };
        scale("--replicas=0").await;
        space
            .says("iris", "Ready", ConditionStatus::True, "ScaledToZero", 20)
            .await;
        let runs = async || {
            let pods = space.list("v1", "Pod").await;
            pods.iter().any(|pod| {
                pod.pointer("/metadata/labels/app.kubernetes.io~1component") == Some(&json!("runtime"))
            })
        };
        auriga_e2e::eventually("no pod serves", async || (!runs().await).then_some(())).await;
        scale("--replicas=1").await;
        space.serves("iris", 1).await;
        assert_eq!(space.answers("iris", IRIS_ROW, 10).await.version, Some(1));
    });
}

#[test]
fn two_replicas_have_a_disruption_budget_and_their_count_in_the_status() {
    in_a_namespace(async |space| {
        space.postgres().await;
        space.rows("iris", &auriga_e2e::iris_rows()).await;
        space.apply(&Manifest::iris("iris").on_postgres()).await;
        let status = space.serves("iris", 1).await.status.unwrap();
        assert_eq!((status.replicas, status.ready_replicas), (Some(2), Some(2)));
        let budget = space
            .get("policy/v1", "PodDisruptionBudget", "iris")
            .await
            .unwrap();
        assert_eq!(budget["spec"]["maxUnavailable"], 1);
        let scale = space
            .cluster
            .run(&[
                "get",
                "-n",
                &space.name,
                "am/iris",
                "--subresource=scale",
                "-o",
                "json",
            ])
            .await;
        let scale: Value = serde_json::from_str(&scale).unwrap();
        assert_eq!(
            (&scale["spec"]["replicas"], &scale["status"]["replicas"]),
            (&json!(2), &json!(2))
        );
    });
}

#[test]
fn pods_hold_no_token_and_write_nowhere_but_where_they_must() {
    in_a_namespace(async |space| {
        space.iris_data("iris").await;
        space.apply(&Manifest::iris("iris")).await;
        space.serves("iris", 1).await;
        let pods = space.list("v1", "Pod").await;
        assert!(pods.len() >= 2, "one that fitted and one that serves");
        for pod in pods {
            let spec = &pod["spec"];
            assert_eq!(spec["automountServiceAccountToken"], false);
            assert!(!spec["volumes"].to_string().contains("serviceAccountToken"));
            assert_eq!(
                spec["containers"][0]["securityContext"]["readOnlyRootFilesystem"],
                true
            );
            assert_eq!(spec["containers"][0]["name"], "auriga");
        }
    });
}
