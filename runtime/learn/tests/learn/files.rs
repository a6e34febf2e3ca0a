//! Model files: whatever happened to the bytes, either the very model comes back or an error says what is wrong.

use auriga_learn::{
    Column, Estimator, Fill, Fitted, HandleUnknown, ImputeStrategy, LoadError, OneHotEncoder, SimpleImputer,
    StandardScaler, Step, Steps, Transformer,
};
use rand::RngExt;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use sha2::{Digest, Sha256};

use crate::fixtures::{alone, fit, logistic, people, points, ridge, step, texts};

/// A model with a step of every kind and three text classes.
fn model() -> Fitted {
    let constant = |value| SimpleImputer {
        strategy: ImputeStrategy::Constant(Some(value)),
    };
    let steps = Steps {
        transformers: vec![
            step(
                "fill numbers",
                Transformer::SimpleImputer(SimpleImputer::default()),
            ),
            Step {
                columns: Some(vec!["city".to_owned()]),
                ..step(
                    "fill city",
                    Transformer::SimpleImputer(constant(Fill::Text("Ödeshög".to_owned()))),
                )
            },
            step(
                "fill member",
                Transformer::SimpleImputer(constant(Fill::Boolean(false))),
            ),
            step("scale", Transformer::StandardScaler(StandardScaler::default())),
            step(
                "encode",
                Transformer::OneHotEncoder(OneHotEncoder {
                    handle_unknown: HandleUnknown::Ignore,
                }),
            ),
        ],
        estimator: logistic(),
    };
    fit(&steps, &people(), &texts(&["a", "b", "c", "a", "b", "c"]))
}

pub(crate) fn digest_position(bytes: &[u8]) -> usize {
    let mark = br#"\"digest\":\""#;
    bytes
        .windows(mark.len())
        .position(|window| window == mark)
        .unwrap()
        + mark.len()
}

/// Writes the digest that the bytes should have, as somebody would who wants to be believed.
pub(crate) fn seal(mut bytes: Vec<u8>) -> Vec<u8> {
    let position = digest_position(&bytes);
    bytes[position..position + 64].fill(b'0');
    let digest: String = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    bytes[position..position + 64].copy_from_slice(digest.as_bytes());
    bytes
}

/// The header and the data.
pub(crate) fn split(bytes: &[u8]) -> (String, &[u8]) {
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    (
        String::from_utf8(bytes[8..8 + length].to_vec()).unwrap(),
        &bytes[8 + length..],
    )
}

fn join(header: &str, data: &[u8]) -> Vec<u8> {
    seal([&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat())
}

/// The model file with a piece of its header replaced.
fn with_header(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let (header, data) = split(bytes);
    assert_eq!(header.matches(from).count(), 1, "{from} in {header}");
    join(&header.replace(from, to), data)
}

/// Where the data of an array begin in the file.
fn array_position(bytes: &[u8], name: &str) -> usize {
    let (header, _) = split(bytes);
    let header_length = header.len();
    let header: serde_json::Value = serde_json::from_str(&header).unwrap();
    8 + header_length + header[name]["data_offsets"][0].as_u64().unwrap() as usize
}

/// The model file with some bytes of an array replaced.
pub(crate) fn with_array(bytes: &[u8], name: &str, offset: usize, data: &[u8]) -> Vec<u8> {
    let start = array_position(bytes, name) + offset;
    let mut bytes = bytes.to_vec();
    bytes[start..start + data.len()].copy_from_slice(data);
    seal(bytes)
}

#[test]
fn ten_thousand_damages_are_all_found_before_anything_is_parsed() {
    let bytes = model().to_bytes();
    let mut random = ChaCha8Rng::seed_from_u64(20_261_122);
    let mut tried = 0;
    while tried < 10_000 {
        let mut damaged = bytes.clone();
        let (left, right) = (
            random.random_range(0..bytes.len()),
            random.random_range(0..bytes.len()),
        );
        match random.random_range(0..4) {
            0 => damaged[left] ^= 1 << random.random_range(0..8u8),
            1 => damaged.truncate(left),
            2 => damaged.swap(left, right),
            _ => drop(damaged.drain(left.min(right)..left.max(right))),
        }
        if damaged == bytes {
            continue;
        }
        tried += 1;
        match Fitted::from_bytes(&damaged).unwrap_err() {
            LoadError::Altered
            | LoadError::Truncated { .. }
            | LoadError::NotAModel
            | LoadError::Pickle { .. }
            | LoadError::TooNew { .. } => {}
            parsed => panic!("parsed before the digest was checked: {parsed}"),
        }
    }
}

#[test]
fn damages_under_a_fitting_digest_are_a_model_or_an_error() {
    let bytes = model().to_bytes();
    let fixed = digest_position(&bytes) + 64;
    let mut random = ChaCha8Rng::seed_from_u64(8);
    let mut loaded = 0;
    for _ in 0..10_000 {
        let mut damaged = bytes.clone();
        for _ in 0..random.random_range(1..4) {
            let (at, byte) = (
                random.random_range(fixed..bytes.len()),
                random.random_range(0..=255u8),
            );
            damaged[at] = byte;
        }
        if let Ok(fitted) = Fitted::from_bytes(&seal(damaged)) {
            loaded += 1;
            if let Ok(shares) = fitted.predict_proba(&people()) {
                assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)));
            }
        }
    }
    // Weights and names may take other values; structure may not.
    assert!((100..5_000).contains(&loaded), "{loaded}");
}

#[test]
fn a_file_cut_at_any_length_is_called_cut() {
    let (rows, classes, _) = points();
    let bytes = fit(&alone(logistic()), &rows, &classes).to_bytes();
    for length in 0..bytes.len() {
        match Fitted::from_bytes(&bytes[..length]) {
            Err(LoadError::Truncated { found, needed }) => {
                assert!(found == length && needed > length && needed <= bytes.len());
            }
            other => panic!("{length} of {}: {:?}", bytes.len(), other.err()),
        }
    }
}

#[test]
fn a_newer_format_is_named_whatever_follows() {
    let bytes = model().to_bytes();
    let newer = with_header(&bytes, r#"\"formatVersion\":1"#, r#"\"formatVersion\":27"#);
    let expected = LoadError::TooNew { found: 27, known: 1 };
    assert_eq!(Fitted::from_bytes(&newer), Err(expected.clone()));
    let (header, _) = split(&newer);
    let other = header.replace(r#"\"digest\":"#, r#"\"seal\":"#);
    let other = [&(other.len() as u64).to_le_bytes(), other.as_bytes()].concat();
    assert_eq!(Fitted::from_bytes(&other), Err(expected));
}

#[test]
fn pickles_and_archives_are_refused_by_name() {
    let check = |bytes: &[u8], word: &str| match Fitted::from_bytes(bytes) {
        Err(LoadError::Pickle { found }) => assert!(found.contains(word), "{found}"),
        other => panic!("{word}: {:?}", other.err()),
    };
    check(b"\x80\x02csklearn.linear_model\nRidge\n", "protocol 2");
    check(b"\x80\x03csklearn", "protocol 3");
    check(
        b"\x80\x04\x95\x8c\x02\x00\x00\x00\x00\x00\x00\x8c\x07sklearn",
        "protocol 4",
    );
    check(b"\x80\x05\x95\x8c\x02", "protocol 5");
    check(b"PK\x03\x04\x00\x00archive/data.pkl", "zip");
    check(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff", "gzip");
    check(b"BZh91AY", "bzip2");
    check(b"\xfd7zXZ\x00", "xz");
    check(b"\x78\x9c\x00\xff\xff", "zlib");
    check(b"\x04\x22\x4d\x18\x60\x40", "lz4");
}

#[test]
fn a_header_whose_length_looks_like_a_pickle_is_still_read() {
    let (rows, classes, _) = points();
    let bytes = fit(&alone(logistic()), &rows, &classes).to_bytes();
    let (header, data) = split(&bytes);
    assert!(header.len() <= 0x0480);
    let padded = join(&format!("{header:<width$}", width = 0x0480), data);
    assert_eq!(&padded[..2], b"\x80\x04");
    assert!(Fitted::from_bytes(&padded).is_ok());
}

#[test]
fn other_files_are_no_models() {
    let other =
        br#"{"__metadata__":{"format":"pt"},"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}    "#;
    let safetensors = [&(other.len() as u64).to_le_bytes(), other.as_slice()].concat();
    let mut long = model().to_bytes();
    long[..8].copy_from_slice(&(1u64 << 20 | 8).to_le_bytes());
    long.resize(2 << 20, b' ');
    for bytes in [
        b"hello, world".as_slice(),
        &[0xff; 64],
        b"ONNX",
        &safetensors,
        &long,
    ] {
        assert_eq!(Fitted::from_bytes(bytes), Err(LoadError::NotAModel));
    }
}

#[test]
fn bytes_behind_the_end_are_refused_even_under_a_fitting_digest() {
    let mut bytes = model().to_bytes();
    bytes.push(0);
    assert_eq!(Fitted::from_bytes(&bytes), Err(LoadError::Altered));
    assert!(matches!(
        Fitted::from_bytes(&seal(bytes)),
        Err(LoadError::Invalid { .. })
    ));
}

#[test]
fn unknown_kinds_are_named() {
    let bytes = model().to_bytes();
    let check = |from: &str, to: &str, message: &str| {
        let bytes = with_header(&bytes, &format!(r#"\"{from}\""#), &format!(r#"\"{to}\""#));
        assert_eq!(Fitted::from_bytes(&bytes).unwrap_err().to_string(), message);
    };
    let known = "which this build does not know; use a newer auriga";
    check(
        "logisticRegression",
        "oracle",
        &format!("the model has an estimator of the kind \"oracle\", {known}"),
    );
    check(
        "standardScaler",
        "oracle",
        &format!("the model has a transformer of the kind \"oracle\", {known}"),
    );
}

#[test]
fn a_sealed_header_that_contradicts_its_data_is_refused() {
    let bytes = model().to_bytes();
    let check = |from: &str, to: &str| {
        let what = Fitted::from_bytes(&with_header(&bytes, from, to)).unwrap_err();
        assert!(matches!(what, LoadError::Invalid { .. }), "{to}: {what}");
    };
    let intercepts = r#""estimator.intercepts":{"dtype":"F64","shape":[3],"#;
    check(
        intercepts,
        r#""estimator.intercepts":{"dtype":"I64","shape":[3],"#,
    );
    check(
        intercepts,
        r#""estimator.intercepts":{"dtype":"F64","shape":[4],"#,
    );
    check(
        intercepts,
        r#""estimator.intercepts":{"dtype":"F64","shape":[3,1],"#,
    );
    check(
        intercepts,
        r#""estimator.intercepts":{"dtype":"F64","shape":[18446744073709551615,8],"#,
    );
    check(intercepts, r#""estimator.constants":{"dtype":"F64","shape":[3],"#);
    check(
        intercepts,
        &format!(r#""w":{{"dtype":"F64","shape":[0],"data_offsets":[0,0]}},{intercepts}"#),
    );
    let twice = r#""estimator.intercepts":{"dtype":"F64","shape":[0],"data_offsets":[0,0]},"#;
    check(intercepts, &format!("{twice}{intercepts}"));
    check(r#"}}}}"},"#, r#"}}}}","auriga":"second"},"#);
    check(r#"\"task\":"#, r#"\"task\":\"regression\",\"task\":"#);
    check(
        r#"\"converged\":true}"#,
        r#"\"converged\":false,\"converged\":true}"#,
    );
    check(r#"\"converged\":true"#, r#"\"converged\":true,\"shiny\":true"#);
    check(r#"\"facts\":{\"converged\":true}"#, r#"\"facts\":{}"#);
    check(r#"\"task\":\"classification\""#, r#"\"task\":\"regression\""#);
    check(r#"\"task\":\"classification\""#, r#"\"task\":\"clustering\""#);
    check(
        r#"\"task\":\"classification\""#,
        r#"\"task\":\"classification\",\"code\":\"os.system\""#,
    );
}

#[test]
fn sealed_arrays_that_make_no_sense_are_refused() {
    let bytes = model().to_bytes();
    let check = |name: &str, offset: usize, data: &[u8]| {
        let what = Fitted::from_bytes(&with_array(&bytes, name, offset, data)).unwrap_err();
        assert!(matches!(what, LoadError::Invalid { .. }), "{name}: {what}");
    };
    check("estimator.coefficients", 8, &f64::NAN.to_le_bytes());
    check("estimator.intercepts", 0, &f64::INFINITY.to_le_bytes());
    check("estimator.nIter", 0, &(-1i64).to_le_bytes());
    check("signature.kinds", 0, &[3]);
    check("signature.kinds", 0, &[1]);
    check("signature.names", 0, &[0xff]);
    check("signature.names.ends", 0, &i64::MAX.to_le_bytes());
    check("signature.names.ends", 8, &1i64.to_le_bytes());
    check("signature.classes", 0, b"z");
    check("signature.steps.ends", 32, &1i64.to_le_bytes());
    check("transformers.1.texts", 1, b"x");
    check("transformers.3.scales", 0, &0f64.to_le_bytes());
    check("transformers.3.scales", 0, &(-1f64).to_le_bytes());
    check("transformers.3.columns", 0, &99i64.to_le_bytes());
    check("transformers.3.columns", 0, &2i64.to_le_bytes());
    check("transformers.3.columns", 0, &1i64.to_le_bytes());
    check("transformers.4.counts", 0, &2i64.to_le_bytes());
    check("transformers.4.counts", 0, &i64::MAX.to_le_bytes());
    check("transformers.4.categories", 0, b"Z");
    check("transformers.4.missing", 0, &[2]);
    check("transformers.4.missing", 0, &[1]);
}

#[test]
fn the_header_does_not_grow_with_the_data() {
    let header_length = |n_categories: usize| {
        let cities: Vec<String> = (0..n_categories).map(|city| format!("city {city:05}")).collect();
        let column = Column::Text(cities.into_iter().map(Some).collect());
        let rows = crate::fixtures::table(&[("city", column)]);
        let steps = Steps {
            transformers: vec![step(
                "encode",
                Transformer::OneHotEncoder(OneHotEncoder::default()),
            )],
            estimator: ridge(),
        };
        let target = crate::fixtures::numbers(&vec![1.0; n_categories]);
        split(&fit(&steps, &rows, &target).to_bytes()).0.len()
    };
    // Only the digits of shapes and offsets take more room.
    assert!(header_length(300) <= header_length(3) + 64);
}

/// A file that an earlier build wrote. It is never written again: a new format gets a new file beside it.
const VERSION_1: &[u8] = include_bytes!("../fixtures/model_v1.safetensors");

#[test]
fn a_file_of_format_version_1_loads_and_predicts_as_it_did() {
    let fitted = Fitted::from_bytes(VERSION_1).unwrap();
    assert_eq!(
        fitted.predict(&people()),
        Ok(texts(&["a", "b", "c", "a", "b", "c"]))
    );
    assert_eq!(fitted.estimator_name(), "logisticRegression");
    let steps: Vec<(&str, &str)> = fitted
        .transformers()
        .map(|(name, step)| (name, step.kind()))
        .collect();
    assert_eq!(
        steps[3..],
        [("scale", "standardScaler"), ("encode", "oneHotEncoder")]
    );
    let expected = include_str!("../fixtures/model_v1.probabilities.json");
    let expected: Vec<Vec<f64>> = serde_json::from_str(expected).unwrap();
    for (found, expected) in fitted
        .predict_proba(&people())
        .unwrap()
        .iter()
        .zip(expected.iter().flatten())
    {
        // Other processors may add up in another order.
        assert!((found - expected).abs() < 1e-12);
    }
    assert_eq!(fitted.to_bytes(), VERSION_1);
}

#[test]
fn estimators_without_steps_make_small_files() {
    let (rows, _, sums) = points();
    let fitted = fit(
        &alone(Estimator::Ridge(auriga_learn::Ridge::default())),
        &rows,
        &sums,
    );
    assert!(fitted.to_bytes().len() < 2048);
}
