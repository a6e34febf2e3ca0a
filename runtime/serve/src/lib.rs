//! The HTTP front of a fitted model: rows in, predictions out, and word of who answers.
//!
//! A [`Service`] holds the version that answers; [`Service::swap`] and [`Service::replace`] exchange it and
//! its settings without dropping a request. [`serve`]
//! answers on a listener until it is told to stop, then drains. What Palladium's users know keeps its shape:
//! `/predict` by query or by a JSON list of rows, `/alive`, `/list`. A [`Predictor`] does the same without HTTP.

mod connection;
mod decode;
mod encode;
mod inputs;
mod limits;
mod loaded;
mod memory;
mod metadata;
mod predictor;
mod refusal;
mod routes;
mod server;
mod service;
mod settings;
mod state;
mod unpredictable;

pub use inputs::MappingError;
pub use limits::Limits;
pub use loaded::{LoadFailure, Loaded};
pub use predictor::{Predicted, Predictor, PredictorError, RequestError};
pub use refusal::ErrorCode;
pub use server::serve;
pub use service::Service;
pub use settings::{EntryPoint, Mapped, Settings, SettingsError, ValueKind};
