//! What the operator was told when it was started.

use std::time::Duration;

/// Settings that decisions rest on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The image of the pods that fit and serve.
    pub image: String,
    /// When a node asks the registry for it: `Always`, `IfNotPresent` or `Never`; `None`: as Kubernetes sees fit.
    pub image_pull_policy: Option<String>,
    /// How many fits run at once in all namespaces that the operator looks after.
    pub max_fits: usize,
    /// How often a pod that fits is asked, while few do.
    pub poll_fit: Duration,
    /// How often pods are asked while they load, are probed or activate.
    pub poll_rollout: Duration,
    /// How often pods are asked that answer requests.
    pub poll_serving: Duration,
    /// How many times in a row a pod must have answered well before its version is activated.
    pub passes: u32,
    /// How long the pods of a version that lost the traffic keep running, once requests arrive at the others: the last answers
    /// are given, and the way back is short.
    pub drain: Duration,
    /// The least time between two fits of something that failed by the user's mistake, when nothing was edited.
    pub retry_mistake: Duration,
    /// The bug that tests are to find.
    #[cfg(feature = "planted-bugs")]
    pub planted: Option<crate::planted::Bug>,
}

/// The least time between two polls of pods that fit, whichever they are.
const FITS_APART: Duration = Duration::from_millis(100);

impl Settings {
    /// How often each pod is asked while so many fit. What they say is written down each time, in two objects: many fits
    /// would else take all the requests, and those that are yet to begin would wait among their looks.
    pub fn poll_each_of(&self, fits: usize) -> Duration {
        let fits = u32::try_from(fits).unwrap_or(u32::MAX);
        self.poll_fit.max(FITS_APART.saturating_mul(fits))
    }
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            image: "docker.io/auriga/auriga:dev".to_owned(),
            image_pull_policy: None,
            max_fits: 8,
            poll_fit: Duration::from_secs(2),
            poll_rollout: Duration::from_millis(250),
            poll_serving: Duration::from_secs(10),
            passes: 2,
            drain: Duration::from_secs(10),
            retry_mistake: Duration::from_secs(300),
            #[cfg(feature = "planted-bugs")]
            planted: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pods_that_fit_are_asked_more_rarely_the_more_there_are() {
        let settings = Settings::default();
        let seconds = |fits| settings.poll_each_of(fits).as_secs_f64();
        assert_eq!(
            [seconds(0), seconds(1), seconds(20), seconds(500)],
            [2.0, 2.0, 2.0, 50.0]
        );
        let rarely = Settings {
            poll_fit: Duration::from_secs(60),
            ..settings
        };
        assert_eq!(rarely.poll_each_of(500), Duration::from_secs(60));
    }
}
