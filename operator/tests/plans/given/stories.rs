//! How random stories are told.

use std::{num::NonZero, thread};

use proptest::{
    prelude::*,
    test_runner::{Config as ProptestConfig, RngSeed, TestCaseResult, TestRunner},
};

/// How many stories are told, and where those that go wrong are kept.
pub(crate) struct Stories {
    /// So many as take some seconds without optimization, and the same ones each time, so that a change breaks them and nothing
    /// else does. `PROPTEST_CASES` asks for so many others, on all cores.
    pub(crate) few: u32,
    /// How many shorter stories are tried of one that goes wrong.
    pub(crate) shorter: u32,
    /// `file!()`
    pub(crate) file: &'static str,
}

impl Stories {
    /// Tells stories of what `strategy` makes; it panics with the shortest one of which `tell` says that it goes wrong.
    pub(crate) fn each<S: Strategy>(
        &self,
        strategy: impl Fn() -> S + Sync,
        tell: impl Fn(S::Value) -> TestCaseResult + Sync,
    ) {
        let asked_for = ProptestConfig {
            max_shrink_iters: self.shorter,
            source_file: Some(self.file),
            ..ProptestConfig::default()
        };
        let run = |config: ProptestConfig| {
            if let Err(wrong) = TestRunner::new(config).run(&strategy(), &tell) {
                panic!("{wrong}");
            }
        };
        if std::env::var_os("PROPTEST_CASES").is_none() {
            return run(ProptestConfig {
                cases: self.few,
                rng_seed: RngSeed::Fixed(1),
                ..asked_for
            });
        }
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let share = ProptestConfig {
            cases: asked_for.cases.div_ceil(cores as u32),
            ..asked_for
        };
        // A thread that panics is told of when the scope ends.
        thread::scope(|scope| {
            for core in 0..cores as u64 {
                let rng_seed = match share.rng_seed {
                    RngSeed::Fixed(seed) => RngSeed::Fixed(seed.wrapping_add(core)),
                    RngSeed::Random => RngSeed::Random,
                };
                let config = ProptestConfig {
                    rng_seed,
                    ..share.clone()
                };
                scope.spawn(|| run(config));
            }
        });
    }
}
