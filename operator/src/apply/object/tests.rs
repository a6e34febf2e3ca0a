//! Whose an object is.

use serde_json::json;

use super::*;

fn child(owner: &str, uid: &str, more: Value) -> Value {
    let mut child = json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "iris",
            "ownerReferences": [{ "kind": "Model", "name": owner, "uid": uid, "controller": true }],
        },
    });
    json_patch::merge(&mut child, &more);
    child
}

/// A client that is never asked for anything.
fn client() -> Client {
    let nobody = tower::service_fn(|_: hyper::Request<kube::client::Body>| async {
        Err::<hyper::Response<kube::client::Body>, _>(std::io::Error::other("nobody listens"))
    });
    Client::new(nobody, "default")
}

async fn check(wanted: Value, live: Value, expected: Standing) {
    let client = client();
    let object = Object::of(&client, "default", &wanted).unwrap();
    assert_eq!(object.standing(&live), expected, "{live}");
}

#[tokio::test]
async fn an_object_with_our_owner_is_ours_whatever_its_labels_say() {
    let wanted = child("iris", "1", json!({ "metadata": { "labels": { "a": "b" } } }));
    check(wanted.clone(), child("iris", "1", json!({})), Standing::Ours).await;
    let ending = json!({ "metadata": { "deletionTimestamp": "2026-11-22T10:00:00Z" } });
    check(wanted, child("iris", "1", ending), Standing::OnItsWayOut).await;
}

#[tokio::test]
async fn an_object_of_a_deleted_owner_of_the_same_name_goes_by_itself() {
    let wanted = child("iris", "2", json!({}));
    check(
        wanted.clone(),
        child("iris", "1", json!({})),
        Standing::OnItsWayOut,
    )
    .await;
    check(wanted, child("wine", "1", json!({})), Standing::Foreign).await;
}

#[tokio::test]
async fn an_object_that_somebody_else_made_is_foreign_even_with_our_labels() {
    let labels = json!({ "metadata": { "labels": { "app.kubernetes.io/managed-by": "auriga" } } });
    let wanted = child("iris", "1", labels.clone());
    let mut live = json!({ "kind": "Service", "metadata": { "name": "iris" } });
    json_patch::merge(&mut live, &labels);
    check(wanted, live, Standing::Foreign).await;
}

#[tokio::test]
async fn what_has_no_owner_is_told_by_all_its_labels() {
    let labeled = |uid: &str| json!({ "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": "a", "labels": { "auriga.dev/model-uid": uid } } });
    check(labeled("1"), labeled("1"), Standing::Ours).await;
    check(labeled("1"), labeled("2"), Standing::Foreign).await;
    let bare = json!({ "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": "a" } });
    check(bare.clone(), bare, Standing::Foreign).await;
}

#[tokio::test]
async fn equal_objects_have_equal_stamps_and_a_field_less_is_another() {
    let (client, full, less) = (
        client(),
        child("iris", "1", json!({ "spec": { "a": 1 } })),
        child("iris", "1", json!({})),
    );
    let stamp = |value: &Value| Object::of(&client, "default", value).unwrap().stamped();
    assert_eq!(stamp(&full), stamp(&full.clone()));
    assert_ne!(stamp(&full).1, stamp(&less).1);
    let (stamped, hash) = stamp(&less);
    assert_eq!(stamped["metadata"]["annotations"]["auriga.dev/applied"], hash);
}

#[tokio::test]
async fn what_is_no_object_is_an_error_that_names_it() {
    let client = client();
    let error = Object::of(&client, "default", &json!({ "kind": "Job", "metadata": {} })).err();
    assert!(
        error
            .unwrap()
            .to_string()
            .starts_with("cannot write Job ?: missing field")
    );
}
