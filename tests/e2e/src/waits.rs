//! Waits for what a Model or TrainingJob says, or answers.

use auriga_crds::{Condition, ConditionStatus, Model, TrainingJob};

use crate::{
    http::Answer,
    space::Space,
    until::{condition, until, within},
};

impl Space {
    /// Waits until a Model is so.
    pub async fn until_model(
        &self,
        name: &str,
        seconds: u64,
        what: &str,
        mut is_so: impl FnMut(&Model) -> bool,
    ) -> Model {
        until(within(seconds), &format!("Model {name}: {what}"), async || {
            let model = self.typed::<Model>().get_opt(name).await.ok().flatten()?;
            is_so(&model).then_some(model)
        })
        .await
    }

    /// Waits until a Model has a condition of this type, status and reason about its newest generation; its message.
    pub async fn says(
        &self,
        name: &str,
        kind: &str,
        status: ConditionStatus,
        reason: &str,
        seconds: u64,
    ) -> String {
        let what = format!("{kind}={status:?} with the reason {reason}");
        let of = |model: &Model| {
            let found = condition(&model.status.as_ref()?.conditions, kind)?;
            let is_it = found.status == status
                && found.reason == reason
                && Some(found.observed_generation) == model.metadata.generation;
            is_it.then(|| found.message.clone())
        };
        let model = self
            .until_model(name, seconds, &what, |model| of(model).is_some())
            .await;
        of(&model).expect("it was just so")
    }

    /// Waits until a Model is not ready for this reason; the sentence that says what to do.
    pub async fn complains(&self, name: &str, reason: &str, seconds: u64) -> String {
        let of = |model: &Model| {
            let found = ready_now(model)?;
            let is_it = found.status != ConditionStatus::True && found.reason == reason;
            is_it.then(|| found.message.clone())
        };
        let what = format!("is not ready, with the reason {reason}");
        let model = self
            .until_model(name, seconds, &what, |model| of(model).is_some())
            .await;
        of(&model).expect("it was just so")
    }

    /// Waits until what a Model's newest generation asks for is active and healthy.
    pub async fn ready_within(&self, name: &str, seconds: u64) -> Model {
        self.until_model(name, seconds, "is ready", is_ready).await
    }

    /// Waits until a Model is ready and this version answers.
    pub async fn serves(&self, name: &str, version: i64) -> Model {
        let is_so = |model: &Model| is_ready(model) && active(model) == Some(version);
        let what = format!("is ready with version {version}");
        self.until_model(name, 60, &what, is_so).await
    }

    /// Waits until a TrainingJob has ended, and answers it.
    pub async fn ended(&self, name: &str) -> TrainingJob {
        until(within(60), &format!("TrainingJob {name} has ended"), async || {
            let job = self.typed::<TrainingJob>().get_opt(name).await.ok().flatten()?;
            let conditions = &job.status.as_ref()?.conditions;
            let is_true =
                |kind| condition(conditions, kind).is_some_and(|one| one.status == ConditionStatus::True);
            (is_true("Complete") || is_true("Failed")).then_some(job)
        })
        .await
    }

    /// Waits until this version answers requests to a Model's Service: nodes hear of a new selector a moment later.
    pub async fn answers_with(&self, model: &str, version: i64, path: &str) -> Answer {
        until(
            within(15),
            &format!("version {version} answers {path}"),
            async || {
                self.ask(model, path)
                    .await
                    .ok()
                    .filter(|answer| answer.version == Some(version))
            },
        )
        .await
    }

    /// Waits until a Model's Service answers with 200.
    pub async fn answers(&self, model: &str, path: &str, seconds: u64) -> Answer {
        until(within(seconds), &format!("{model} answers {path}"), async || {
            self.ask(model, path)
                .await
                .ok()
                .filter(|answer| answer.code == 200)
        })
        .await
    }
}

/// A Model's status is about its newest generation.
pub fn is_seen(model: &Model) -> bool {
    let seen = (model.status.as_ref()).and_then(|status| status.observed_generation);
    seen.is_some() && seen == model.metadata.generation
}

/// What a Model says of its readiness.
pub fn ready(model: &Model) -> Option<&Condition> {
    condition(&model.status.as_ref()?.conditions, "Ready")
}

/// [`ready`], if it is about the Model's newest generation.
pub fn ready_now(model: &Model) -> Option<&Condition> {
    ready(model).filter(|ready| Some(ready.observed_generation) == model.metadata.generation)
}

/// What a Model's newest generation asks for is active and healthy, by its own account.
pub fn is_ready(model: &Model) -> bool {
    let is_true = ready_now(model).is_some_and(|ready| ready.status == ConditionStatus::True);
    is_true && is_seen(model)
}

/// The version that answers, by the Model's own account.
pub(crate) fn active(model: &Model) -> Option<i64> {
    model.status.as_ref()?.active_version
}
