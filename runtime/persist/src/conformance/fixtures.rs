//! Small models, drafts and wishes for the cases.

use std::collections::BTreeMap;

use auriga_crds::{Digest, ModelKey, VersionNumber};
use auriga_learn::{ColumnKind, Field, GoldenCell, GoldenRequests, Signature, Task};
use bytes::Bytes;
use jiff::Timestamp;

use crate::{Activation, CrossValidation, Draft, Facts, FoldScores, IdempotencyKey, Importance, Origin};

/// A model's key from `<namespace>/<model>`.
pub fn model(key: &str) -> ModelKey {
    key.parse().expect("the key is well-formed")
}

/// A version number above 0.
pub fn version(number: u64) -> VersionNumber {
    VersionNumber::new(number).expect("versions count from 1")
}

/// Seconds after an arbitrary moment.
pub fn moment(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + seconds).expect("the moment is within the years of the calendar")
}

/// `length` bytes that look random and are the same for the same seed (SplitMix64).
pub fn bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    };
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        bytes.extend_from_slice(&next().to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// A small draft under `key`.
pub fn draft(key: &str) -> Draft {
    draft_of(key, key.as_bytes().to_vec())
}

/// A draft under `key` with these bytes.
pub fn draft_of(key: &str, blob: impl Into<Bytes>) -> Draft {
    Draft {
        idempotency_key: IdempotencyKey(key.to_owned()),
        blob: blob.into(),
        facts: facts(),
        time: moment(60),
    }
}

/// Facts with every field set, and with numbers that only exact digits bring back.
pub fn facts() -> Facts {
    let field = |name: &str, kind| Field {
        name: name.to_owned(),
        kind,
    };
    let importance = |column: &str, share| Importance {
        column: column.to_owned(),
        share,
    };
    let scores = |accuracy: f64, loss: f64| {
        BTreeMap::from([
            ("accuracy".to_owned(), accuracy),
            ("neg_log_loss".to_owned(), loss),
        ])
    };
    Facts {
        estimator: "logisticRegression".to_owned(),
        signature: Signature {
            features: vec![
                field("sepal length", ColumnKind::Number),
                field("größe", ColumnKind::Text),
                field("open", ColumnKind::Boolean),
            ],
            target: field("species", ColumnKind::Text),
            task: Task::Classification,
        },
        scores: BTreeMap::from([
            ("train".to_owned(), scores(0.1 + 0.2, -1e-300)),
            ("test".to_owned(), scores(1.0 / 3.0, -f64::MAX)),
        ]),
        importances: vec![importance("größe=a", 0.1 + 0.2), importance("open", 5e-324)],
        scoring: Some("neg_log_loss".to_owned()),
        cross_validation: Some(CrossValidation {
            splitter: "stratifiedKFold".to_owned(),
            folds: vec![FoldScores {
                n_train: 80,
                n_test: 20,
                train: scores(0.7, -1e-9),
                test: scores(2.0 / 3.0, f64::MIN_POSITIVE),
            }],
            mean: scores(2.0 / 3.0, f64::MIN_POSITIVE),
            std: scores(0.0, 5e-324),
        }),
        data_hash: Digest::of(b"rows"),
        spec_hash: "v1:5f1d".to_owned(),
        spec: Some(serde_json::json!({ "spec": { "estimator": { "ridge": { "alpha": 0.1 + 0.2 } } } })),
        golden: GoldenRequests {
            rows: vec![
                vec![
                    GoldenCell::Number(5.1),
                    GoldenCell::Text("quote \" and \0".to_owned()),
                    GoldenCell::Boolean(true),
                ],
                vec![
                    GoldenCell::Number(f64::MIN_POSITIVE),
                    GoldenCell::Missing,
                    GoldenCell::Missing,
                ],
            ],
            predictions: vec![
                GoldenCell::Text("setosa".to_owned()),
                GoldenCell::Text("virginica".to_owned()),
            ],
            probabilities: vec![vec![0.7, 0.2, 0.1], vec![5e-324, 0.5, 0.5]],
            tolerance: 1e-9,
        },
        origin: Some(Origin {
            training_job_uid: "1c7c6f0e-8d1f-4a53-9d52-0c1f4c6f6f0a".to_owned(),
            trial: Some(3),
        }),
        trained: moment(0),
        runtime_version: "0.1.0".to_owned(),
    }
}

/// A wish to activate a version.
pub fn activation(number: VersionNumber, from_revision: u64) -> Activation {
    Activation {
        version: number,
        from_revision,
        reason: "fit".to_owned(),
        actor: "pod iris-v7-0".to_owned(),
        time: moment(120),
    }
}
