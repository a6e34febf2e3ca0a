//! Many pods on one PostgreSQL: one store for two namespaces, a store that is away or another one.

use auriga_crds::ConditionStatus;
use auriga_e2e::{IRIS_ROW, Load, Manifest, Running, Space, in_a_namespace, iris_rows};
use serde_json::json;

/// The iris Model on a PostgreSQL of its own, with version 1 answering from two pods.
pub(crate) async fn two_replicas(space: &Space) {
    space.postgres().await;
    space.rows("iris", &iris_rows()).await;
    space.apply(&Manifest::iris("iris").on_postgres()).await;
    space.serves("iris", 1).await;
    space.answers_with("iris", 1, IRIS_ROW).await;
}

/// A hundred requests per second with and without kept connections, half each.
pub(crate) async fn clients(space: &Space) -> [Running; 2] {
    let address = space.address("iris").await;
    [true, false].map(|keep_alive| {
        let load = Load {
            address,
            path: IRIS_ROW.to_owned(),
            rate: 50,
            clients: 5,
            keep_alive,
        };
        load.start()
    })
}

/// The iris Model, fitted with another `c` for each number.
pub(crate) fn iris(number: i64) -> Manifest {
    Manifest::iris("iris").on_postgres().c(0.3 + 0.01 * number as f64)
}

#[test]
fn a_model_that_moves_to_another_store_is_fitted_there_while_its_old_pods_answer() {
    in_a_namespace(async |space| {
        space.iris_data("iris").await;
        space.apply(&Manifest::iris("iris")).await;
        space.serves("iris", 1).await;
        space.apply(&Manifest::iris("iris").c(0.5)).await;
        space.serves("iris", 2).await;
        space.postgres().await;
        space.apply(&iris(2)).await;
        // Its number is lower, since it is the first one there.
        space.serves("iris", 1).await;
        space.answers_with("iris", 1, IRIS_ROW).await;
        let versions: Vec<i64> = space.ledger("iris").await.iter().map(|row| row.version).collect();
        assert_eq!(versions, [1]);
        assert_eq!(space.model("iris").await.status.unwrap().ready_replicas, Some(2));
    });
}

#[test]
fn two_models_of_one_name_in_two_namespaces_share_a_store_and_keep_apart() {
    in_a_namespace(async |space| {
        two_replicas(space).await;
        let other = space.another().await;
        other.apply_file("tests/cluster/postgres.yaml").await;
        other.scale_postgres(0).await;
        other.rows("iris", &iris_rows()).await;
        let uri = format!("postgres://postgres.{}/auriga", space.name);
        let there = |c: f64| {
            Manifest::iris("iris")
                .on_postgres()
                .c(c)
                .with("/spec/persister/uri", uri.as_str())
        };
        other.apply(&there(0.1)).await;
        other.serves("iris", 1).await;
        other.apply(&there(0.2)).await;
        other.serves("iris", 2).await;
        space.serves("iris", 1).await;
        assert_eq!(space.answers("iris", IRIS_ROW, 1).await.version, Some(1));
        assert_eq!(space.ledger("iris").await.len(), 1);
        other.delete().await;
    });
}

#[test]
fn a_store_that_is_away_stops_no_answer_and_a_fit_waits_for_it() {
    in_a_namespace(async |space| {
        space.lasting_postgres().await;
        space.rows("iris", &iris_rows()).await;
        space.apply(&iris(1).with("/spec/replicas", 1)).await;
        space.serves("iris", 1).await;
        space.answers_with("iris", 1, IRIS_ROW).await;
        let clients = clients(space).await;

        space.scale_postgres(0).await;
        space.apply(&iris(2).with("/spec/replicas", 1)).await;
        auriga_e2e::eventually("a fit has begun", async || {
            space.training_jobs().await.into_iter().nth(1)
        })
        .await;
        assert_eq!(space.answers("iris", IRIS_ROW, 5).await.version, Some(1));
        for running in clients {
            let sent = running.stop().await;
            assert!(!sent.is_empty());
            assert!(
                sent.iter()
                    .all(|one| one.answer.as_ref().is_ok_and(|answer| answer.version == Some(1)))
            );
        }
        // A program that is started anew finds what it has read before.
        let pod = space.serving_pods("iris").await.remove(0);
        space.kill(&pod).await;
        assert_eq!(space.answers("iris", IRIS_ROW, 30).await.version, Some(1));

        space.scale_postgres(1).await;
        space.serves("iris", 2).await;
    });
}

#[test]
fn a_version_whose_bytes_were_altered_never_answers() {
    in_a_namespace(async |space| {
        two_replicas(space).await;
        space.apply(&iris(2)).await;
        space.serves("iris", 2).await;
        space.damage_version(1).await;
        let pinned = json!({ "policy": "Pinned", "version": 1 });
        space
            .apply(
                &iris(2)
                    .with("/spec/activation", pinned)
                    .with("/spec/serving/serviceMetadata", json!({ "a": "b" })),
            )
            .await;
        let words = space
            .says(
                "iris",
                "CandidateRejected",
                ConditionStatus::True,
                "DigestMismatch",
                30,
            )
            .await;
        assert!(words.contains("ersion 1"), "{words}");
        assert_eq!(space.answers("iris", IRIS_ROW, 1).await.version, Some(2));
    });
}
