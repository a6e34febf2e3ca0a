//! What a Model wishes, read once: stories look at the same spec many times.

use std::collections::BTreeMap;

use auriga_crds::{Model, ModelSpec};
use auriga_operator::{model::wish::Wish, seen::Texts};
use kube::ResourceExt as _;

/// A wish, and what it was read from.
#[derive(Clone)]
pub(crate) struct WishRead {
    spec: ModelSpec,
    annotations: BTreeMap<String, String>,
    texts: Texts,
    /// The wish, or why there is none.
    pub(crate) wish: Result<Wish, String>,
}

impl WishRead {
    /// What was read `before`, where it was read from the same; else it is read now.
    pub(crate) fn again(before: Option<WishRead>, model: &Model, texts: &Texts) -> WishRead {
        let is_same = |read: &WishRead| {
            read.spec == model.spec && read.annotations == *model.annotations() && read.texts == *texts
        };
        before.filter(is_same).unwrap_or_else(|| WishRead {
            spec: model.spec.clone(),
            annotations: model.annotations().clone(),
            texts: texts.clone(),
            wish: Wish::read(model, texts),
        })
    }
}
