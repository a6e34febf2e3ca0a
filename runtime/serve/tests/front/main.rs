//! The service as its clients see it: real listeners, real connections, really fitted models.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests may panic as the tests themselves do"
)]

mod alive;
mod bad_requests;
mod client;
mod fixture;
mod limits;
mod list;
mod predict_get;
mod predict_post;
mod predictor;
mod shutdown;
mod swap;
