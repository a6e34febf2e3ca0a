//! Turns one value of a request into a cell of its column.

use std::fmt;

use auriga_learn::{Column, ColumnKind};

use crate::{
    ValueKind,
    inputs::{Accepts, Input},
    refusal::{Place, Refusal, cut, quoted},
};

/// One value as JSON has it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'a> {
    Null,
    Boolean(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(&'a str),
}

/// Why a value is not a cell; the caller knows the place.
#[derive(Debug, PartialEq)]
pub(crate) enum CellFault {
    WrongKind { found: String, wanted: &'static str },
    NotFinite { found: String },
}

/// The largest whole number up to which every whole number has its own f64.
const EXACT: f64 = 9_007_199_254_740_992.0;

impl fmt::Display for CellFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CellFault::WrongKind { found, wanted } => write!(f, "{found} is not {wanted}"),
            CellFault::NotFinite { found } => write!(f, "{found} is not a finite number"),
        }
    }
}

impl CellFault {
    /// The fault with its place.
    pub(crate) fn at(self, place: Place) -> Refusal {
        match self {
            CellFault::WrongKind { found, wanted } => Refusal::WrongKind { place, found, wanted },
            CellFault::NotFinite { found } => Refusal::NotFinite { place, found },
        }
    }
}

impl Input {
    /// Appends `value` to `cells`, the column that [`crate::inputs::Inputs::builders`] made for this input.
    pub(crate) fn push(&self, value: Value<'_>, cells: &mut Column) -> Result<(), CellFault> {
        if self.is_missing(value) {
            match cells {
                Column::Number(cells) => cells.push(f64::NAN),
                Column::Text(cells) => cells.push(None),
                Column::Boolean(cells) => cells.push(None),
            }
            return Ok(());
        }
        match cells {
            Column::Number(cells) => cells.push(self.number(value)?),
            Column::Text(cells) => cells.push(Some(self.text(value)?)),
            Column::Boolean(cells) => cells.push(Some(self.boolean(value)?)),
        }
        Ok(())
    }

    /// Appends a value of a query string, where everything is text: numbers and booleans are spelled.
    pub(crate) fn push_spelled(&self, text: &str, cells: &mut Column) -> Result<(), CellFault> {
        let value = match (self.accepts, self.feature.kind) {
            _ if text.is_empty() => Value::Null,
            (Accepts::Exactly, ColumnKind::Number) => Value::Float(spelled_number(text)?),
            (Accepts::Exactly, ColumnKind::Boolean) => match text {
                "true" => Value::Boolean(true),
                "false" => Value::Boolean(false),
                _ => return Err(wrong(Value::Text(text), "true or false")),
            },
            _ => Value::Text(text),
        };
        self.push(value, cells)
    }

    /// Whether the value says nothing: `null`, or the empty text where a text is taken. A CSV file cannot tell the two
    /// apart, so that no model knows the empty text as a category.
    fn is_missing(&self, value: Value<'_>) -> bool {
        match value {
            Value::Null => true,
            Value::Text("") => self.accepts != Accepts::Exactly || self.feature.kind == ColumnKind::Text,
            _ => false,
        }
    }

    fn number(&self, value: Value<'_>) -> Result<f64, CellFault> {
        let number = match (self.accepts, value) {
            (Accepts::As(ValueKind::Bool), _) => return self.boolean(value).map(f64::from),
            (Accepts::As(_), Value::Text(text)) => spelled_number(text)?,
            (_, Value::Unsigned(number)) => number as f64,
            (_, Value::Signed(number)) => number as f64,
            (_, Value::Float(number)) => number,
            _ => return Err(wrong(value, "a number")),
        };
        if self.accepts == Accepts::As(ValueKind::Int) {
            if number.fract() != 0.0 {
                return Err(wrong(value, "a whole number"));
            }
            if number.abs() > EXACT {
                return Err(wrong(value, "a whole number of at most 2^53 in size"));
            }
        }
        Ok(number)
    }

    fn text(&self, value: Value<'_>) -> Result<String, CellFault> {
        match (self.accepts, value) {
            (_, Value::Text(text)) => Ok(text.to_owned()),
            (Accepts::As(_), _) => Ok(spelling(value)),
            (Accepts::Exactly, _) => Err(wrong(value, "a text")),
        }
    }

    fn boolean(&self, value: Value<'_>) -> Result<bool, CellFault> {
        const WANTED: &str = "true, false, 1 or 0";
        match (self.accepts, value) {
            (_, Value::Boolean(boolean)) => Ok(boolean),
            (Accepts::Exactly, _) => Err(wrong(value, "true or false")),
            (_, Value::Unsigned(number @ (0 | 1))) => Ok(number == 1),
            (_, Value::Float(number)) if number == 0.0 || number == 1.0 => Ok(number == 1.0),
            (_, Value::Text(text)) => match text.trim() {
                "1" => Ok(true),
                "0" => Ok(false),
                text if text.eq_ignore_ascii_case("true") => Ok(true),
                text if text.eq_ignore_ascii_case("false") => Ok(false),
                _ => Err(wrong(value, WANTED)),
            },
            _ => Err(wrong(value, WANTED)),
        }
    }
}

/// A number in decimal notation, with or without an exponent, spaces around it allowed.
fn spelled_number(text: &str) -> Result<f64, CellFault> {
    match text.trim().parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        Ok(_) => Err(CellFault::NotFinite { found: cut(text) }),
        Err(_) => Err(wrong(Value::Text(text), "a number")),
    }
}

fn wrong(value: Value<'_>, wanted: &'static str) -> CellFault {
    let found = match value {
        Value::Text(text) => quoted(text),
        other => spelling(other),
    };
    CellFault::WrongKind { found, wanted }
}

/// The value as JSON would write it, without quotes.
fn spelling(value: Value<'_>) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Boolean(boolean) => boolean.to_string(),
        Value::Unsigned(number) => number.to_string(),
        Value::Signed(number) => number.to_string(),
        Value::Float(number) => {
            serde_json::Number::from_f64(number).map_or_else(|| number.to_string(), |n| n.to_string())
        }
        Value::Text(text) => text.to_owned(),
    }
}
