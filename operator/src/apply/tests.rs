//! Carries plans out against an API server in memory, which can lose answers and refuse what it is told to.

mod server;

use auriga_crds::Model;
use serde_json::{Value, json};
use server::{Fault, Server};

use super::*;
use crate::{alive::Via, lease::Leading, settings::Settings};

fn owner() -> Model {
    let owner = json!({
        "apiVersion": "auriga.dev/v1alpha1",
        "kind": "Model",
        "metadata": { "name": "iris", "namespace": "default", "uid": "1", "generation": 1 },
        "spec": {
            "dataset": { "train": { "csv": { "path": "iris.csv" } }, "target": "species" },
            "estimator": { "ridge": {} },
        },
    });
    serde_json::from_value(owner).unwrap()
}

fn object(kind: &str, name: &str, owner_uid: &str) -> Value {
    let version = match kind {
        "Job" => "batch/v1",
        "Deployment" => "apps/v1",
        _ => "v1",
    };
    let reference = json!({
        "apiVersion": "auriga.dev/v1alpha1", "kind": "Model", "name": "iris", "uid": owner_uid, "controller": true,
    });
    json!({
        "apiVersion": version,
        "kind": kind,
        "metadata": {
            "name": name, "namespace": "default", "ownerReferences": [reference],
            "labels": { "app.kubernetes.io/managed-by": "auriga" },
        },
    })
}

fn context(server: &Server) -> Context {
    let ctx = Context::new(
        server.client(),
        Settings::default(),
        Via::PodIp,
        Leading::default(),
    );
    server.fill(&ctx.caches);
    ctx
}

async fn applied(ctx: &Context, desired: &[Desired]) -> Result<Applied, Error> {
    apply(ctx, &owner(), desired, &[]).await
}

fn reasons(applied: &Applied) -> Vec<&'static str> {
    applied
        .refusals
        .iter()
        .map(|refusal| refusal.reason.word())
        .collect()
}

#[tokio::test]
async fn a_plan_that_is_carried_out_already_asks_nothing() {
    let server = Server::default();
    let ctx = context(&server);
    let plan = [
        Desired::Create(object("ConfigMap", "iris-manifest", "1")),
        Desired::Apply(object("Service", "iris", "1")),
    ];
    applied(&ctx, &plan).await.unwrap();
    assert_eq!(
        server.writes(),
        ["POST configmaps/iris-manifest", "POST services/iris"]
    );
    let before = server.requests();
    applied(&ctx, &plan).await.unwrap();
    assert_eq!(server.requests(), before);
}

#[tokio::test]
async fn a_port_that_was_given_another_number_by_hand_is_put_back() {
    let server = Server::default();
    let ctx = context(&server);
    let mut service = object("Service", "iris", "1");
    service["spec"] = json!({ "ports": [{ "name": "http", "port": 80 }] });
    let plan = [Desired::Apply(service)];
    applied(&ctx, &plan).await.unwrap();
    server.edit(
        "services",
        "iris",
        &json!({ "spec": { "ports": [{ "name": "http", "port": 81 }] } }),
    );
    server.fill(&ctx.caches);
    server.fail("PATCH", Fault::Twice);
    let outcome = applied(&ctx, &plan).await.unwrap();
    assert!(outcome.refusals.is_empty() && !outcome.is_unfinished);
    let ports = server.get("services", "iris")["spec"]["ports"].clone();
    assert_eq!(ports, json!([{ "name": "http", "port": 80 }]));
}

#[tokio::test]
async fn a_creation_whose_answer_is_lost_makes_one_object() {
    let server = Server::default();
    let ctx = context(&server);
    let plan = [Desired::Create(object("Job", "iris-fit", "1"))];
    server.fail("POST", Fault::LoseTheAnswer);
    assert!(applied(&ctx, &plan).await.is_err());
    let again = applied(&ctx, &plan).await.unwrap();
    assert!(again.refusals.is_empty() && !again.is_unfinished);
    assert_eq!(server.count("jobs"), 1);
    let before = server.requests();
    applied(&ctx, &plan).await.unwrap();
    assert_eq!(server.requests(), before);
}

#[tokio::test]
async fn what_lost_the_label_that_watches_go_by_is_given_it_again() {
    let server = Server::default();
    let mut unlabeled = object("ConfigMap", "manifest", "1");
    unlabeled["metadata"]["labels"] = json!({ "team": "flowers" });
    server.put(unlabeled);
    let wanted = Desired::Create(object("ConfigMap", "manifest", "1"));
    let done = applied(&context(&server), &[wanted]).await.unwrap();
    assert!(done.is_whole());
    let labels = server.get("configmaps", "manifest")["metadata"]["labels"].clone();
    let expected = json!({ "app.kubernetes.io/managed-by": "auriga", "team": "flowers" });
    assert_eq!(labels, expected);
}

#[tokio::test]
async fn a_foreign_object_is_never_written_to_and_nothing_is_made_after_it() {
    for make in [Desired::Create, Desired::Apply] {
        let server = Server::default();
        server.put(
            json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "iris", "uid": "9" } }),
        );
        let ctx = context(&server);
        let plan = [
            make(object("Service", "iris", "1")),
            Desired::Create(object("Job", "iris-fit", "1")),
        ];
        let outcome = applied(&ctx, &plan).await.unwrap();
        assert_eq!(reasons(&outcome), ["NameConflict"]);
        assert_eq!(
            outcome.refusals[0].message,
            "Service iris exists and belongs to somebody else; delete it, make it anew under another name, or rename the Model"
        );
        assert!(server.get("services", "iris")["metadata"].get("labels").is_none());
        assert_eq!(server.count("jobs"), 0);
    }
}

#[tokio::test]
async fn a_right_to_read_that_is_missing_is_a_refusal_with_its_name() {
    let server = Server::default();
    let ctx = context(&server);
    let words = "cannot get resource \"services\" in API group \"\"";
    server.fail("GET", Fault::Refuse(403, words));
    let outcome = applied(&ctx, &[Desired::Apply(object("Service", "iris", "1"))])
        .await
        .unwrap();
    assert_eq!(reasons(&outcome), ["Forbidden"]);
    assert_eq!(outcome.refusals[0].message, words);
}

#[tokio::test]
async fn what_a_predecessor_left_is_waited_for() {
    let server = Server::default();
    server.put(object("Service", "iris", "0"));
    let ctx = context(&server);
    let plan = [Desired::Apply(object("Service", "iris", "1"))];
    let outcome = applied(&ctx, &plan).await.unwrap();
    assert!(outcome.is_unfinished && outcome.refusals.is_empty() && server.writes().is_empty());
    server.remove("services", "iris");
    assert!(!applied(&ctx, &plan).await.unwrap().is_unfinished);
    assert_eq!(server.writes(), ["POST services/iris"]);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_go_away_for_a_minute_is_told_with_what_holds_it() {
    let server = Server::default();
    let mut service = object("Service", "iris", "0");
    service["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    service["metadata"]["finalizers"] = json!(["example.com/lb"]);
    server.put(service);
    let ctx = context(&server);
    let plan = [Desired::Apply(object("Service", "iris", "1"))];
    assert!(applied(&ctx, &plan).await.unwrap().is_unfinished);
    tokio::time::advance(Duration::from_secs(60)).await;
    assert!(applied(&ctx, &plan).await.unwrap().is_unfinished);
    tokio::time::advance(Duration::from_secs(1)).await;
    let outcome = applied(&ctx, &plan).await.unwrap();
    assert_eq!(reasons(&outcome), ["NameConflict"]);
    assert_eq!(
        outcome.refusals[0].message,
        "Service iris is going away since 2026-01-01T00:00:00Z, and has to be gone before it can be made anew; its finalizers \
         hold it: example.com/lb; whoever has set them has to take them off"
    );
    assert!(!outcome.is_unfinished && server.writes().is_empty());
}

#[tokio::test]
async fn an_edit_by_hand_is_put_back_and_what_others_add_is_left() {
    let server = Server::default();
    let mut wanted = object("Service", "iris", "1");
    wanted["spec"] = json!({ "selector": { "slot": "v1" } });
    let plan = [Desired::Apply(wanted)];
    applied(&context(&server), &plan).await.unwrap();
    for (edit, writes) in [
        (json!({ "metadata": { "labels": { "mine": "yes" } } }), 0),
        (json!({ "spec": { "selector": { "slot": "v2" } } }), 1),
    ] {
        server.edit("services", "iris", &edit);
        let before = server.writes().len();
        applied(&context(&server), &plan).await.unwrap();
        assert_eq!(server.writes().len() - before, writes, "{edit}");
    }
    assert_eq!(server.get("services", "iris")["spec"]["selector"]["slot"], "v1");
}

#[tokio::test]
async fn a_policy_that_changes_every_write_is_not_written_against_for_ever() {
    let server = Server::default();
    server.mutate(json!({ "spec": { "type": "LoadBalancer" } }));
    let ctx = context(&server);
    let mut wanted = object("Service", "iris", "1");
    wanted["spec"] = json!({ "type": "ClusterIP" });
    let plan = [Desired::Apply(wanted)];
    for _ in 0..3 {
        applied(&ctx, &plan).await.unwrap();
    }
    assert_eq!(server.writes(), ["POST services/iris"]);
}

#[tokio::test]
async fn a_field_that_is_no_longer_wanted_is_written_once_more() {
    let server = Server::default();
    let ctx = context(&server);
    let mut more = object("Service", "iris", "1");
    more["metadata"]["annotations"] = json!({ "auriga.dev/switched-at": "now" });
    applied(&ctx, &[Desired::Apply(more)]).await.unwrap();
    let less = [Desired::Apply(object("Service", "iris", "1"))];
    applied(&ctx, &less).await.unwrap();
    applied(&ctx, &less).await.unwrap();
    assert_eq!(server.writes().len(), 2);
}

#[tokio::test]
async fn a_quota_is_a_refusal_and_a_server_in_trouble_is_an_error() {
    let server = Server::default();
    let ctx = context(&server);
    let plan = [Desired::Create(object("Job", "iris-fit", "1"))];
    let quota = "jobs.batch \"iris-fit\" is forbidden: exceeded quota: q, requested: count/jobs.batch=1";
    server.fail("POST", Fault::Refuse(403, quota));
    let outcome = applied(&ctx, &plan).await.unwrap();
    assert_eq!(reasons(&outcome), ["QuotaExceeded"]);
    assert_eq!(
        (
            outcome.refusals[0].object.as_str(),
            outcome.refusals[0].message.as_str()
        ),
        ("Job iris-fit", quota)
    );
    server.fail("POST", Fault::Refuse(500, "etcd is away"));
    assert_eq!(applied(&ctx, &plan).await.unwrap_err().label(), "api");
    // Too busy: it is tried again at once, and goes well.
    server.fail("POST", Fault::Refuse(429, "slow down"));
    assert!(applied(&ctx, &plan).await.unwrap().refusals.is_empty());
    assert_eq!(server.count("jobs"), 1);
}

#[tokio::test]
async fn a_deletion_is_of_the_very_object_that_was_read() {
    let server = Server::default();
    server.put(object("Job", "old", "1"));
    let uid = server.get("jobs", "old")["metadata"]["uid"]
        .as_str()
        .unwrap()
        .to_owned();
    let target = |uid: &str| Target {
        api_version: "batch/v1".to_owned(),
        kind: "Job".to_owned(),
        name: "old".to_owned(),
        uid: uid.to_owned(),
        as_of: None,
    };
    server.put(json!(owner()));
    let ctx = context(&server);
    apply(&ctx, &owner(), &[], &[target("another")]).await.unwrap();
    assert!(server.writes().is_empty());
    apply(&ctx, &owner(), &[], &[target(&uid)]).await.unwrap();
    assert_eq!(server.writes(), ["DELETE jobs/old"]);
    let options = server.last_body();
    assert_eq!(options["preconditions"]["uid"], uid);
    assert!(options["preconditions"]["resourceVersion"].is_string());
    assert_eq!(options["propagationPolicy"], "Background");
    apply(&ctx, &owner(), &[], &[target(&uid)]).await.unwrap();
    assert_eq!(server.writes().len(), 1);
}

#[tokio::test]
async fn nothing_is_deleted_that_has_changed_or_that_its_owner_may_want_again() {
    let server = Server::default();
    server.put(object("Job", "old", "1"));
    server.put(json!(owner()));
    let seen: k8s_openapi::api::batch::v1::Job = serde_json::from_value(server.get("jobs", "old")).unwrap();
    let target = [Target::of(&seen).unwrap()];
    let ctx = context(&server);
    server.edit("jobs", "old", &json!({ "spec": { "suspend": true } }));
    let outcome = apply(&ctx, &owner(), &[], &target).await.unwrap();
    assert!(outcome.has_changed && server.count("jobs") == 1);

    let seen: k8s_openapi::api::batch::v1::Job = serde_json::from_value(server.get("jobs", "old")).unwrap();
    let target = [Target::of(&seen).unwrap()];
    for (field, value) in [
        ("generation", json!(2)),
        ("uid", json!("another")),
        ("deletionTimestamp", json!("2026-01-01T00:00:00Z")),
    ] {
        let mut changed = json!(owner());
        changed["metadata"][field] = value;
        server.put(changed);
        let outcome = apply(&ctx, &owner(), &[], &target).await.unwrap();
        assert!(outcome.has_changed && server.count("jobs") == 1, "{field}");
    }
    server.put(json!(owner()));
    let outcome = apply(&ctx, &owner(), &[], &target).await.unwrap();
    assert!(!outcome.has_changed && server.count("jobs") == 0);
}

#[tokio::test]
async fn a_fit_begins_only_where_nothing_is_unknown_that_it_rests_on() {
    let fit = |name: &str| {
        let mut fit = object("TrainingJob", name, "1");
        fit["apiVersion"] = json!("auriga.dev/v1alpha1");
        fit["spec"] = json!({ "modelRef": { "name": "iris" } });
        fit
    };
    let server = Server::default();
    server.put(json!(owner()));
    let ctx = context(&server);
    let plan = [Desired::Create(fit("iris-2"))];
    // Another operator has begun one, and the first list was older.
    server.put(fit("iris-1"));
    assert!(applied(&ctx, &plan).await.unwrap().is_unfinished);
    assert_eq!(ctx.caches.training_jobs.all().len(), 1);
    server.edit("trainingjobs", "iris-1", &json!({ "spec": { "suspend": true } }));
    assert!(applied(&ctx, &plan).await.unwrap().is_unfinished);
    // What is asked for has changed.
    server.edit("models", "iris", &json!({ "metadata": { "generation": 2 } }));
    assert!(applied(&ctx, &plan).await.unwrap().is_unfinished && server.writes().is_empty());
    server.edit("models", "iris", &json!({ "metadata": { "generation": 1 } }));
    assert!(!applied(&ctx, &plan).await.unwrap().is_unfinished);
    assert_eq!(server.writes(), ["POST trainingjobs/iris-2"]);
    // It is there, and asked for no more.
    let requests = server.requests();
    applied(&ctx, &plan).await.unwrap();
    assert_eq!(server.requests(), requests);
}

#[tokio::test]
async fn a_mark_is_set_once_and_leaves_the_finalizers_of_others() {
    let server = Server::default();
    let mut pod = object("Pod", "iris-1", "1");
    pod["metadata"]["finalizers"] = json!(["example.com/keep"]);
    pod["spec"] = json!({ "containers": [] });
    server.put(pod);
    let uid = server.get("pods", "iris-1")["metadata"]["uid"].clone();
    let mark = |finalizers: Value| {
        Desired::Mark(json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": { "name": "iris-1", "uid": uid, "annotations": { "a": "b" }, "finalizers": finalizers },
        }))
    };
    let ctx = context(&server);
    for _ in 0..2 {
        applied(&ctx, &[mark(json!(["auriga.dev/artifacts"]))])
            .await
            .unwrap();
    }
    assert_eq!(server.writes(), ["PATCH pods/iris-1"]);
    let finalizers = || server.get("pods", "iris-1")["metadata"]["finalizers"].clone();
    assert_eq!(finalizers(), json!(["example.com/keep", "auriga.dev/artifacts"]));
    applied(&ctx, &[mark(json!([]))]).await.unwrap();
    assert_eq!(finalizers(), json!(["example.com/keep"]));
}

#[tokio::test]
async fn a_mark_makes_nothing_and_is_for_one_object_alone() {
    let server = Server::default();
    let mark = Desired::Mark(json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": "iris-1", "uid": "of another", "annotations": { "a": "b" } },
    }));
    applied(&context(&server), std::slice::from_ref(&mark))
        .await
        .unwrap();
    let mut pod = object("Pod", "iris-1", "1");
    pod["spec"] = json!({ "containers": [] });
    server.put(pod);
    applied(&context(&server), &[mark]).await.unwrap();
    assert!(server.writes().is_empty());
}

#[tokio::test]
async fn a_namespace_that_ends_is_remembered_and_holds_the_plan_up() {
    let server = Server::default();
    let ctx = context(&server);
    server.fail("POST", Fault::NamespaceEnds);
    let outcome = applied(&ctx, &[Desired::Create(object("Job", "iris-cleanup", "1"))])
        .await
        .unwrap();
    assert!(outcome.is_unfinished && outcome.refusals.is_empty());
    assert!(ctx.namespace_is_terminating("default") && !ctx.namespace_is_terminating("other"));
}

#[tokio::test]
async fn what_serves_is_looked_after_although_something_before_it_is_refused() {
    let quota = "exceeded quota: q, requested: count/jobs.batch=1";
    for (fault, expected) in [
        (Fault::Refuse(403, quota), vec!["QuotaExceeded"]),
        (Fault::NamespaceEnds, vec![]),
    ] {
        let server = Server::default();
        server.put(object("Service", "iris", "1"));
        server.put(object("Job", "old", "1"));
        let ctx = context(&server);
        server.fail("POST", fault);
        let mut service = object("Service", "iris", "1");
        service["spec"] = json!({ "selector": { "slot": "v2" } });
        let plan = [
            Desired::Create(object("Job", "iris-fit", "1")),
            Desired::Create(object("ConfigMap", "iris-manifest", "1")),
            Desired::Apply(object("Service", "iris-2", "1")),
            Desired::Apply(service),
        ];
        let old = Target {
            api_version: "batch/v1".to_owned(),
            kind: "Job".to_owned(),
            name: "old".to_owned(),
            uid: server.get("jobs", "old")["metadata"]["uid"]
                .as_str()
                .unwrap()
                .to_owned(),
            as_of: None,
        };
        let outcome = apply(&ctx, &owner(), &plan, &[old]).await.unwrap();
        assert_eq!(reasons(&outcome), expected);
        assert_eq!(server.get("services", "iris")["spec"]["selector"]["slot"], "v2");
        assert_eq!(
            (
                server.count("services"),
                server.count("configmaps"),
                server.count("jobs")
            ),
            (1, 0, 1)
        );
    }
}

#[tokio::test]
async fn all_refusals_are_told() {
    let server = Server::default();
    for name in ["one", "two"] {
        server.put(object("Service", name, "1"));
    }
    let ctx = context(&server);
    server.fail("PATCH", Fault::Refuse(403, "a policy"));
    server.fail("PATCH", Fault::Refuse(422, "is invalid"));
    let plan = ["one", "two"].map(|name| {
        let mut service = object("Service", name, "1");
        service["spec"] = json!({ "type": "ClusterIP" });
        Desired::Apply(service)
    });
    assert_eq!(
        reasons(&applied(&ctx, &plan).await.unwrap()),
        ["Forbidden", "InvalidSpec"]
    );
}
