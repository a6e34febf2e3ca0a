//! Writes predictions as JSON.

use auriga_learn::{Cell, Column, Task};

/// Appends the predictions: separated by commas, without brackets.
pub(crate) fn push_predictions(body: &mut Vec<u8>, predictions: &Column, task: Task) {
    body.reserve(24 * predictions.len());
    for row in 0..predictions.len() {
        if row > 0 {
            body.push(b',');
        }
        push_cell(body, predictions.cell(row), task);
    }
}

fn push_cell(body: &mut Vec<u8>, cell: Cell<'_>, task: Task) {
    let written = match cell {
        // Classes that were whole numbers in the data come back as such: 1, not 1.0.
        Cell::Number(class) if task == Task::Classification && class.fract() == 0.0 && class.abs() < 1e15 => {
            serde_json::to_writer(body, &(class as i64))
        }
        Cell::Number(number) => serde_json::to_writer(body, &number),
        Cell::Text(text) => serde_json::to_writer(body, text),
        Cell::Boolean(boolean) => serde_json::to_writer(body, &boolean),
        Cell::Missing => serde_json::to_writer(body, &()),
    };
    written.expect("a value always becomes JSON in memory");
}
