//! Reads a JSON list of row objects straight into columns, without a tree of values in between.

mod ignored;

use std::{collections::HashSet, fmt};

use auriga_learn::{Column, near};
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use self::ignored::Ignored;
use super::{Rows, cell::Value, fault::not_json};
use crate::{
    inputs::Inputs,
    refusal::{Place, Refusal},
};

/// The rows of `body`, at most `max_rows` of them.
pub(crate) fn json_rows(inputs: &Inputs, body: &[u8], max_rows: usize) -> Result<Rows, Refusal> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(Refusal::NoBody {
            wanted: wanted(inputs),
        });
    }
    let mut reader = Reader {
        inputs,
        max_rows,
        cells: inputs.builders(),
        row: 0,
        seen_in: vec![0; inputs.columns().len()],
        ignored_names: HashSet::new(),
        ignored: 0,
        ignored_name: String::new(),
        current: None,
        refusal: None,
    };
    let mut json = serde_json::Deserializer::from_slice(body);
    let parsed = List(&mut reader).deserialize(&mut json).and_then(|()| json.end());
    match (parsed, reader.refusal.take()) {
        (_, Some(refusal)) => Err(refusal),
        (Err(error), None) => Err(not_json(body, &error, reader.current_place())),
        (Ok(()), None) if reader.row == 0 => Err(Refusal::NoRows {
            example: example(inputs),
        }),
        (Ok(()), None) => Ok(Rows::new(inputs, reader.cells, reader.ignored)),
    }
}

/// What a body is to be a list of, for those who sent something else.
fn wanted(inputs: &Inputs) -> &'static str {
    match inputs.unwraps {
        true => "values: [value], or of rows: [{\"column\": value}]",
        false => "rows: [{\"column\": value}]",
    }
}

fn example(inputs: &Inputs) -> &'static str {
    match inputs.unwraps {
        true => "[value], or [{\"column\": value}]",
        false => "[{\"column\": value}]",
    }
}

/// What has been read so far. Faults of ours are kept here, because an error of serde_json is only a text.
struct Reader<'i> {
    inputs: &'i Inputs,
    max_rows: usize,
    cells: Vec<Column>,
    /// The row being read, counted from 1.
    row: usize,
    /// By column, the last row that had it.
    seen_in: Vec<usize>,
    /// Names of the current row's columns that the entry point does not know.
    ignored_names: HashSet<String>,
    ignored: u64,
    /// The latest of them; only a fault in its value asks for it.
    ignored_name: String,
    /// The column being read.
    current: Option<usize>,
    refusal: Option<Refusal>,
}

impl Reader<'_> {
    fn refuse<E: de::Error>(&mut self, refusal: Refusal) -> E {
        self.refusal = Some(refusal);
        E::custom("refused")
    }

    fn place(&self, column: &str) -> Place {
        Place {
            row: Some(self.row),
            column: column.to_owned(),
        }
    }

    fn current_place(&self) -> Option<Place> {
        self.current.map(|at| self.place(&self.inputs.columns()[at].name))
    }

    /// Where the column called `name` stands, or `None` if its value is to be ignored.
    fn enter(&mut self, name: &str, expected: usize) -> Result<Option<usize>, Refusal> {
        let Some(at) = self.inputs.position(name, expected) else {
            if self.inputs.strict {
                let near = self.inputs.near(name);
                let place = self.place(name);
                return Err(Refusal::UnknownColumn { place, near });
            }
            if !self.ignored_names.insert(name.to_owned()) {
                let place = self.place(name);
                return Err(Refusal::DuplicateColumn { place });
            }
            self.ignored_name.clear();
            self.ignored_name.push_str(name);
            self.ignored += 1;
            return Ok(None);
        };
        if self.seen_in[at] == self.row {
            let place = self.place(name);
            return Err(Refusal::DuplicateColumn { place });
        }
        self.seen_in[at] = self.row;
        Ok(Some(at))
    }

    /// Counts the row that comes.
    fn begin_row<E: de::Error>(&mut self) -> Result<(), E> {
        self.row += 1;
        let limit = self.max_rows;
        if self.row > limit {
            return Err(self.refuse(Refusal::TooManyRows { limit }));
        }
        Ok(())
    }

    fn finish_row(&mut self) -> Result<(), Refusal> {
        if let Some(at) = self.seen_in.iter().position(|row| *row != self.row) {
            let name = &self.inputs.columns()[at].name;
            return Err(Refusal::MissingColumn {
                place: self.place(name),
                near: near(name, &self.ignored_names),
            });
        }
        self.ignored_names.clear();
        Ok(())
    }
}

struct List<'r, 'i>(&'r mut Reader<'i>);

struct Row<'r, 'i>(&'r mut Reader<'i>);

struct Name<'r, 'i> {
    reader: &'r mut Reader<'i>,
    expected: usize,
}

struct CellOf<'r, 'i> {
    reader: &'r mut Reader<'i>,
    column: usize,
}

macro_rules! visits_anything {
    ($seed:ident) => {
        impl<'de> DeserializeSeed<'de> for $seed<'_, '_> {
            type Value = ();
            fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
                json.deserialize_any(self)
            }
        }
    };
}

visits_anything!(List);
visits_anything!(Row);
visits_anything!(CellOf);

macro_rules! refuses {
    ($($method:ident($argument:ty) => $found:literal),*) => {
        $(fn $method<E: de::Error>(self, _: $argument) -> Result<(), E> {
            Err(self.refuse($found))
        })*
        fn visit_unit<E: de::Error>(self) -> Result<(), E> {
            Err(self.refuse("null"))
        }
    };
}

impl<'de> Visitor<'de> for List<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        while rows.next_element_seed(Row(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        Err(self.0.refuse(Refusal::NotWrapped))
    }

    refuses!(
        visit_bool(bool) => "a boolean",
        visit_u64(u64) => "a number",
        visit_i64(i64) => "a number",
        visit_f64(f64) => "a number",
        visit_str(&str) => "a text"
    );
}

impl List<'_, '_> {
    fn refuse<E: de::Error>(self, found: &'static str) -> E {
        let wanted = wanted(self.0.inputs);
        self.0.refuse(Refusal::NotAList { found, wanted })
    }
}

impl<'de> Visitor<'de> for Row<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut values: A) -> Result<(), A::Error> {
        let reader = self.0;
        reader.begin_row()?;
        let mut expected = 0;
        while let Some(column) = values.next_key_seed(Name { reader, expected })? {
            if let Some(at) = column {
                expected = at + 1;
            }
            reader.current = column;
            match column {
                Some(column) => values.next_value_seed(CellOf { reader, column })?,
                None => values.next_value_seed(Ignored { reader, depth: 0 })?,
            }
            reader.current = None;
        }
        reader.finish_row().map_err(|refusal| reader.refuse(refusal))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        Err(self.refuse("a list"))
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        self.bare(Value::Null, "null")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<(), E> {
        self.bare(Value::Boolean(value), "a boolean")
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<(), E> {
        self.bare(Value::Unsigned(value), "a number")
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<(), E> {
        self.bare(Value::Signed(value), "a number")
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<(), E> {
        self.bare(Value::Float(value), "a number")
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<(), E> {
        self.bare(Value::Text(value), "a text")
    }
}

impl Row<'_, '_> {
    /// The row is a value without its column's name.
    fn bare<E: de::Error>(self, value: Value<'_>, found: &'static str) -> Result<(), E> {
        let reader = self.0;
        if !reader.inputs.unwraps {
            return Err(Row(reader).refuse(found));
        }
        reader.begin_row()?;
        CellOf { reader, column: 0 }.take(value)
    }

    fn refuse<E: de::Error>(self, found: &'static str) -> E {
        let row = self.0.row + 1;
        let wanted = match self.0.inputs.unwraps {
            true => "a single value, or as an object: {\"column\": value}",
            false => "an object: {\"column\": value}",
        };
        self.0.refuse(Refusal::NotARow { row, found, wanted })
    }
}

impl<'de> DeserializeSeed<'de> for Name<'_, '_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Option<usize>, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name<'_, '_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a column name")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Option<usize>, E> {
        self.reader
            .enter(name, self.expected)
            .map_err(|refusal| self.reader.refuse(refusal))
    }
}

impl CellOf<'_, '_> {
    fn take<E: de::Error>(self, value: Value<'_>) -> Result<(), E> {
        let inputs = self.reader.inputs;
        let input = &inputs.columns()[self.column];
        input
            .push(value, &mut self.reader.cells[self.column])
            .map_err(|fault| {
                let place = self.reader.place(&input.name);
                self.reader.refuse(fault.at(place))
            })
    }

    fn refuse_nested<E: de::Error>(self, found: &'static str) -> E {
        let refusal = Refusal::WrongKind {
            place: self.reader.place(&self.reader.inputs.columns()[self.column].name),
            found: found.to_owned(),
            wanted: "a single value",
        };
        self.reader.refuse(refusal)
    }
}

impl<'de> Visitor<'de> for CellOf<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        self.take(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<(), E> {
        self.take(Value::Boolean(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<(), E> {
        self.take(Value::Unsigned(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<(), E> {
        self.take(Value::Signed(value))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<(), E> {
        self.take(Value::Float(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<(), E> {
        self.take(Value::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        Err(self.refuse_nested("a list"))
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        Err(self.refuse_nested("an object"))
    }
}
