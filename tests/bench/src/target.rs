//! What Auriga aims at, and whether a run reached it.

use serde::{Deserialize, Serialize};

use crate::number::{figure, significant};

/// A figure that was aimed at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Target {
    /// What the figure tells.
    pub(crate) what: String,
    /// Measured.
    pub(crate) figure: f64,
    /// Where it should lie.
    pub(crate) bound: Bound,
    /// Of the figure; empty for a ratio or a difference.
    pub(crate) unit: String,
    /// Whether it lies there.
    pub(crate) met: bool,
}

/// Where a figure should lie.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Bound {
    /// Here or above.
    AtLeast(f64),
    /// Here or below.
    AtMost(f64),
    /// Below this.
    Below(f64),
}

impl Target {
    /// Judges a figure before it is rounded.
    pub(crate) fn new(what: impl Into<String>, measured: f64, bound: Bound, unit: &str) -> Target {
        Target {
            what: what.into(),
            figure: significant(measured, 4),
            bound,
            unit: unit.to_owned(),
            met: match bound {
                Bound::AtLeast(least) => measured >= least,
                Bound::AtMost(most) => measured <= most,
                Bound::Below(limit) => measured < limit,
            },
        }
    }

    /// What was aimed at, such as `below 20 MiB`.
    pub(crate) fn wanted(&self) -> String {
        match self.bound {
            Bound::AtLeast(least) => format!("at least {least} {}", self.unit),
            Bound::AtMost(most) => format!("at most {most} {}", self.unit),
            Bound::Below(limit) => format!("below {limit} {}", self.unit),
        }
        .trim_end()
        .to_owned()
    }

    /// What was found, such as `9.87 MiB`.
    pub(crate) fn found(&self) -> String {
        format!("{} {}", figure(self.figure), self.unit)
            .trim_end()
            .to_owned()
    }

    /// In a word or two.
    pub(crate) fn verdict(&self) -> &'static str {
        if self.met { "met" } else { "not met" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_met_at_its_least_and_its_most_and_missed_at_its_limit() {
        let check = |figure, bound, expected| {
            assert_eq!(Target::new("x", figure, bound, "").met, expected);
        };
        check(40.0, Bound::AtLeast(40.0), true);
        check(39.9999, Bound::AtLeast(40.0), false);
        check(1.25, Bound::AtMost(1.25), true);
        check(1.2501, Bound::AtMost(1.25), false);
        check(0.9999, Bound::Below(1.0), true);
        check(1.0, Bound::Below(1.0), false);
        check(f64::NAN, Bound::AtLeast(0.0), false);
    }

    #[test]
    fn a_target_reads_as_a_sentence() {
        let target = Target::new("resident memory", 9.871, Bound::Below(20.0), "MiB");
        assert_eq!(
            (target.wanted(), target.found(), target.verdict()),
            ("below 20 MiB".into(), "9.87 MiB".into(), "met")
        );
        let target = Target::new("ratio", 31.0, Bound::AtLeast(40.0), "");
        assert_eq!(
            (target.wanted(), target.found(), target.verdict()),
            ("at least 40".into(), "31.0".into(), "not met")
        );
    }
}
