//! What transformers of a manifest do for a fit.

use super::given::{MANIFEST, files, json};

/// The sign of the product tells the classes apart; no line between them does.
const CORNERS: &str = "\
x,y,species
1000,1,even
2000,2,even
1000,2,odd
2000,1,odd
1100,1.1,even
1900,1.9,even
1100,1.9,odd
1900,1.1,odd
";

fn accuracy(transformers: &str) -> f64 {
    let steps = format!("target: species\n  transformers: [{transformers}]");
    let manifest = MANIFEST.replace("target: species", &steps);
    let folder = files(&[("flowers.csv", CORNERS), ("model.yaml", &manifest)]);
    let fitted = json(folder.path(), "fit -f model.yaml");
    fitted["scores"]["train"]["accuracy"].as_f64().unwrap()
}

#[test]
fn products_of_scaled_columns_tell_apart_what_no_line_does() {
    let scale = "{name: scale, minMaxScaler: {featureRange: {min: -1}}}";
    assert!(accuracy(scale) <= 0.75);
    let products = "{name: products, polynomialFeatures: {interactionOnly: true, includeBias: false}}";
    assert_eq!(accuracy(&format!("{scale}, {products}")), 1.0);
    // Powers of one column do not help: what tells is the product of both.
    let squares = "{name: squares, columns: [x], polynomialFeatures: {degree: 2}}";
    assert!(accuracy(&format!("{scale}, {squares}")) <= 0.75);
}
