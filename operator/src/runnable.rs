//! What must be true of a Model before anything of it can run in a cluster.

use auriga_crds::{Checked, Model, document::Document};

use crate::build::pod::misfit;

/// The Model in its checked form. The API server has checked most of it already; what needs a cluster is checked here.
///
/// Errors: every fault, in sentences.
pub fn check(model: &Model) -> Result<Checked, String> {
    let mut written = serde_json::to_value(model).map_err(|error| error.to_string())?;
    if let Some(fields) = written.as_object_mut() {
        // It is the operator's own, and may be anything, since anybody may have written it.
        fields.remove("status");
    }
    let checked = auriga_crds::check(&Document::from_value(written));
    let mut faults: Vec<String> = match &checked {
        Ok(_) => Vec::new(),
        Err(found) => found.0.iter().map(ToString::to_string).collect(),
    };
    faults.extend(misfit(model));
    faults.extend(homeless(model));
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
