//! From the first manifest to the last deletion, as a user sees it.

use auriga_crds::ConditionStatus;
use auriga_e2e::{IRIS_ROW, Load, Manifest, Space, in_a_namespace, iris_rows, reason};
use serde_json::json;

#[test]
fn iris_is_ready_within_a_minute_of_its_apply_and_answers_a_pod() {
    in_a_namespace(async |space| {
        let in_space = async |arguments: &[&str]| {
            let arguments: Vec<&str> = ["-n", &space.name].iter().chain(arguments).copied().collect();
            space.cluster.run(&arguments).await
        };
        in_space(&["apply", "-k", "examples/iris/cluster"]).await;
        in_space(&["wait", "--for=condition=Ready", "am/iris", "--timeout=60s"]).await;

        let answer = space.ask_from_a_pod(&format!("http://iris{IRIS_ROW}")).await;
        assert_eq!(answer["result"], "Iris-versicolor", "{answer}");
        assert_eq!(answer["metadata"]["model_version"], 1, "{answer}");

        check_table(
            &in_space(&["get", "am"]).await,
            &[
                "NAME",
                "READY",
                "REASON",
                "ACTIVE",
                "CANDIDATE",
                "PROGRESS",
                "URL",
                "AGE",
            ],
            &["iris", "True", "Active", "1"],
        );
        check_table(
            &in_space(&["get", "atj"]).await,
            &["NAME", "STATE", "PROGRESS", "ETA", "SCORE", "VERSION", "AGE"],
            &["Complete", "0.96", "1"],
        );
        in_space(&[
            "wait",
            "--for=jsonpath={.status.activeVersion}=1",
            "am/iris",
            "--timeout=1s",
        ])
        .await;
        assert_eq!(in_space(&["diff", "-k", "examples/iris/cluster"]).await, "");
        assert!(
            in_space(&["get", "auriga"])
                .await
                .contains("model.auriga.dev/iris"),
            "the category has it"
        );
    });
}

/// The first line has the columns, and the second one these words, in this order.
fn check_table(printed: &str, columns: &[&str], words: &[&str]) {
    let lines: Vec<Vec<&str>> = printed
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(lines[0], columns, "{printed}");
    let mut rest = lines[1].iter();
    for word in words {
        assert!(
            rest.any(|other| other == word),
            "no {word} in its place: {printed}"
        );
    }
}

#[test]
fn an_edit_of_the_estimator_makes_version_2_while_version_1_answers_and_pinned_goes_back() {
    in_a_namespace(async |space| {
        let load = serving_under_load(space).await;
        space.apply(&Manifest::iris("iris").c(0.1)).await;
        let model = space.serves("iris", 2).await;
        let status = model.status.unwrap();
        assert_eq!(
            (status.previous_version, status.latest_version),
            (Some(1), Some(2))
        );
        assert_eq!(
            status.versions.iter().map(|one| one.version).collect::<Vec<_>>(),
            [2, 1]
        );

        let pinned = json!({ "policy": "Pinned", "version": 1 });
        space
            .apply(&Manifest::iris("iris").c(0.1).with("/spec/activation", pinned))
            .await;
        let model = space.serves("iris", 1).await;
        assert_eq!(
            reason(&model.status.unwrap().conditions, "Ready", ConditionStatus::True),
            Some("Pinned")
        );
        assert_eq!(space.training_jobs().await.len(), 2, "a rollback fits nothing");

        let sent = load.stop().await;
        let failed: Vec<_> = sent
            .iter()
            .filter(|one| one.answer.as_ref().is_ok_and(|it| it.code != 200) || one.answer.is_err())
            .collect();
        assert!(
            failed.is_empty(),
            "{} of {} failed: {:#?}",
            failed.len(),
            sent.len(),
            failed.first()
        );
        let versions: Vec<i64> = sent
            .iter()
            .filter_map(|one| one.answer.as_ref().ok()?.version)
            .collect();
        assert!(
            versions.contains(&1) && versions.contains(&2),
            "both have answered"
        );
    });
}

async fn serving_under_load(space: &Space) -> auriga_e2e::Running {
    space.iris_data("iris").await;
    space.apply(&Manifest::iris("iris")).await;
    space.serves("iris", 1).await;
    let load = Load {
        address: space.address("iris").await,
        path: IRIS_ROW.to_owned(),
        rate: 20,
        clients: 2,
        keep_alive: false,
    };
    load.start()
}

#[test]
fn a_refit_of_what_has_not_changed_finds_the_version_that_is_there() {
    in_a_namespace(async |space| {
        space.iris_data("iris").await;
        space.apply(&Manifest::iris("iris")).await;
        space.serves("iris", 1).await;
        space.refit("iris", "2026-01-31T12:00:00Z").await;
        let second = auriga_e2e::eventually("a second TrainingJob", async || {
            space.training_jobs().await.into_iter().nth(1)
        })
        .await;
        let ended = space.ended(&second.metadata.name.unwrap()).await;
        assert_eq!(ended.status.unwrap().result.unwrap().version, Some(1));
        space.serves("iris", 1).await;
    });
}

#[test]
fn new_rows_in_the_config_map_make_a_new_version() {
    in_a_namespace(async |space| {
        space.iris_data("iris").await;
        space.apply(&Manifest::iris("iris")).await;
        space.serves("iris", 1).await;
        let rows = iris_rows();
        space.rows("iris", rows.split_once('\n').unwrap().1).await;
        space.serves("iris", 2).await;
    });
}

#[test]
fn a_new_version_waits_for_approval_where_the_policy_is_manual() {
    in_a_namespace(async |space| {
        space.iris_data("iris").await;
        let manual = |c: f64, version: Option<i64>| {
            let activation = match version {
                Some(version) => json!({ "policy": "Manual", "version": version }),
                None => json!({ "policy": "Manual" }),
            };
            Manifest::iris("iris").c(c).with("/spec/activation", activation)
        };
        space.apply(&manual(0.3, None)).await;
        let waits = |model: &auriga_crds::Model, version: i64| {
            let status = model.status.clone().unwrap_or_default();
            status.candidate.is_some_and(|candidate| {
                candidate.version == Some(version) && candidate.reason.as_deref() == Some("AwaitingApproval")
            })
        };
        space
            .until_model("iris", 60, "version 1 waits for approval", |model| {
                waits(model, 1)
            })
            .await;
        assert_ne!(
            space.ask("iris", IRIS_ROW).await.map(|answer| answer.code),
            Ok(200)
        );

        space.apply(&manual(0.3, Some(1))).await;
        space.serves("iris", 1).await;

        space.apply(&manual(0.1, Some(1))).await;
        let model = space
            .until_model("iris", 60, "version 2 waits for approval", |model| {
                waits(model, 2)
            })
            .await;
        let status = model.status.unwrap();
        assert_eq!(status.active_version, Some(1));
        assert_eq!(
            reason(&status.conditions, "Ready", ConditionStatus::True),
            Some("AwaitingApproval")
        );
        assert_eq!(space.answers("iris", IRIS_ROW, 1).await.version, Some(1));

        space.apply(&manual(0.1, Some(2))).await;
        space.serves("iris", 2).await;
        assert_eq!(space.answers("iris", IRIS_ROW, 5).await.version, Some(2));
    });
}

#[test]
fn suspend_pauses_fits_and_rollouts_and_serving_goes_on() {
    in_a_namespace(async |space| {
        space.iris_data("iris").await;
        space.apply(&Manifest::iris("iris")).await;
        space.serves("iris", 1).await;
        let suspended = Manifest::iris("iris").c(0.1).with("/spec/suspend", true);
        space.apply(&suspended).await;
        space
            .says("iris", "Suspended", ConditionStatus::True, "Suspended", 10)
            .await;
        assert_eq!(space.answers("iris", IRIS_ROW, 1).await.version, Some(1));
        assert_eq!(space.training_jobs().await.len(), 1, "nothing is fitted");
        space.apply(&suspended.with("/spec/suspend", false)).await;
        space.serves("iris", 2).await;
    });
}
