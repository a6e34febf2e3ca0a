//! What the API server takes, and how it describes it.

use auriga_e2e::{Cluster, Space, in_a_namespace, on_the_cluster};

const CLUSTER_EXAMPLES: [&str; 2] = ["examples/iris/cluster", "examples/iris/cluster/postgres"];

fn laptop_examples() -> Vec<String> {
    let folders = std::fs::read_dir(Cluster::root().join("examples")).unwrap();
    let manifests = folders.map(|folder| folder.unwrap().path().join("model.yaml"));
    manifests.map(|path| path.to_str().unwrap().to_owned()).collect()
}

#[test]
fn every_example_is_taken_without_a_warning() {
    in_a_namespace(async |space| {
        let laptop = laptop_examples();
        assert!(laptop.len() >= 4, "{laptop:?}");
        let laptop = laptop.iter().map(|path| ("-f", path.as_str()));
        let cluster = CLUSTER_EXAMPLES.iter().map(|folder| ("-k", *folder));
        for (flag, path) in laptop.chain(cluster) {
            let apply = ["apply", "--dry-run=server", "-n", &space.name, flag, path];
            let printed = space.cluster.run(&apply).await;
            assert!(!printed.contains("Warning"), "{path}: {printed}");
        }
    });
}

#[test]
fn nothing_differs_from_an_example_that_was_applied() {
    in_a_namespace(async |space| {
        for folder in CLUSTER_EXAMPLES {
            apply(space, folder).await;
            let (same, printed) = space
                .cluster
                .try_run(&["diff", "-n", &space.name, "-k", folder])
                .await;
            assert!(same && printed.is_empty(), "{folder}: {printed}");
        }
    });
}

async fn apply(space: &Space, folder: &str) {
    space
        .cluster
        .run(&["apply", "-n", &space.name, "-k", folder])
        .await;
}

#[test]
fn every_field_is_explained() {
    on_the_cluster(async |cluster| {
        for kind in ["models.auriga.dev", "trainingjobs.auriga.dev"] {
            let printed = cluster
                .run(&["explain", &format!("{kind}.spec"), "--recursive"])
                .await;
            assert!(
                printed.contains("DESCRIPTION") && !printed.contains("<empty>"),
                "{kind}: {printed}"
            );
            let schema = cluster
                .get(None, "apiextensions.k8s.io/v1", "CustomResourceDefinition", kind)
                .await
                .unwrap();
            let root = &schema["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
            let mut silent = Vec::new();
            undescribed(root, kind, &mut silent);
            assert!(silent.is_empty(), "without a description: {silent:#?}");
        }
    });
}

/// Paths of fields without a description; what stands in maps and lists is described by the field itself.
fn undescribed(schema: &serde_json::Value, path: &str, found: &mut Vec<String>) {
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        let is_known_to_all = ["apiVersion", "kind", "metadata"].contains(&name.as_str());
        if !is_known_to_all && field["description"].as_str().is_none_or(str::is_empty) {
            found.push(path.clone());
        }
        undescribed(field, &path, found);
    }
    for inner in [&schema["items"], &schema["additionalProperties"]] {
        if inner.is_object() {
            undescribed(inner, path, found);
        }
    }
}
