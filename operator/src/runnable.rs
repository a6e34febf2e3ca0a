//! What must be true of a Model before anything of it can run in a cluster.

use std::path::{Component, Path};

use auriga_crds::{Checked, Model, Source, contract::pod::CLAIM_FOLDER};

use crate::build::pod::misfit;

/// The Model in its checked form. The API server has checked most of it already; what needs a cluster is checked here.
///
/// Errors: every fault, in sentences.
pub fn check(model: &Model) -> Result<Checked, String> {
    judged(model, out_of_reach(model))
}

/// As [`check`], for work that reads no rows.
pub fn check_without_rows(model: &Model) -> Result<Checked, String> {
    judged(model, Vec::new())
}

fn judged(model: &Model, more_faults: Vec<String>) -> Result<Checked, String> {
    let checked = auriga_crds::check_model(model);
    let mut faults: Vec<String> = match &checked {
        Ok(_) => Vec::new(),
        Err(found) => found.0.iter().map(ToString::to_string).collect(),
    };
    faults.extend(misfit(model));
    faults.extend(homeless(model));
    faults.extend(more_faults);
    match checked {
        Ok(checked) if faults.is_empty() => Ok(checked),
        _ => Err(faults.join("; ")),
    }
}

/// Why versions would not outlive the pod that makes them.
fn homeless(model: &Model) -> Option<String> {
    let Some(persister) = &model.spec.persister else {
        return Some(
            "spec.persister is missing: a cluster needs to know where versions are kept; give uri: \
             postgres://<host>/<database> with a secretRef, or uri: sqlite:///var/lib/auriga/models.db with a \
             persistentVolumeClaim"
                .to_owned(),
        );
    };
    let is_local = persister.uri.starts_with("sqlite:") || persister.uri.starts_with("file:");
    (is_local && persister.persistent_volume_claim.is_none()).then(|| {
        format!(
            "spec.persister.uri: versions in {} would be lost with the pod; add persistentVolumeClaim and a path below \
             /var/lib/auriga",
            persister.uri
        )
    })
}

/// Which rows lie in files that no pod has.
fn out_of_reach(model: &Model) -> Vec<String> {
    let dataset = &model.spec.dataset;
    let persister = model.spec.persister.as_ref();
    let has_claim = persister.is_some_and(|persister| persister.persistent_volume_claim.is_some());
    let fault = |(field, source): (&str, &Source)| {
        let csv = source.csv.as_ref()?;
        let of_url = || Some(("url", csv.url.as_deref()?.strip_prefix("file://")?));
        let (place, file) = (csv.path.as_deref().map(|path| ("path", path))).or_else(of_url)?;
        let is_there = has_claim && is_on_the_claim(Path::new(file));
        (!is_there).then(|| {
            format!(
                "spec.dataset.{field}.csv.{place}: a pod has no file {file}; give the rows as configMap, url or inline, or \
                 as a path below {CLAIM_FOLDER} on the claim of spec.persister.persistentVolumeClaim"
            )
        })
    };
    let test = dataset.test.as_ref().map(|test| ("test", test));
    [Some(("train", &dataset.train)), test]
        .into_iter()
        .flatten()
        .filter_map(fault)
        .collect()
}

fn is_on_the_claim(file: &Path) -> bool {
    file.starts_with(CLAIM_FOLDER) && !file.components().any(|part| part == Component::ParentDir)
}
