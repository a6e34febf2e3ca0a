//! What is told of each Model, read from what was seen last.

use std::fmt;

use auriga_crds::{ConditionStatus, Model};
use jiff::Timestamp;
use kube::ResourceExt as _;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric as _, MetricEncoder},
    metrics::{MetricType, gauge::ConstGauge},
};

use crate::{cache::Cache, caches::Caches};

/// Tells of each Model at each scrape: a Model that is gone leaves nothing behind.
pub(super) struct Models {
    models: Cache<Model>,
}

impl Models {
    pub(super) fn of(caches: &Caches) -> Models {
        Models {
            models: caches.models.clone(),
        }
    }
}

impl fmt::Debug for Models {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Models")
    }
}

impl Collector for Models {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let models = self.models.all();
        let info = "The version of a Model that has the traffic";
        let mut family = encoder.encode_descriptor("auriga_model_info", info, None, MetricType::Gauge)?;
        for model in &models {
            if let Some(version) = model.status.as_ref().and_then(|status| status.active_version) {
                let version = version.to_string();
                let [namespace, name] = name(model);
                let labels = [
                    ("namespace", namespace.as_str()),
                    ("name", &name),
                    ("version", &version),
                    ("runtime", "auriga"),
                ];
                one(&mut family, &labels, 1.0)?;
            }
        }
        let condition = "Whether a condition of a Model has this status: 1 if so";
        let mut family =
            encoder.encode_descriptor("auriga_model_condition", condition, None, MetricType::Gauge)?;
        for model in &models {
            let [namespace, name] = name(model);
            for condition in model.status.iter().flat_map(|status| &status.conditions) {
                let status = match condition.status {
                    ConditionStatus::True => "True",
                    ConditionStatus::False => "False",
                    ConditionStatus::Unknown => "Unknown",
                };
                let labels = [
                    ("namespace", namespace.as_str()),
                    ("name", &name),
                    ("type", &condition.kind),
                    ("status", status),
                ];
                one(&mut family, &labels, 1.0)?;
            }
        }
        let age = "Seconds since the last fit of a Model was over";
        let mut family =
            encoder.encode_descriptor("auriga_model_age_seconds", age, None, MetricType::Gauge)?;
        for model in &models {
            if let Some(seconds) = age_of(model) {
                let [namespace, name] = name(model);
                one(
                    &mut family,
                    &[("namespace", namespace.as_str()), ("name", &name)],
                    seconds,
                )?;
            }
        }
        Ok(())
    }
}

fn one(family: &mut MetricEncoder<'_>, labels: &[(&str, &str)], value: f64) -> Result<(), fmt::Error> {
    ConstGauge::new(value).encode(family.encode_family(&labels)?)
}

fn name(model: &Model) -> [String; 2] {
    [model.namespace().unwrap_or_default(), model.name_any()]
}

fn age_of(model: &Model) -> Option<f64> {
    let fitted: Timestamp = model.status.as_ref()?.last_refit_time.as_ref()?.parse().ok()?;
    Some(Timestamp::now().duration_since(fitted).as_secs_f64().max(0.0))
}
