//! The machine's clock, and when it was set.
//!
//! Deadlines are counted between times that were written down. Where a clock is set right by an hour in between, the difference
//! says nothing; so that a version is not given up for that, whoever counts a deadline begins anew when the clock was set. The
//! time itself follows the machine's at once: what the API server and the kubelets write down is compared with it.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};

use crate::context::lock;

/// How far the clock may be from the time that has passed before it counts as set: it is always slewed a little.
const SET: SignedDuration = SignedDuration::from_secs(5);

/// The machine's clock.
#[derive(Debug)]
pub struct Clock {
    told: Mutex<Told>,
}

#[derive(Debug)]
struct Told {
    read: Instant,
    machine: Timestamp,
    set_at: Option<Timestamp>,
}

impl Default for Clock {
    fn default() -> Clock {
        Clock::from(Instant::now(), Timestamp::now())
    }
}

impl Clock {
    fn from(read: Instant, machine: Timestamp) -> Clock {
        let told = Told {
            read,
            machine,
            set_at: None,
        };
        Clock {
            told: Mutex::new(told),
        }
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.tell(Instant::now(), Timestamp::now())
    }

    /// When the clock was set last, by its own time, as far as that was noticed; `None`: it was not since this program began.
    pub fn set_at(&self) -> Option<Timestamp> {
        self.now();
        lock(&self.told).set_at
    }

    fn tell(&self, read: Instant, machine: Timestamp) -> Timestamp {
        let mut told = lock(&self.told);
        let passed = read.saturating_duration_since(told.read);
        let by = machine.duration_since(told.machine) - signed(passed);
        if by.abs() > SET {
            tracing::warn!("this machine's clock was set to {machine}, by {by:#}; deadlines begin anew");
            told.set_at = Some(machine);
        }
        (told.read, told.machine) = (read, machine);
        machine
    }
}

fn signed(time: Duration) -> SignedDuration {
    SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_says_when_and_goes_on_from_there() {
        let (start, read) = (Timestamp::from_second(1_000_000).unwrap(), Instant::now());
        let clock = Clock::from(read, start);
        let set_at = || lock(&clock.told).set_at;
        let tell = |passed: u64, machine: i64| {
            let machine = Timestamp::from_second(1_000_000 + machine).unwrap();
            assert_eq!(clock.tell(read + Duration::from_secs(passed), machine), machine);
            machine
        };
        tell(60, 60);
        tell(3600, 3602);
        assert_eq!(set_at(), None, "it is slewed");
        let ahead = tell(3601, 7200);
        assert_eq!(set_at(), Some(ahead));
        tell(3700, 7299);
        assert_eq!(set_at(), Some(ahead));
        let back = tell(3701, 3701);
        assert_eq!(set_at(), Some(back));
    }
}
