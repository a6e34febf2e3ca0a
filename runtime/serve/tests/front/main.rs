//! The service as its clients see it: real listeners, real connections, really fitted models.

mod alive;
mod bad_requests;
mod client;
mod fixture;
mod limits;
mod list;
mod predict_get;
mod predict_post;
mod shutdown;
mod swap;
