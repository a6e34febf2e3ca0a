//! The settings of the program: flags, and the environment where a flag is not given.

use std::{net::SocketAddr, time::Duration};

use auriga_operator::{alive::Via, settings::Settings};
use clap::Parser;

/// Fits, keeps and serves the Models of a cluster.
#[derive(Debug, Parser)]
#[command(name = "auriga-operator", version)]
pub(crate) struct Arguments {
    /// Image of the pods that fit and serve
    #[arg(long, env = "AURIGA_IMAGE", default_value_t = Settings::default().image)]
    image: String,

    /// When a node asks the registry for the image: Always, IfNotPresent or Never
    #[arg(long, env = "AURIGA_IMAGE_PULL_POLICY", value_parser = ["Always", "IfNotPresent", "Never"])]
    image_pull_policy: Option<String>,

    /// Look after one namespace alone; all of them if absent
    #[arg(long, env = "AURIGA_NAMESPACE", value_name = "NAME")]
    pub(crate) namespace: Option<String>,

    /// What this operator calls itself among several that look after the same; the pod's name. If absent, one of this process
    #[arg(long, env = "POD_NAME", value_name = "NAME")]
    pub(crate) identity: Option<String>,

    /// How many Models, and how many TrainingJobs, are looked at at once
    #[arg(long, env = "AURIGA_CONCURRENCY", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) concurrency: u16,

    /// How many fits run at once
    #[arg(long, env = "AURIGA_MAX_FITS", default_value_t = Settings::default().max_fits)]
    max_fits: usize,

    /// How often a pod that fits is asked, such as 2s; more rarely while more than 20 fit
    #[arg(long, env = "AURIGA_POLL_FIT", default_value = "2s", value_parser = duration, value_name = "TIME")]
    poll_fit: Duration,

    /// How often pods are asked that load, are probed or activate
    #[arg(long, env = "AURIGA_POLL_ROLLOUT", default_value = "250ms", value_parser = duration, value_name = "TIME")]
    poll_rollout: Duration,

    /// How often pods are asked that answer requests
    #[arg(long, env = "AURIGA_POLL_SERVING", default_value = "10s", value_parser = duration, value_name = "TIME")]
    poll_serving: Duration,

    /// The least time between two fits of something that failed by the user's mistake, when nothing was edited
    #[arg(long, env = "AURIGA_RETRY_MISTAKE", default_value = "5m", value_parser = duration, value_name = "TIME")]
    retry_mistake: Duration,

    /// The way to pods and Services; from outside of the cluster, nodes apart, it is api-proxy, with the right to get
    /// pods/proxy and services/proxy
    #[arg(long, env = "AURIGA_ALIVE_VIA", value_enum, default_value = "pod-ip")]
    pub(crate) alive_via: Via,

    /// Where /metrics, /healthz and /readyz answer
    #[arg(
        long,
        env = "AURIGA_METRICS_LISTEN",
        default_value = "0.0.0.0:9090",
        value_name = "ADDRESS"
    )]
    pub(crate) metrics_listen: SocketAddr,

    /// The bug that tests are to find
    #[cfg(feature = "planted-bugs")]
    #[arg(long, env = "AURIGA_PLANTED_BUG", value_enum)]
    planted_bug: Option<auriga_operator::planted::Bug>,
}

impl Arguments {
    /// What decisions rest on.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            image: self.image.clone(),
            image_pull_policy: self.image_pull_policy.clone(),
            max_fits: self.max_fits,
            poll_fit: self.poll_fit,
            poll_rollout: self.poll_rollout,
            poll_serving: self.poll_serving,
            retry_mistake: self.retry_mistake,
            #[cfg(feature = "planted-bugs")]
            planted: self.planted_bug,
            ..Settings::default()
        }
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let duration: jiff::SignedDuration =
        (text.parse()).map_err(|_| "give a time with a unit, such as 250ms, 2s or 1m".to_owned())?;
    let duration = Duration::try_from(duration).map_err(|_| "give a time above zero".to_owned())?;
    if (Duration::from_millis(50)..=Duration::from_secs(3600)).contains(&duration) {
        Ok(duration)
    } else {
        Err("give a time between 50ms and 1h".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_and_defaults_become_settings() {
        let arguments =
            Arguments::try_parse_from(["auriga-operator", "--image", "a/b:c", "--poll-fit", "500ms"])
                .unwrap();
        let expected = Settings {
            image: "a/b:c".to_owned(),
            poll_fit: Duration::from_millis(500),
            ..Settings::default()
        };
        assert_eq!(arguments.settings(), expected);
    }

    #[test]
    fn a_time_has_a_unit_and_bounds() {
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        for text in ["2", "-1s", "0s", "10ms", "2h", "soon"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
