//! Refuses JSON that names a key twice: parsers let the first or the last win, and two readers would disagree.

use std::{collections::HashSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};

use crate::LoadError;

/// Whether no object of a JSON text, however deep, has two keys alike.
pub(super) fn check_distinct_keys(json: &[u8]) -> Result<(), LoadError> {
    match serde_json::from_slice(json) {
        Ok(Distinct) => Ok(()),
        Err(error) => Err(LoadError::invalid(format!("its header: {error}"))),
    }
}

/// JSON of any form whose keys were found to be distinct.
struct Distinct;

impl<'de> Deserialize<'de> for Distinct {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Distinct, D::Error> {
        deserializer.deserialize_any(DistinctVisitor)
    }
}

struct DistinctVisitor;

impl<'de> Visitor<'de> for DistinctVisitor {
    type Value = Distinct;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Distinct, A::Error> {
        let mut seen = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            let _: Distinct = map.next_value()?;
            if !seen.insert(key) {
                return Err(A::Error::custom("a key occurs twice"));
            }
        }
        Ok(Distinct)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Distinct, A::Error> {
        while let Some(Distinct) = seq.next_element()? {}
        Ok(Distinct)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Distinct, E> {
        Ok(Distinct)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Distinct, E> {
        Ok(Distinct)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Distinct, E> {
        Ok(Distinct)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Distinct, E> {
        Ok(Distinct)
    }

    fn visit_str<E>(self, _: &str) -> Result<Distinct, E> {
        Ok(Distinct)
    }

    fn visit_unit<E>(self) -> Result<Distinct, E> {
        Ok(Distinct)
    }
}

#[cfg(test)]
mod tests {
    use super::check_distinct_keys;

    #[test]
    fn a_key_may_come_again_in_another_object_only() {
        let check = |json: &str, is_fine: bool| {
            assert_eq!(check_distinct_keys(json.as_bytes()).is_ok(), is_fine, "{json}");
        };
        check(
            r#"{"a":1,"b":[{"a":-1},{"a":0.5}],"c":{"a":null,"b":true,"c":"a"}}"#,
            true,
        );
        check(r#"{"a":1,"a":1}"#, false);
        check(r#"{"a":1,"\u0061":2}"#, false);
        check(r#"[0,{"b":{"a":"x","a":"y"}}]"#, false);
        check(r#"{"a":1"#, false);
        check(&format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)), false);
    }
}
