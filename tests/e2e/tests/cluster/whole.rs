//! What needs the cluster alone: it changes the operator itself, or measures.
//!
//! Tests run in the order of their names; these come last, since one that waits for the cluster lets no other begin.

use auriga_crds::ConditionStatus;
use auriga_e2e::{IRIS_ROW, Manifest, alone, assert_only_active_versions_answered, assert_rate};
use serde_json::json;

use crate::{
    bad_input::{KUBELET, names},
    postgres::{clients, iris, two_replicas},
};

#[test]
fn no_request_fails_and_only_active_versions_answer_whatever_changes() {
    // Alone, since it restarts the operator, and a machine that does something else holds up requests as well.
    alone(async |space| {
        two_replicas(space).await;
        let clients = clients(space).await;

        for version in 2..=11 {
            space.apply(&iris(version)).await;
            space.serves("iris", version).await;
        }

        let rolled_back = json!({ "policy": "Pinned", "version": 10 });
        space.apply(&iris(11).with("/spec/activation", rolled_back)).await;
        space.serves("iris", 10).await;

        space.apply(&iris(11)).await;
        space.serves("iris", 11).await;
        let misfit =
            json!([{ "path": "/predict", "mapping": [{ "name": "a", "type": "float", "column": "b" }] }]);
        space
            .apply(&iris(12).with("/spec/serving/entryPoints", misfit))
            .await;
        space
            .says(
                "iris",
                "CandidateRejected",
                ConditionStatus::True,
                "InvalidSpec",
                30,
            )
            .await;
        space.apply(&iris(12)).await;
        space.serves("iris", 12).await;

        space
            .apply(&iris(13).with("/spec/activation", json!({ "policy": "Manual" })))
            .await;
        space
            .says("iris", "Ready", ConditionStatus::True, "AwaitingApproval", 60)
            .await;
        let approved = json!({ "policy": "Manual", "version": 13 });
        space.apply(&iris(13).with("/spec/activation", approved)).await;
        space.serves("iris", 13).await;

        space.restart_operator().await;
        space.apply(&iris(13)).await;
        space.serves("iris", 13).await;

        let metadata = json!({ "service_name": "flowers" });
        space
            .apply(&iris(13).with("/spec/serving/serviceMetadata", metadata))
            .await;
        auriga_e2e::eventually("the new settings answer", async || {
            let answer = space.ask("iris", IRIS_ROW).await.ok()?.json();
            (answer["metadata"]["service_name"] == "flowers").then_some(())
        })
        .await;
        space.serves("iris", 13).await;

        let mut sent = Vec::new();
        for running in clients {
            sent.extend(running.stop().await);
        }
        let ledger = space.ledger("iris").await;
        assert_rate(&sent, 100);
        assert_only_active_versions_answered(&sent, &ledger);
        let activated: Vec<i64> = ledger.iter().map(|row| row.version).collect();
        let expected: Vec<i64> = (1..=11).chain([10, 11, 12, 13]).collect();
        assert_eq!(activated, expected);
    });
}

#[test]
fn an_image_that_cannot_be_had_is_told_and_fits_go_on_once_it_can() {
    alone(async |space| {
        space.iris_data("iris").await;
        space.operator_image("docker.io/auriga/no-such-image:1").await;
        space.apply(&Manifest::iris("iris")).await;
        let words = space.complains("iris", "ImagePullFailed", KUBELET).await;
        names(&words, &["docker.io/auriga/no-such-image:1", "--image"]);
        space.operator_image("docker.io/auriga/auriga:dev").await;
        // A Job's pods keep the image that it was made with; an edit makes the fit anew.
        space
            .apply(&Manifest::iris("iris").with("/spec/pod/labels", json!({ "team": "flowers" })))
            .await;
        space.ready_within("iris", 150).await;
    });
}

#[test]
fn an_operator_of_one_namespace_needs_no_rights_elsewhere_and_sees_nothing_there() {
    alone(async |space| {
        let elsewhere = space.another().await;
        elsewhere.iris_data("iris").await;
        elsewhere.apply(&Manifest::iris("iris")).await;
        elsewhere.serves("iris", 1).await;
        space.iris_data("iris").await;
        space
            .with_its_own_operator(async || {
                elsewhere.apply(&Manifest::iris("iris").c(0.5)).await;
                space.apply(&Manifest::iris("iris")).await;
                space.serves("iris", 1).await;
                assert_eq!(space.answers("iris", IRIS_ROW, 1).await.version, Some(1));
                space.apply(&Manifest::iris("iris").c(0.5)).await;
                space.serves("iris", 2).await;
                assert_eq!(elsewhere.training_jobs().await.len(), 1);
            })
            .await;
        elsewhere.serves("iris", 2).await;
        elsewhere.delete().await;
    });
}
