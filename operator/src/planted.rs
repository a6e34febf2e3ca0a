//! Bugs that are planted on purpose: a net that catches nothing may be a good operator's or a bad net's, and only this tells.
//!
//! Each is one that other operators had, where it would be made here. They are switched on by a setting that exists in
//! builds with the feature `planted-bugs` alone; images are made without it, and looked through for its name.

use crate::settings::Settings;

/// A bug that can be planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "planted-bugs", derive(clap::ValueEnum))]
pub enum Bug {
    /// An object that has the right name is taken for ours, whoever owns it.
    AdoptByName,
    /// Where the manifest of a fit is there, its Job is taken to be there too.
    OneCheckTwoWrites,
    /// What the operator has written is not remembered until a watch tells it.
    StaleCache,
}

impl Settings {
    /// Whether this bug is planted.
    #[cfg(feature = "planted-bugs")]
    pub fn has_planted(&self, bug: Bug) -> bool {
        self.planted == Some(bug)
    }

    /// Never: this build has no bugs on purpose.
    #[cfg(not(feature = "planted-bugs"))]
    pub fn has_planted(&self, _bug: Bug) -> bool {
        false
    }
}
