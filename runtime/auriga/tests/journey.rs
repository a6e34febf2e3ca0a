//! From a manifest to answers, as users walk it: whole processes, real requests, a store on disk.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests may panic as the tests themselves do"
)]

#[path = "support/shared.rs"]
mod support;

mod journey {
    mod load;
    mod workbench;

    mod change;
    mod config_map;
    mod damage;
    mod entry_points;
    mod examples;
    mod folder;
    mod follow;
    mod kill;
    mod outage;
    mod postgres;
    mod restart;
    mod signals;
    mod together;
}
