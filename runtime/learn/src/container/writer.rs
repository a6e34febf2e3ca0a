//! Collects the arrays of a model for its file.

use std::borrow::Cow;

use ndarray::ArrayView2;
use safetensors::{Dtype, View};

use super::Part;
use crate::{Column, ColumnKind};

/// The arrays of a model, by name.
#[derive(Default)]
pub(crate) struct Writer {
    tensors: Vec<(String, Tensor)>,
}

/// The arrays of one part of a model, whose names begin with the part's.
pub(crate) struct PartWriter<'w> {
    writer: &'w mut Writer,
    name: String,
    part: Part,
}

impl Writer {
    /// Begins a part; its name must be unique.
    pub(crate) fn part(&mut self, name: &str) -> PartWriter<'_> {
        PartWriter {
            writer: self,
            name: name.to_owned(),
            part: Part::default(),
        }
    }

    pub(super) fn into_tensors(self) -> Vec<(String, Tensor)> {
        self.tensors
    }
}

impl PartWriter<'_> {
    /// Ends a part that stands in the header.
    pub(crate) fn finish(self, kind: &str) -> Part {
        Part {
            kind: kind.to_owned(),
            ..self.part
        }
    }

    /// A switch, for the header.
    pub(crate) fn fact(&mut self, name: &str, value: bool) {
        self.part.facts.insert(name.to_owned(), value);
    }

    /// Finite numbers.
    pub(crate) fn numbers(&mut self, name: &str, numbers: &[f64]) {
        let data = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.tensor(name, Dtype::F64, vec![numbers.len()], data);
    }

    /// Rows of finite numbers.
    pub(crate) fn matrix(&mut self, name: &str, matrix: ArrayView2<'_, f64>) {
        let data = matrix.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.tensor(name, Dtype::F64, matrix.shape().to_vec(), data);
    }

    /// Positions and counts.
    pub(crate) fn counts(&mut self, name: &str, counts: &[usize]) {
        let data = counts
            .iter()
            .flat_map(|&count| (count as i64).to_le_bytes())
            .collect();
        self.tensor(name, Dtype::I64, vec![counts.len()], data);
    }

    /// Positions below 2³², where there are many.
    pub(crate) fn indices(&mut self, name: &str, indices: &[u32]) {
        let data = indices.iter().flat_map(|index| index.to_le_bytes()).collect();
        self.tensor(name, Dtype::U32, vec![indices.len()], data);
    }

    /// Booleans, as 0 and 1.
    pub(crate) fn booleans(&mut self, name: &str, booleans: &[bool]) {
        let data = booleans.iter().map(|&boolean| u8::from(boolean)).collect();
        self.tensor(name, Dtype::U8, vec![booleans.len()], data);
    }

    /// Kinds of columns, as 0, 1 and 2.
    pub(crate) fn kinds(&mut self, name: &str, kinds: &[ColumnKind]) {
        let code = |kind: &ColumnKind| match kind {
            ColumnKind::Number => 0,
            ColumnKind::Text => 1,
            ColumnKind::Boolean => 2,
        };
        self.tensor(
            name,
            Dtype::U8,
            vec![kinds.len()],
            kinds.iter().map(code).collect(),
        );
    }

    /// Texts: their bytes, and where each ends.
    pub(crate) fn texts(&mut self, name: &str, texts: &[&str]) {
        let data: Vec<u8> = texts.concat().into_bytes();
        let ends = texts.iter().scan(0, |end, text| {
            *end += text.len();
            Some(*end)
        });
        self.counts(&format!("{name}.ends"), &ends.collect::<Vec<usize>>());
        self.tensor(name, Dtype::U8, vec![data.len()], data);
    }

    /// A column without missing cells.
    pub(crate) fn column(&mut self, name: &str, column: &Column) {
        match column {
            Column::Number(cells) => self.numbers(name, cells),
            Column::Text(cells) => {
                let texts: Vec<&str> = cells.iter().flatten().map(String::as_str).collect();
                self.texts(name, &texts);
            }
            Column::Boolean(cells) => {
                self.booleans(name, &cells.iter().flatten().copied().collect::<Vec<_>>())
            }
        }
    }

    fn tensor(&mut self, name: &str, dtype: Dtype, shape: Vec<usize>, data: Vec<u8>) {
        let tensor = Tensor { dtype, shape, data };
        self.writer
            .tensors
            .push((format!("{}.{name}", self.name), tensor));
    }
}

/// An array as bytes.
pub(super) struct Tensor {
    dtype: Dtype,
    shape: Vec<usize>,
    data: Vec<u8>,
}

impl View for Tensor {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.data)
    }

    fn data_len(&self) -> usize {
        self.data.len()
    }
}
