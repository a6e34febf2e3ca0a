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

use crate::{cache::Cache, caches::Caches, kept::Packed, lease::Leading};

/// Tells of each Model at each scrape: a Model that is gone leaves nothing behind. Who does not lead tells of none: what it
/// has seen may be long ago.
pub(super) struct Models {
    models: Cache<Packed<Model>>,
    leading: Leading,
}

impl Models {
    pub(super) fn of(caches: &Caches, leading: &Leading) -> Models {
        Models {
            models: caches.models.clone(),
            leading: leading.clone(),
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
        if !self.leading.now() {
            return Ok(());
        }
        let models: Vec<Told> = (self.models.all().iter())
            .map(|model| Told::of(&model.unpacked()))
            .collect();
        let info = "The version of a Model that has the traffic";
        let mut family = encoder.encode_descriptor("auriga_model_info", info, None, MetricType::Gauge)?;
        for model in &models {
            if let Some(version) = &model.version {
                let [namespace, name] = model.labels();
                let labels = [namespace, name, ("version", version), ("runtime", "auriga")];
                one(&mut family, &labels, 1.0)?;
            }
        }
        let condition = "Whether a condition of a Model has this status: 1 if so";
        let mut family =
            encoder.encode_descriptor("auriga_model_condition", condition, None, MetricType::Gauge)?;
        for model in &models {
            for (kind, status) in &model.conditions {
                let [namespace, name] = model.labels();
                let labels = [namespace, name, ("type", kind), ("status", status)];
                one(&mut family, &labels, 1.0)?;
            }
        }
        let age = "Seconds since the last fit of a Model was over";
        let mut family =
            encoder.encode_descriptor("auriga_model_age_seconds", age, None, MetricType::Gauge)?;
        for model in &models {
            if let Some(seconds) = model.age {
                one(&mut family, &model.labels(), seconds)?;
            }
        }
        Ok(())
    }
}

/// What is told of one Model: each is unpacked once for all that is told.
struct Told {
    namespace: String,
    name: String,
    version: Option<String>,
    conditions: Vec<(String, &'static str)>,
    /// In seconds.
    age: Option<f64>,
}

impl Told {
    fn of(model: &Model) -> Told {
        let status = model.status.as_ref();
        let word = |status: ConditionStatus| match status {
            ConditionStatus::True => "True",
            ConditionStatus::False => "False",
            ConditionStatus::Unknown => "Unknown",
        };
        Told {
            namespace: model.namespace().unwrap_or_default(),
            name: model.name_any(),
            version: status.and_then(|status| Some(status.active_version?.to_string())),
            conditions: (status.iter().flat_map(|status| &status.conditions))
                .map(|condition| (condition.kind.clone(), word(condition.status)))
                .collect(),
            age: age_of(model),
        }
    }

    fn labels(&self) -> [(&str, &str); 2] {
        [("namespace", &self.namespace), ("name", &self.name)]
    }
}

fn one(family: &mut MetricEncoder<'_>, labels: &[(&str, &str)], value: f64) -> Result<(), fmt::Error> {
    ConstGauge::new(value).encode(family.encode_family(&labels)?)
}

fn age_of(model: &Model) -> Option<f64> {
    let fitted: Timestamp = model.status.as_ref()?.last_refit_time.as_ref()?.parse().ok()?;
    Some(Timestamp::now().duration_since(fitted).as_secs_f64().max(0.0))
}
