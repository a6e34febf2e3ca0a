//! The HTTP front of a fitted model: rows in, predictions out, and word of who answers.
//!
//! A [`Service`] holds the version that answers; [`Service::swap`] and [`Service::replace`] exchange it and
//! its settings without dropping a request. [`serve`]
//! answers on a listener until it is told to stop, then drains. What Palladium's users know keeps its shape:
//! `/predict` by query or by a JSON list of rows, `/alive`, `/list`. A [`Predictor`] does the same without HTTP.

mod connection;
mod decode;
mod encode;
mod entry;
mod inputs;
mod limits;
mod loaded;
mod mapping_error;
mod memory;
mod metadata;
mod params;
mod predictor;
mod process;
mod progress;
mod refusal;
mod routes;
mod server;
mod service;
mod settings;
mod state;
mod unpredictable;

pub use limits::Limits;
pub use loaded::{LoadFailure, Loaded};
pub use mapping_error::MappingError;
pub use predictor::{Predicted, Predictor, PredictorError, RequestError};
pub use process::{Process, resident_bytes};
pub use progress::serve_alive;
pub use refusal::ErrorCode;
pub use server::serve;
pub use service::Service;
pub use settings::{EntryPoint, Mapped, Param, PredictMethod, Settings, SettingsError, ValueKind};
