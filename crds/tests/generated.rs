//! The committed definitions: fresh, described, and small enough for `kubectl apply`.

use serde_json::Value;

#[test]
fn the_committed_definitions_are_what_the_types_say() {
    let committed = std::fs::read_to_string("../manifests/crds.yaml").unwrap();
    assert_eq!(
        committed,
        auriga_crds::crds_yaml(),
        "stale; run `cargo xtask crds`"
    );
}

#[test]
fn the_yaml_reads_back_as_the_definitions() {
    let documents = auriga_crds::document::read(&auriga_crds::crds_yaml()).unwrap();
    let values: Vec<Value> = documents.into_iter().map(|document| document.value).collect();
    assert_eq!(values, auriga_crds::all_crds());
}

fn undescribed(schema: &Value, path: &str, found: &mut Vec<String>) {
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        if field["description"]
            .as_str()
            .is_none_or(|words| words.trim().is_empty())
        {
            found.push(path.clone());
        }
        undescribed(field, &path, found);
        undescribed(&field["items"], &path, found);
        undescribed(&field["additionalProperties"], &path, found);
    }
}

#[test]
fn every_field_has_a_description() {
    for crd in auriga_crds::all_crds() {
        let mut found = Vec::new();
        undescribed(
            &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"],
            "",
            &mut found,
        );
        assert_eq!(found, Vec::<String>::new());
    }
}

#[test]
fn each_definition_is_below_120_kib_as_compact_json() {
    for crd in auriga_crds::all_crds() {
        let bytes = crd.to_string().len();
        assert!(
            bytes < 120 * 1024,
            "{} has {bytes} bytes",
            crd["metadata"]["name"]
        );
    }
}

/// Integer formats that the API server knows; it warns about the others and ignores them.
#[test]
fn integers_have_formats_that_the_api_server_knows() {
    let text = auriga_crds::all_crds()[0].to_string();
    for unknown in ["uint32", "uint64", "uint8", "uint16", "\"uint\"", "int8", "int16"] {
        assert!(!text.contains(&format!("\"format\":\"{unknown}\"")), "{unknown}");
    }
}

/// The cost of CEL rules is estimated from the bounds: an unbounded text or list would make the API server refuse.
#[test]
fn every_text_list_and_map_of_the_spec_is_bounded() {
    fn unbounded(schema: &Value, path: &str, found: &mut Vec<String>) {
        let bounded = match schema["type"].as_str() {
            Some("string") => !schema["maxLength"].is_null() || !schema["enum"].is_null(),
            Some("array") => !schema["maxItems"].is_null(),
            Some("object") if schema["additionalProperties"].is_object() => {
                !schema["maxProperties"].is_null()
            }
            _ => true,
        };
        if !bounded {
            found.push(path.to_owned());
        }
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            unbounded(field, &format!("{path}.{name}"), found);
        }
        for inner in ["items", "additionalProperties"] {
            if schema[inner].is_object() {
                unbounded(&schema[inner], &format!("{path}[]"), found);
            }
        }
    }
    let crd = &auriga_crds::all_crds()[0];
    let mut found = Vec::new();
    unbounded(
        &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"],
        "spec",
        &mut found,
    );
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn the_manual_names_type_default_range_and_rule() {
    let manual = auriga_crds::describe();
    let block = manual
        .split("spec.estimator.ridge.alpha  ")
        .nth(1)
        .unwrap()
        .split("\n\n")
        .next()
        .unwrap();
    assert_eq!(
        block,
        "<number, 0 to 1000000000000, default 1.0>\n    Strength of the penalty: 0 is ordinary least squares, large values \
         draw all weights to 0."
    );
    assert!(manual.contains("    Rule: choose exactly one estimator: "));
    assert!(manual.contains("spec.transformers[].name  <string, required, 1 to 63 characters>"));
    for line in [
        "spec.estimator.logisticRegression.c  <number, greater than 0, at most 1000000000000, default 1.0>",
        "spec.dataset.features  <list of string, 1 to 4096 entries, each 1 to 253 characters>",
        "spec.serving.serviceMetadata  <map of string, at most 16 entries, each at most 253 characters>",
        "spec.dataset.train.csv.separator  <string, 1 character, default \",\">",
    ] {
        assert!(manual.contains(line), "{line}");
    }
}
