//! The HTTP front of a fitted model.

mod decode;
mod inputs;
mod limits;
mod refusal;
mod settings;

pub use inputs::MappingError;
pub use limits::Limits;
pub use refusal::ErrorCode;
pub use settings::{EntryPoint, Mapped, Settings, SettingsError, ValueKind};
