//! Passes over the value of a column that the entry point does not know.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::Reader;
use crate::refusal::Refusal;

/// Levels of lists and objects that an ignored value may have: few enough for any thread's stack, and below the 128 at
/// which serde_json stops with words that name no column.
const MAX_DEPTH: usize = 100;

/// A value that is read to its end and forgotten.
pub(super) struct Ignored<'r, 'i> {
    pub(super) reader: &'r mut Reader<'i>,
    /// Lists and objects around it, those of the rows not counted.
    pub(super) depth: usize,
}

impl<'de> DeserializeSeed<'de> for Ignored<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Ignored<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut values: A) -> Result<(), A::Error> {
        while values.next_element_seed(self.inner()?)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut values: A) -> Result<(), A::Error> {
        while values.next_key::<IgnoredAny>()?.is_some() {
            values.next_value_seed(self.inner()?)?;
        }
        Ok(())
    }
}

impl<'i> Ignored<'_, 'i> {
    /// A value in this list or object.
    fn inner<E: de::Error>(&mut self) -> Result<Ignored<'_, 'i>, E> {
        let depth = self.depth + 1;
        if depth > MAX_DEPTH {
            let place = self.reader.place(&self.reader.ignored_name);
            return Err(self.reader.refuse(Refusal::Nested {
                place,
                limit: MAX_DEPTH,
            }));
        }
        Ok(Ignored {
            reader: self.reader,
            depth,
        })
    }
}
