//! Takes the arrays of a model out of its file, and checks every one.

use std::collections::{BTreeMap, BTreeSet};

use ndarray::Array2;
use safetensors::{Dtype, tensor::TensorView};

use super::Part;
use crate::{Column, ColumnKind, LoadError};

/// The arrays of a model file that were not taken yet.
pub(crate) struct Reader<'b> {
    tensors: BTreeMap<String, TensorView<'b>>,
}

/// The arrays and switches of one part of a model.
pub(crate) struct PartReader<'r, 'b> {
    reader: &'r mut Reader<'b>,
    name: String,
    part: &'r Part,
    facts_left: BTreeSet<&'r str>,
}

impl<'b> Reader<'b> {
    pub(super) fn new(tensors: Vec<(String, TensorView<'b>)>) -> Reader<'b> {
        Reader {
            tensors: tensors.into_iter().collect(),
        }
    }

    /// Turns to a part: its name in the arrays, and what the header says of it.
    pub(crate) fn part<'r>(&'r mut self, name: &str, part: &'r Part) -> PartReader<'r, 'b> {
        PartReader {
            reader: self,
            name: name.to_owned(),
            part,
            facts_left: part.facts.keys().map(String::as_str).collect(),
        }
    }

    /// Ends the reading: every array must have been taken.
    pub(crate) fn finish(self) -> Result<(), LoadError> {
        match self.tensors.keys().next() {
            Some(name) => Err(LoadError::invalid(format!(
                "array \"{name}\" is no part of such a model"
            ))),
            None => Ok(()),
        }
    }
}

impl<'b> PartReader<'_, 'b> {
    /// Ends a part: every switch must have been read.
    pub(crate) fn finish(self) -> Result<(), LoadError> {
        match self.facts_left.first() {
            Some(fact) => Err(self.invalid(fact, "is no switch of such a part")),
            None => Ok(()),
        }
    }

    /// A switch.
    pub(crate) fn fact(&mut self, name: &str) -> Result<bool, LoadError> {
        self.facts_left.remove(name);
        self.part
            .facts
            .get(name)
            .copied()
            .ok_or_else(|| self.invalid(name, "is not there"))
    }

    /// Finite numbers.
    pub(crate) fn numbers(&mut self, name: &str) -> Result<Vec<f64>, LoadError> {
        let (shape, numbers) = self.finite(name)?;
        match shape.len() {
            1 => Ok(numbers),
            _ => Err(self.invalid(name, "is not one row of numbers")),
        }
    }

    /// Rows of finite numbers.
    pub(crate) fn matrix(&mut self, name: &str) -> Result<Array2<f64>, LoadError> {
        let (shape, numbers) = self.finite(name)?;
        match *shape.as_slice() {
            [n_rows, n_columns] => Array2::from_shape_vec((n_rows, n_columns), numbers)
                .map_err(|_| self.invalid(name, "has another shape than its header says")),
            _ => Err(self.invalid(name, "is no matrix")),
        }
    }

    /// Positions and counts.
    pub(crate) fn counts(&mut self, name: &str) -> Result<Vec<usize>, LoadError> {
        let (shape, data) = self.take(name, Dtype::I64)?;
        let counts = words(data).map(|word| usize::try_from(i64::from_le_bytes(word)).ok());
        match (shape.len(), counts.collect()) {
            (1, Some(counts)) => Ok(counts),
            _ => Err(self.invalid(name, "is not one row of counts")),
        }
    }

    /// Positions below 2³², where there are many.
    pub(crate) fn indices(&mut self, name: &str) -> Result<Vec<u32>, LoadError> {
        let (shape, data) = self.take(name, Dtype::U32)?;
        match shape.len() {
            1 => Ok(data
                .as_chunks()
                .0
                .iter()
                .map(|&word| u32::from_le_bytes(word))
                .collect()),
            _ => Err(self.invalid(name, "is not one row of positions")),
        }
    }

    /// A single count.
    pub(crate) fn count(&mut self, name: &str) -> Result<usize, LoadError> {
        match *self.counts(name)?.as_slice() {
            [count] => Ok(count),
            _ => Err(self.invalid(name, "is not one count")),
        }
    }

    /// Booleans.
    pub(crate) fn booleans(&mut self, name: &str) -> Result<Vec<bool>, LoadError> {
        self.bytes(name, |byte| match byte {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        })
    }

    /// Kinds of columns.
    pub(crate) fn kinds(&mut self, name: &str) -> Result<Vec<ColumnKind>, LoadError> {
        self.bytes(name, |byte| match byte {
            0 => Some(ColumnKind::Number),
            1 => Some(ColumnKind::Text),
            2 => Some(ColumnKind::Boolean),
            _ => None,
        })
    }

    /// Texts.
    pub(crate) fn texts(&mut self, name: &str) -> Result<Vec<String>, LoadError> {
        let ends = self.counts(&format!("{name}.ends"))?;
        let (shape, data) = self.take(name, Dtype::U8)?;
        let data = std::str::from_utf8(data).map_err(|_| self.invalid(name, "is not UTF-8"))?;
        if shape.len() != 1 || ends.last().copied().unwrap_or(0) != data.len() {
            return Err(self.invalid(name, "is longer or shorter than its texts"));
        }
        let mut start = 0;
        let mut texts = Vec::with_capacity(ends.len());
        for end in ends {
            let text = data
                .get(start..end)
                .ok_or_else(|| self.invalid(name, "has texts that are out of place"))?;
            texts.push(text.to_owned());
            start = end;
        }
        Ok(texts)
    }

    /// A column without missing cells.
    pub(crate) fn column(&mut self, name: &str, kind: ColumnKind) -> Result<Column, LoadError> {
        Ok(match kind {
            ColumnKind::Number => Column::Number(self.numbers(name)?),
            ColumnKind::Text => Column::Text(self.texts(name)?.into_iter().map(Some).collect()),
            ColumnKind::Boolean => Column::Boolean(self.booleans(name)?.into_iter().map(Some).collect()),
        })
    }

    fn finite(&mut self, name: &str) -> Result<(Vec<usize>, Vec<f64>), LoadError> {
        let (shape, data) = self.take(name, Dtype::F64)?;
        let numbers: Vec<f64> = words(data).map(f64::from_le_bytes).collect();
        match numbers.iter().all(|number| number.is_finite()) {
            true => Ok((shape, numbers)),
            false => Err(self.invalid(name, "holds a number that is not finite")),
        }
    }

    fn bytes<T>(&mut self, name: &str, meaning: impl Fn(u8) -> Option<T>) -> Result<Vec<T>, LoadError> {
        let (shape, data) = self.take(name, Dtype::U8)?;
        match (shape.len(), data.iter().map(|&byte| meaning(byte)).collect()) {
            (1, Some(values)) => Ok(values),
            _ => Err(self.invalid(name, "holds a byte without a meaning")),
        }
    }

    fn take(&mut self, name: &str, dtype: Dtype) -> Result<(Vec<usize>, &'b [u8]), LoadError> {
        let tensor = self.reader.tensors.remove(&format!("{}.{name}", self.name));
        let tensor = tensor.ok_or_else(|| self.invalid(name, "is not there"))?;
        match tensor.dtype() == dtype {
            true => Ok((tensor.shape().to_vec(), tensor.data())),
            false => Err(self.invalid(name, "is of another type")),
        }
    }

    fn invalid(&self, name: &str, what: &str) -> LoadError {
        LoadError::invalid(format!("\"{}.{name}\" {what}", self.name))
    }
}

/// The 8-byte words of an array, whose length the layout has checked.
fn words(data: &[u8]) -> impl Iterator<Item = [u8; 8]> {
    data.as_chunks().0.iter().copied()
}
