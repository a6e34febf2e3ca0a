//! Clients that ask a Model all the time, and what came of their requests.

use auriga_e2e::{IRIS_ROW, Load, Running, Sent, Space};

/// Clients at work: half of them keep their connections.
pub(crate) struct Clients([Running; 2]);

/// What came of their requests.
pub(crate) struct Answers {
    /// How many were sent.
    pub(crate) sent: usize,
    /// Those that were not answered with 200, for people.
    pub(crate) failed: Vec<String>,
    /// How long each took since it was due, in milliseconds.
    pub(crate) took: Vec<f64>,
}

impl Clients {
    /// Lets them ask the Model iris a hundred times per second.
    pub(crate) async fn begin(space: &Space) -> Clients {
        let address = space.address("iris").await;
        Clients([true, false].map(|keep_alive| {
            let load = Load {
                address,
                path: IRIS_ROW.to_owned(),
                rate: 50,
                clients: 5,
                keep_alive,
            };
            load.start()
        }))
    }

    /// Lets them end.
    pub(crate) async fn end(self) -> Answers {
        let mut sent = Vec::new();
        for running in self.0 {
            sent.extend(running.stop().await);
        }
        sent.sort_by_key(|one| one.at);
        Answers::of(&sent)
    }
}

impl Answers {
    pub(crate) fn of(sent: &[Sent]) -> Answers {
        let took = |one: &Sent| one.answered_at.duration_since(one.due).as_secs_f64() * 1000.0;
        Answers {
            sent: sent.len(),
            failed: sent.iter().filter_map(failure).collect(),
            took: sent.iter().map(took).collect(),
        }
    }

    /// Whether all went well.
    ///
    /// Errors: how many failed, and how the first and the last of them did.
    pub(crate) fn all_well(&self) -> Result<(), String> {
        let (count, sent) = (self.failed.len(), self.sent);
        match self.failed.as_slice() {
            _ if sent == 0 => Err("no request was sent".to_owned()),
            [] => Ok(()),
            [only] => Err(format!("1 of {sent} requests failed, {only}")),
            [first, .., last] => Err(format!(
                "{count} of {sent} requests failed, the first {first}, the last {last}"
            )),
        }
    }
}

/// The time within which 99 of 100 were answered that took these times; zero if there are none.
pub(crate) fn p99(took: &[f64]) -> f64 {
    let mut took = took.to_vec();
    took.sort_by(f64::total_cmp);
    let at = (took.len() * 99).div_ceil(100).saturating_sub(1);
    took.get(at).copied().unwrap_or_default()
}

fn failure(sent: &Sent) -> Option<String> {
    let why = match &sent.answer {
        Ok(answer) if answer.code == 200 => return None,
        Ok(answer) => format!("{} {}", answer.code, answer.body),
        Err(words) => words.clone(),
    };
    Some(format!("at {}: {why}", sent.at))
}

#[cfg(test)]
mod tests {
    use auriga_e2e::Answer;

    use super::*;

    fn sent(milliseconds: i64, answer: Result<u16, &str>) -> Sent {
        let at = jiff::Timestamp::UNIX_EPOCH;
        Sent {
            due: at,
            at,
            answered_at: at + jiff::SignedDuration::from_millis(milliseconds),
            answer: answer.map_err(str::to_owned).map(|code| Answer {
                code,
                version: Some(1),
                body: String::new(),
            }),
        }
    }

    #[test]
    fn a_request_that_failed_is_told_and_the_slowest_hundredth_is_left_out() {
        let mut all: Vec<Sent> = (1..=99).map(|time| sent(time, Ok(200))).collect();
        all.push(sent(5000, Ok(200)));
        let answers = Answers::of(&all);
        assert_eq!((answers.sent, answers.all_well()), (100, Ok(())));
        assert!((p99(&answers.took) - 99.0).abs() < 1e-9, "{:?}", answers.took);
        all.push(sent(1, Err("refused")));
        let words = Answers::of(&all).all_well().unwrap_err();
        assert!(
            words.starts_with("1 of 101") && words.ends_with("refused"),
            "{words}"
        );
        all.push(sent(2, Err("reset")));
        let words = Answers::of(&all).all_well().unwrap_err();
        assert!(
            words.contains("the first at") && words.ends_with("reset"),
            "{words}"
        );
        assert!(Answers::of(&[]).all_well().is_err());
    }
}
