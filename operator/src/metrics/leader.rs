//! Whether this operator is the one that works.

use std::fmt;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric as _},
    metrics::{MetricType, gauge::ConstGauge},
};

use crate::lease::Leading;

/// Tells it at each scrape, in client-go's words.
#[derive(Debug)]
pub(super) struct Leader {
    leading: Leading,
}

impl Leader {
    pub(super) fn of(leading: &Leading) -> Leader {
        Leader {
            leading: leading.clone(),
        }
    }
}

impl Collector for Leader {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let help = "Whether this operator is the one that works, by the Lease that it holds: 1 if so";
        let mut family =
            encoder.encode_descriptor("leader_election_master_status", help, None, MetricType::Gauge)?;
        let labels = [("name", "auriga-operator")];
        ConstGauge::new(i64::from(self.leading.now())).encode(family.encode_family(&labels)?)
    }
}
