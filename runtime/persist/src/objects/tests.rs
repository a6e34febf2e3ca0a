//! What only shows from within.
