//! A manifest beside the versions there are: would it be fitted again?

use auriga_crds::VersionNumber;
use auriga_persist::VersionManifest;
use serde_json::json;

use super::{Specs, line, specs};
use crate::{activation::fitted_before, console::Console, failure::Failure, manifest::Manifest};

/// Prints whether `up` would fit `manifest` again, and in what it differs from `base`.
pub(super) fn compare(
    manifest: &Manifest,
    base: Option<&VersionManifest>,
    versions: &[VersionManifest],
    active: Option<VersionNumber>,
    console: &Console,
) -> Result<(), Failure> {
    let key = &manifest.checked.key;
    let Specs { differences, unknown } = match base {
        Some(base) => specs(base, &manifest.fit_hash, Some(&manifest.fit_spec())),
        None => Specs {
            differences: Vec::new(),
            unknown: None,
        },
    };
    let taken = fitted_before(versions, active, &manifest.fit_hash).map(|version| version.number);
    let message = match (taken, base) {
        (Some(taken), _) if Some(taken) == active => {
            format!("no refit: version {taken}, which is active, was fitted to this manifest")
        }
        (Some(taken), _) => {
            format!("no refit: version {taken} was fitted to this manifest before and would become active")
        }
        (None, Some(_)) => "would be fitted again".to_owned(),
        (None, None) => "would be fitted for the first time; there is no version yet".to_owned(),
    };
    let mut lines = vec![format!("{key}: {message}")];
    if let Some(base) = base.filter(|_| !differences.is_empty()) {
        let is_active = if Some(base.number) == active {
            ", which is active"
        } else {
            ""
        };
        lines.push(format!("against version {}{is_active}:", base.number));
        lines.extend(differences.iter().map(line));
    }
    lines.extend(unknown.iter().map(|why| format!("note: {why}")));
    if taken.is_some() {
        lines.push(
            "note: serving decides no fit; the rows were not read, and `auriga fit` fits again if they have changed"
                .to_owned(),
        );
    }
    console.result(
        lines.join("\n"),
        json!({
            "model": key.to_string(),
            "wouldRefit": taken.is_none(),
            "message": message,
            "fitHash": manifest.fit_hash,
            "activeVersion": active,
            "taken": taken,
            "comparedWith": base.map(|base| base.number),
            "differences": differences,
            "specsKnown": unknown.is_none(),
        }),
    )
}
