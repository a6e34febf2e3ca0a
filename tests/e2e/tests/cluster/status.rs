//! What a status says is derived, and can be derived again; what came of a fit is a record.

use auriga_e2e::{Manifest, in_a_namespace};
use kube::{
    ResourceExt as _,
    api::{Patch, PatchParams},
};
use serde_json::json;

#[test]
fn a_status_that_was_wiped_is_rebuilt_the_same_within_ten_seconds() {
    in_a_namespace(async |space| {
        space.iris_data("iris").await;
        space.apply(&Manifest::iris("iris")).await;
        space.serves("iris", 1).await;
        space.apply(&Manifest::iris("iris").c(0.1)).await;
        space.serves("iris", 2).await;
        let essence = |model: &auriga_crds::Model| {
            let mut status = model.status.clone().unwrap_or_default();
            for condition in &mut status.conditions {
                condition.last_transition_time.clear();
            }
            status
        };
        let before = essence(&space.model("iris").await);
        let models = space.typed::<auriga_crds::Model>();
        let fields: serde_json::Map<_, _> = serde_json::to_value(&before)
            .unwrap()
            .as_object()
            .unwrap()
            .keys()
            .map(|key| (key.clone(), json!(null)))
            .collect();
        let wiped = models
            .patch_status(
                "iris",
                &PatchParams::default(),
                &Patch::Merge(json!({ "status": fields })),
            )
            .await
            .unwrap();
        assert_eq!(
            wiped.status.unwrap_or_default().active_version,
            None,
            "it is wiped"
        );
        let same = |model: &auriga_crds::Model| essence(model) == before;
        space
            .until_model("iris", 10, "its status is what it was", same)
            .await;
        assert_eq!(space.training_jobs().await.len(), 2, "nothing was fitted again");
    });
}

#[test]
fn a_training_job_whose_result_was_wiped_does_not_run_again() {
    in_a_namespace(async |space| {
        space.iris_data("iris").await;
        space.apply(&Manifest::iris("iris")).await;
        space.serves("iris", 1).await;
        let job = space.training_jobs().await.remove(0);
        let name = job.name_any();
        let jobs = space.typed::<auriga_crds::TrainingJob>();
        let pods = async || {
            let pods = space.list("v1", "Pod").await;
            let fits = pods.iter().filter(|pod| {
                pod.pointer("/metadata/labels/app.kubernetes.io~1component") == Some(&json!("fit"))
            });
            fits.map(|pod| pod["metadata"]["uid"].clone()).collect::<Vec<_>>()
        };
        let before = pods().await;
        let nothing =
            json!({ "status": { "conditions": [], "state": null, "completionTime": null, "result": null } });
        jobs.patch_status(&name, &PatchParams::default(), &Patch::Merge(nothing))
            .await
            .unwrap();
        let again = space.ended(&name).await;
        assert_eq!(again.status.unwrap().result, job.status.unwrap().result);
        assert_eq!(pods().await, before, "no other pod has run");
        space.serves("iris", 1).await;
    });
}

#[test]
fn the_result_of_a_training_job_stays_when_its_job_and_pods_are_deleted() {
    in_a_namespace(async |space| {
        space.iris_data("iris").await;
        space.apply(&Manifest::iris("iris")).await;
        space.serves("iris", 1).await;
        let before = space.training_jobs().await.remove(0);
        for job in space.list("batch/v1", "Job").await {
            let name = job["metadata"]["name"].as_str().unwrap();
            space.remove("batch/v1", "Job", name).await;
            space.gone("batch/v1", "Job", name).await;
        }
        // A later change is carried out with the record still there.
        space.apply(&Manifest::iris("iris").c(0.1)).await;
        space.serves("iris", 2).await;
        let after = space.training_jobs().await.remove(0);
        assert_eq!(
            (after.name_any(), after.status),
            (before.name_any(), before.status)
        );
        assert_eq!(
            space.list("batch/v1", "Job").await.len(),
            1,
            "the fit that was over did not run again"
        );
    });
}
