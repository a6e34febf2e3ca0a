//! What stays of versions and of fits, and what is left when a Model goes.

use auriga_e2e::{IRIS_ROW, Manifest, Space, in_a_namespace};
use kube::ResourceExt as _;
use serde_json::{Value, json};

/// What `/list` of a Model says.
async fn versions(space: &Space, model: &str) -> Vec<i64> {
    let listed = space.answers(model, "/list", 10).await.json();
    let models = listed["models"].as_array().cloned().unwrap_or_default();
    models.iter().filter_map(|one| one["version"].as_i64()).collect()
}

#[test]
fn history_limit_keeps_the_newest_version_the_active_one_and_the_one_before() {
    in_a_namespace(async |space| {
        space.iris_data("iris").await;
        let iris = |c: f64| Manifest::iris("iris").c(c).with("/spec/historyLimit", 1);
        for (version, c) in (1..).zip([0.3, 0.2, 0.1, 0.05]) {
            space.apply(&iris(c)).await;
            space.serves("iris", version).await;
        }
        assert_eq!(versions(space, "iris").await, [2, 3, 4]);
    });
}

#[test]
fn three_fits_that_went_well_are_kept() {
    in_a_namespace(async |space| {
        space.iris_data("iris").await;
        space.apply(&Manifest::iris("iris")).await;
        space.serves("iris", 1).await;
        for at in ["a", "b", "c", "d"] {
            let before = newest(space).await;
            space.refit("iris", at).await;
            let job = auriga_e2e::eventually("another TrainingJob", async || {
                Some(newest(space).await).filter(|job| *job != before)
            })
            .await;
            space.ended(&job).await;
        }
        auriga_e2e::eventually("three TrainingJobs are left", async || {
            (space.training_jobs().await.len() == 3).then_some(())
        })
        .await;
        auriga_e2e::eventually("their Jobs alone are left", async || {
            (space.list("batch/v1", "Job").await.len() == 3).then_some(())
        })
        .await;
    });
}

async fn newest(space: &Space) -> String {
    space
        .training_jobs()
        .await
        .last()
        .map(|job| job.name_any())
        .unwrap_or_default()
}

#[test]
fn a_training_job_made_by_hand_fits_once_and_waits_while_it_is_suspended() {
    in_a_namespace(async |space| {
        space.iris_data("iris").await;
        space
            .apply(&Manifest::iris("iris").with("/spec/suspend", true))
            .await;
        let job = |suspend: bool| {
            json!({
                "apiVersion": "auriga.dev/v1alpha1",
                "kind": "TrainingJob",
                "metadata": { "name": "by-hand" },
                "spec": { "modelRef": { "name": "iris" }, "suspend": suspend },
            })
        };
        space.apply_object(&job(true)).await;
        auriga_e2e::eventually("it is suspended", async || {
            let jobs = space.training_jobs().await;
            let state = jobs.first()?.status.as_ref()?.state.clone();
            (state.as_deref() == Some("Suspended")).then_some(())
        })
        .await;
        assert!(space.list("v1", "Pod").await.is_empty(), "nothing runs");
        space.apply_object(&job(false)).await;
        let ended = space.ended("by-hand").await;
        assert_eq!(ended.status.unwrap().result.unwrap().version, Some(1));
    });
}

#[test]
fn a_deleted_model_leaves_its_claim_alone_behind_and_finds_its_versions_again() {
    in_a_namespace(async |space| {
        space.iris_data("iris").await;
        space.apply(&Manifest::iris("iris")).await;
        space.serves("iris", 1).await;
        space.remove("auriga.dev/v1alpha1", "Model", "iris").await;
        // At once: what belonged to the old one may still be there.
        space.apply(&Manifest::iris("iris")).await;
        space.serves("iris", 1).await;
        assert_eq!(space.answers("iris", IRIS_ROW, 10).await.version, Some(1));

        space.remove("auriga.dev/v1alpha1", "Model", "iris").await;
        let kinds = [
            ("auriga.dev/v1alpha1", "Model"),
            ("auriga.dev/v1alpha1", "TrainingJob"),
            ("apps/v1", "Deployment"),
            ("apps/v1", "ReplicaSet"),
            ("batch/v1", "Job"),
            ("v1", "Service"),
            ("v1", "Pod"),
            ("policy/v1", "PodDisruptionBudget"),
        ];
        for (version, kind) in kinds {
            let what = format!("every {kind} is gone");
            auriga_e2e::eventually(&what, async || {
                space.list(version, kind).await.is_empty().then_some(())
            })
            .await;
        }
        auriga_e2e::eventually("its ConfigMaps are gone", async || {
            let maps = space.list("v1", "ConfigMap").await;
            let names: Vec<&str> = maps
                .iter()
                .filter_map(|map| map["metadata"]["name"].as_str())
                .collect();
            (names == ["iris", "kube-root-ca.crt"]).then_some(())
        })
        .await;
        assert!(space.get("v1", "PersistentVolumeClaim", "iris").await.is_some());
    });
}

#[test]
fn with_the_deletion_policy_delete_the_versions_go_with_the_model() {
    in_a_namespace(async |space| {
        space.postgres().await;
        space.rows("iris", &auriga_e2e::iris_rows()).await;
        let iris = Manifest::iris("iris")
            .on_postgres()
            .with("/spec/deletionPolicy", "Delete");
        space.apply(&iris).await;
        space.serves("iris", 1).await;
        space.remove("auriga.dev/v1alpha1", "Model", "iris").await;
        space.gone("auriga.dev/v1alpha1", "Model", "iris").await;
        let listed = space
            .auriga(&[
                "list",
                "--persister",
                "postgres://postgres/auriga",
                "--output",
                "json",
            ])
            .await;
        let left: Vec<&Value> = listed["models"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|model| model["versions"].as_array().unwrap())
            .collect();
        assert!(left.is_empty(), "{listed}");
    });
}

#[test]
fn a_namespace_goes_even_if_it_holds_a_model_whose_versions_are_to_be_deleted() {
    in_a_namespace(async |space| {
        let doomed = space.another().await;
        doomed.iris_data("iris").await;
        doomed
            .apply(&Manifest::iris("iris").with("/spec/deletionPolicy", "Delete"))
            .await;
        doomed.serves("iris", 1).await;
        let name = doomed.name.clone();
        doomed.delete().await;
        auriga_e2e::eventually("the namespace is gone", async || {
            space
                .cluster
                .get(None, "v1", "Namespace", &name)
                .await
                .is_none()
                .then_some(())
        })
        .await;
    });
}
