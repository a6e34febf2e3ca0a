//! Waits for what is to become true, with a deadline.

use std::time::{Duration, Instant};

use auriga_crds::{Condition, ConditionStatus};

/// The first pause between two questions; each further one is a quarter longer.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest of them: what is slow to come true is asked for less often, since each question takes from the two cores that
/// it waits for.
const LONGEST_PAUSE: Duration = Duration::from_millis(400);

/// So many seconds.
pub(crate) fn within(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Asks again and again until there is an answer.
///
/// Panics after `deadline`, with `what` was waited for.
pub async fn until<T>(deadline: Duration, what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(start.elapsed() < deadline, "not within {deadline:?}: {what}");
        tokio::time::sleep(pause).await;
        pause = pause.mul_f64(1.25).min(LONGEST_PAUSE);
    }
}

/// [`until`] with a deadline of a minute.
pub async fn eventually<T>(what: &str, ask: impl AsyncFnMut() -> Option<T>) -> T {
    until(within(60), what, ask).await
}

/// The condition of this type.
pub fn condition<'a>(conditions: &'a [Condition], kind: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.kind == kind)
}

/// The reason of the condition of this type, if it has this status.
pub fn reason<'a>(conditions: &'a [Condition], kind: &str, status: ConditionStatus) -> Option<&'a str> {
    condition(conditions, kind)
        .filter(|condition| condition.status == status)
        .map(|condition| condition.reason.as_str())
}
