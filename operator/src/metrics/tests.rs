//! What a scrape reads.

use super::*;
use crate::kept::Packed;

fn scraped(metrics: &Metrics) -> String {
    metrics.text().unwrap()
}

#[test]
fn looks_are_counted_by_kind_and_result() {
    let metrics = Metrics::new(&Caches::default(), &Leading::default());
    metrics.measure("Model").ended::<()>(&Ok(()), true);
    let failed: Result<(), Error> = Err(Error::Unfinished(std::time::Duration::from_secs(60)));
    metrics.measure("Model").ended(&failed, false);
    drop(metrics.measure("TrainingJob"));
    let text = scraped(&metrics);
    for line in [
        r#"controller_runtime_reconcile_total{controller="Model",result="requeue_after"} 1"#,
        r#"controller_runtime_reconcile_total{controller="Model",result="error"} 1"#,
        r#"controller_runtime_reconcile_total{controller="TrainingJob",result="canceled"} 1"#,
        r#"controller_runtime_reconcile_errors_total{controller="Model",cause="unfinished"} 1"#,
        r#"controller_runtime_reconcile_time_seconds_count{controller="Model"} 2"#,
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
    assert!(text.contains(r#"auriga_last_reconcile_age_seconds{kind="Model"}"#));
    assert!(!text.contains(r#"auriga_last_reconcile_age_seconds{kind="TrainingJob"}"#));
}

#[test]
fn what_is_told_of_a_model_goes_with_it() {
    let (caches, leading) = (Caches::default(), Leading::default());
    let metrics = Metrics::new(&caches, &leading);
    let model: auriga_crds::Model = serde_json::from_value(serde_json::json!({
        "apiVersion": "auriga.dev/v1alpha1",
        "kind": "Model",
        "metadata": { "name": "iris", "namespace": "default", "uid": "1" },
        "spec": {
            "dataset": { "train": { "csv": { "path": "iris.csv" } }, "target": "species" },
            "estimator": { "logisticRegression": {} },
        },
        "status": { "activeVersion": 7 },
    }))
    .unwrap();
    let model = Packed::of(model).unwrap();
    caches.models.put(model.clone());
    let line = r#"auriga_model_info{namespace="default",name="iris",version="7",runtime="auriga"} 1"#;
    assert!(!scraped(&metrics).contains(line), "it may be of long ago");
    leading.until(tokio::time::Instant::now() + std::time::Duration::from_secs(60));
    assert!(scraped(&metrics).contains(line), "{}", scraped(&metrics));
    caches.models.take(kube::runtime::watcher::Event::Delete(model));
    assert!(!scraped(&metrics).contains("iris"));
}

#[test]
fn every_metric_has_a_help_text() {
    let metrics = Metrics::new(&Caches::default(), &Leading::default());
    metrics.activation("activated", "Activated");
    metrics.fit(1.5);
    let text = scraped(&metrics);
    let types = text.lines().filter(|line| line.starts_with("# TYPE "));
    for line in types {
        let name = line.split(' ').nth(2).unwrap();
        assert!(text.contains(&format!("# HELP {name} ")), "{name}");
    }
    assert!(text.contains(r#"auriga_activations_total{result="activated",reason="Activated"} 1"#));
    assert!(text.contains("auriga_fit_duration_seconds_count 1"));
}

#[test]
fn the_operator_that_works_says_so() {
    let leading = Leading::default();
    let metrics = Metrics::new(&Caches::default(), &leading);
    let line = |value| format!("leader_election_master_status{{name=\"auriga-operator\"}} {value}\n");
    assert!(scraped(&metrics).contains(&line(0)));
    leading.until(tokio::time::Instant::now() + std::time::Duration::from_secs(60));
    assert!(scraped(&metrics).contains(&line(1)));
}
