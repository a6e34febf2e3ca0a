//! The time that decisions rest on. It never jumps: deadlines, drains and pauses are counted between times that were written
//! down, and a clock that is set right by an hour must not end them all at once, or hold them up for an hour.
//!
//! It starts with the machine's clock, goes on with the time that has passed since, and approaches the machine's clock where
//! the two differ, as a computer's clock is slewed (adjtime(3)): by a tenth of the time that passes.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};

use crate::context::lock;

/// The part of the time that passes by which the difference shrinks.
const SLEW: u32 = 10;
/// A difference that people should know of.
const APART: SignedDuration = SignedDuration::from_secs(60);

/// A clock that never jumps.
#[derive(Debug)]
pub struct Clock {
    told: Mutex<Told>,
}

#[derive(Debug)]
struct Told {
    read: Instant,
    time: Timestamp,
    is_apart: bool,
}

impl Default for Clock {
    fn default() -> Clock {
        let told = Told {
            read: Instant::now(),
            time: Timestamp::now(),
            is_apart: false,
        };
        Clock {
            told: Mutex::new(told),
        }
    }
}

impl Clock {
    /// The time.
    pub fn now(&self) -> Timestamp {
        let mut told = lock(&self.told);
        let (read, machine) = (Instant::now(), Timestamp::now());
        let passed = read.saturating_duration_since(told.read);
        let time = slewed(told.time, passed, machine);
        let apart = machine.duration_since(time).abs();
        if apart > APART && !told.is_apart {
            tracing::warn!(
                "this machine's clock was set to {machine}, {apart:#} from the time that has passed; deadlines are not cut short \
                 by that, and the difference shrinks by a tenth of the time that passes, or at the next start"
            );
        }
        *told = Told {
            read,
            time,
            is_apart: apart > APART,
        };
        time
    }
}

/// The time when so much has `passed` since `told`, and the machine's clock says `machine`.
fn slewed(told: Timestamp, passed: Duration, machine: Timestamp) -> Timestamp {
    let later = |time: Timestamp, by: SignedDuration| time.saturating_add(by).unwrap_or(time);
    let signed = |time: Duration| SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
    let steady = later(told, signed(passed));
    let most = signed(passed / SLEW);
    later(steady, machine.duration_since(steady).clamp(-most, most))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told second by second after the machine's clock was set by `jump` seconds.
    fn after_a_jump(jump: i64, seconds: u64) -> Vec<i64> {
        let start = Timestamp::from_second(1_000_000).unwrap();
        let mut told = start;
        (1..=seconds)
            .map(|passed| {
                let passed = i64::try_from(passed).unwrap();
                let machine = Timestamp::from_second(1_000_000 + passed + jump).unwrap();
                told = slewed(told, Duration::from_secs(1), machine);
                told.duration_since(start).as_secs()
            })
            .collect()
    }

    #[test]
    fn a_clock_that_is_set_by_an_hour_ends_no_deadline_and_holds_none_up() {
        assert_eq!(after_a_jump(3600, 120).last(), Some(&132));
        assert_eq!(after_a_jump(-3600, 120).last(), Some(&108));
    }

    #[test]
    fn the_machines_clock_is_reached_in_the_end_and_followed_from_then_on() {
        for jump in [60, -60] {
            let told = after_a_jump(jump, 700);
            assert!(told.is_sorted(), "time goes on");
            assert_eq!(told.last(), Some(&(700 + jump)));
        }
        assert_eq!(after_a_jump(0, 5), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn it_begins_with_the_machines_clock() {
        let told = Clock::default().now();
        assert!(told.duration_since(Timestamp::now()).abs() < SignedDuration::from_secs(10));
    }
}
