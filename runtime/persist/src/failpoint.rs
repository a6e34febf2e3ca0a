//! Marks the places where a test may end the process, to see what is left behind.

/// A place between two steps of a change. Compiles to nothing unless the feature `failpoints` is on, as in tests alone.
macro_rules! failpoint {
    ($name:literal) => {
        #[cfg(feature = "failpoints")]
        fail::fail_point!($name);
    };
}
