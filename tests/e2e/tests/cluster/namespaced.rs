//! An operator for one namespace alone, which has a Role in place of a ClusterRole.

use auriga_e2e::{IRIS_ROW, Manifest, alone};

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
