//! What is counted, for Prometheus: controller-runtime's names where it has one, so that stock dashboards work.

mod leader;
mod models;

use std::{
    collections::BTreeMap,
    fmt::{self, Debug},
    sync::{Arc, Mutex},
    time::Instant,
};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric as _, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::ConstGauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

use crate::{caches::Caches, context::lock, error::Error, lease::Leading};

/// The metrics of one operator.
pub struct Metrics {
    registry: Registry,
    looks: Family<Look, Counter>,
    errors: Family<Failure, Counter>,
    seconds: Family<Of, Histogram>,
    activations: Family<Activation, Counter>,
    fits: Histogram,
    ages: Ages,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    controller: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Look {
    controller: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Failure {
    controller: &'static str,
    cause: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Activation {
    result: &'static str,
    reason: &'static str,
}

impl Metrics {
    /// Metrics that begin at zero; those of the Models are read from `caches` at each scrape.
    pub fn new(caches: &Caches, leading: &Leading) -> Metrics {
        let metrics = Metrics {
            registry: Registry::default(),
            looks: Family::default(),
            errors: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.001, 2.0, 16))),
            activations: Family::default(),
            fits: Histogram::new(exponential_buckets(1.0, 2.0, 18)),
            ages: Ages::default(),
        };
        metrics.registered(caches, leading)
    }

    fn registered(mut self, caches: &Caches, leading: &Leading) -> Metrics {
        let registry = &mut self.registry;
        registry.register(
            "controller_runtime_reconcile",
            "Looks at objects, by kind and what came of them",
            self.looks.clone(),
        );
        registry.register(
            "controller_runtime_reconcile_errors",
            "Looks that failed, by kind and cause",
            self.errors.clone(),
        );
        registry.register(
            "controller_runtime_reconcile_time_seconds",
            "How long looks took, by kind",
            self.seconds.clone(),
        );
        registry.register(
            "auriga_activations",
            "Versions that got the traffic, or were given up",
            self.activations.clone(),
        );
        registry.register(
            "auriga_fit_duration_seconds",
            "How long finished fits took, from their pod's start",
            self.fits.clone(),
        );
        registry.register_collector(Box::new(self.ages.clone()));
        registry.register_collector(Box::new(models::Models::of(caches, leading)));
        registry.register_collector(Box::new(leader::Leader::of(leading)));
        self
    }

    /// Measures one look at an object of `kind` until the value is dropped: a look that ends early is measured, too.
    pub(crate) fn measure(&self, kind: &'static str) -> Measured<'_> {
        Measured {
            metrics: self,
            kind,
            start: Instant::now(),
            result: "canceled",
        }
    }

    /// Counts a version that got the traffic, or did not.
    pub(crate) fn activation(&self, result: &'static str, reason: &'static str) {
        self.activations
            .get_or_create(&Activation { result, reason })
            .inc();
    }

    /// Counts a fit that is over.
    pub(crate) fn fit(&self, seconds: f64) {
        self.fits.observe(seconds);
    }

    /// All metrics as a scrape reads them.
    pub fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// One look at an object, as long as it lasts.
pub(crate) struct Measured<'a> {
    metrics: &'a Metrics,
    kind: &'static str,
    start: Instant,
    result: &'static str,
}

impl Measured<'_> {
    /// It ended; `again` says whether the object asked to be looked at again.
    pub(crate) fn ended<T>(&mut self, outcome: &Result<T, Error>, again: bool) {
        self.result = match outcome {
            Ok(_) if again => "requeue_after",
            Ok(_) => "success",
            Err(error) => {
                (self.metrics.errors)
                    .get_or_create(&Failure {
                        controller: self.kind,
                        cause: error.label(),
                    })
                    .inc();
                "error"
            }
        };
        if outcome.is_ok() {
            lock(&self.metrics.ages.last).insert(self.kind, Instant::now());
        }
    }
}

impl Drop for Measured<'_> {
    fn drop(&mut self) {
        let of = Of {
            controller: self.kind,
        };
        (self.metrics.seconds.get_or_create(&of)).observe(self.start.elapsed().as_secs_f64());
        (self.metrics.looks)
            .get_or_create(&Look {
                controller: self.kind,
                result: self.result,
            })
            .inc();
    }
}

/// When a look at each kind last went well.
#[derive(Clone, Debug, Default)]
struct Ages {
    last: Arc<Mutex<BTreeMap<&'static str, Instant>>>,
}

impl Collector for Ages {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let age = ConstGauge::new(0.0);
        let mut family = encoder.encode_descriptor(
            "auriga_last_reconcile_age_seconds",
            "Seconds since a look at an object of this kind last went well",
            None,
            prometheus_client::encoding::EncodeMetric::metric_type(&age),
        )?;
        for (kind, at) in lock(&self.last).iter() {
            let age = ConstGauge::new(at.elapsed().as_secs_f64());
            age.encode(family.encode_family(&[("kind", *kind)])?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
