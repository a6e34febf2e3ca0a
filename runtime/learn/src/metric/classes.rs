//! Metrics of predicted classes: they need nothing but how often each class came, was predicted, and was right.

use super::Metric;

/// How many rows of each class there are, were predicted as it, and were both.
///
/// Classes that the model does not know have no entry of `predicted` above 0.
pub(super) struct Counts {
    target: Vec<f64>,
    predicted: Vec<f64>,
    right: Vec<f64>,
    n_rows: f64,
}

/// A share of the rows of one class.
#[derive(Clone, Copy)]
enum Share {
    Precision,
    Recall,
    F1,
    Jaccard,
}

/// How the shares of all classes become one number.
#[derive(Clone, Copy)]
enum Average {
    /// That of the second class.
    Binary,
    /// Of all classes counted together.
    Micro,
    /// Their mean.
    Macro,
    /// Their mean, weighted by the rows of each class.
    Weighted,
}

impl Counts {
    /// Counts n_rows pairs of codes, those of the target and those predicted.
    pub(super) fn of(target: &[usize], predicted: &[usize], n_known: usize) -> Counts {
        let largest = target.iter().max().map_or(0, |largest| largest + 1);
        let n_codes = n_known.max(largest);
        let mut counts = Counts {
            target: vec![0.0; n_codes],
            predicted: vec![0.0; n_codes],
            right: vec![0.0; n_codes],
            n_rows: target.len() as f64,
        };
        for (&target, &predicted) in target.iter().zip(predicted) {
            counts.target[target] += 1.0;
            counts.predicted[predicted] += 1.0;
            if target == predicted {
                counts.right[target] += 1.0;
            }
        }
        counts
    }

    /// The score by `metric`; `None` if it needs probabilities. There is at least one row.
    pub(super) fn score(&self, metric: Metric) -> Option<f64> {
        Some(match metric {
            Metric::Accuracy => self.right.iter().sum::<f64>() / self.n_rows,
            Metric::BalancedAccuracy => self.balanced_accuracy(),
            Metric::F1 => self.share(Share::F1, Average::Binary),
            Metric::F1Macro => self.share(Share::F1, Average::Macro),
            Metric::F1Micro => self.share(Share::F1, Average::Micro),
            Metric::F1Weighted => self.share(Share::F1, Average::Weighted),
            Metric::Precision => self.share(Share::Precision, Average::Binary),
            Metric::PrecisionMacro => self.share(Share::Precision, Average::Macro),
            Metric::PrecisionMicro => self.share(Share::Precision, Average::Micro),
            Metric::PrecisionWeighted => self.share(Share::Precision, Average::Weighted),
            Metric::Recall => self.share(Share::Recall, Average::Binary),
            Metric::RecallMacro => self.share(Share::Recall, Average::Macro),
            Metric::RecallMicro => self.share(Share::Recall, Average::Micro),
            Metric::RecallWeighted => self.share(Share::Recall, Average::Weighted),
            Metric::Jaccard => self.share(Share::Jaccard, Average::Binary),
            Metric::JaccardMacro => self.share(Share::Jaccard, Average::Macro),
            Metric::JaccardMicro => self.share(Share::Jaccard, Average::Micro),
            Metric::JaccardWeighted => self.share(Share::Jaccard, Average::Weighted),
            Metric::MatthewsCorrcoef => self.matthews_corrcoef(),
            _ => return None,
        })
    }

    fn share(&self, share: Share, average: Average) -> f64 {
        let of = |class: usize| share.of(self.right[class], self.target[class], self.predicted[class]);
        let present =
            || (0..self.target.len()).filter(|&class| self.target[class] + self.predicted[class] > 0.0);
        match average {
            Average::Binary => of(1),
            Average::Micro => share.of(self.right.iter().sum(), self.n_rows, self.n_rows),
            Average::Macro => present().map(of).sum::<f64>() / present().count() as f64,
            Average::Weighted => {
                present().map(|class| self.target[class] * of(class)).sum::<f64>() / self.n_rows
            }
        }
    }

    fn balanced_accuracy(&self) -> f64 {
        let recalls = self.right.iter().zip(&self.target);
        let (sum, n_classes) = recalls
            .filter(|(_, target)| **target > 0.0)
            .fold((0.0, 0.0), |(sum, n), (right, target)| {
                (sum + right / target, n + 1.0)
            });
        sum / n_classes
    }

    fn matthews_corrcoef(&self) -> f64 {
        let product = |left: &[f64], right: &[f64]| left.iter().zip(right).map(|(l, r)| l * r).sum::<f64>();
        let square = self.n_rows * self.n_rows;
        let spread_of_target = square - product(&self.target, &self.target);
        let spread_of_predicted = square - product(&self.predicted, &self.predicted);
        if spread_of_target == 0.0 || spread_of_predicted == 0.0 {
            return 0.0;
        }
        let shared = self.right.iter().sum::<f64>() * self.n_rows - product(&self.target, &self.predicted);
        // Two roots rather than the root of the product: this cannot leave the range.
        shared / (spread_of_target.sqrt() * spread_of_predicted.sqrt())
    }
}

impl Share {
    fn of(self, right: f64, target: f64, predicted: f64) -> f64 {
        let (part, whole) = match self {
            Share::Precision => (right, predicted),
            Share::Recall => (right, target),
            Share::F1 => (2.0 * right, target + predicted),
            Share::Jaccard => (right, target + predicted - right),
        };
        if whole == 0.0 { 0.0 } else { part / whole }
    }
}
