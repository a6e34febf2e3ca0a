//! Small tables and steps that the tests share.

use auriga_learn::{
    Column, Control, Estimator, Fitted, LogisticRegression, Ridge, Step, Steps, Table, Transformer,
};

pub(crate) fn numbers(cells: &[f64]) -> Column {
    Column::Number(cells.to_vec())
}

/// A text column; `""` stands for a missing cell.
pub(crate) fn texts(cells: &[&str]) -> Column {
    Column::Text(
        cells
            .iter()
            .map(|cell| (!cell.is_empty()).then(|| (*cell).to_owned()))
            .collect(),
    )
}

pub(crate) fn booleans(cells: &[bool]) -> Column {
    Column::Boolean(cells.iter().copied().map(Some).collect())
}

pub(crate) fn table(columns: &[(&str, Column)]) -> Table {
    Table::new(
        columns
            .iter()
            .map(|(name, column)| ((*name).to_owned(), column.clone()))
            .collect(),
    )
    .unwrap()
}

/// A step over every column that its transformer can take.
pub(crate) fn step(name: &str, transformer: Transformer) -> Step {
    Step {
        name: name.to_owned(),
        columns: None,
        transformer,
    }
}

pub(crate) fn logistic() -> Estimator {
    Estimator::LogisticRegression(LogisticRegression::default())
}

pub(crate) fn ridge() -> Estimator {
    Estimator::Ridge(Ridge::default())
}

/// Six people: three numbers, one of them missing, a text and a boolean.
pub(crate) fn people() -> Table {
    table(&[
        ("age", numbers(&[31.0, f64::NAN, 45.5, 28.0, 60.0, 39.0])),
        ("city", texts(&["Rome", "Bern", "Rome", "Oslo", "Bern", "Oslo"])),
        (
            "income",
            numbers(&[2100.0, 3900.0, 3200.0, 1800.0, 5200.0, 2900.0]),
        ),
        ("member", booleans(&[true, false, false, true, true, false])),
    ])
}

/// Twelve rows of two numbers with the class that their sum decides, nearly.
pub(crate) fn points() -> (Table, Column, Column) {
    let x = [0.1, 0.9, 0.4, 0.8, 0.2, 0.7, 0.3, 1.0, 0.0, 0.6, 0.5, 0.35];
    let y = [0.3, 0.6, 0.2, 0.9, 0.1, 0.4, 0.8, 0.7, 0.5, 0.0, 0.45, 0.55];
    let class = |(x, y): (&f64, &f64)| if x + y > 0.9 { "high" } else { "low" };
    let classes: Vec<&str> = x.iter().zip(&y).map(class).collect();
    let sums = x
        .iter()
        .zip(&y)
        .map(|(x, y)| 3.0 * x - 2.0 * y + 1.0 + x * y)
        .collect();
    (
        table(&[("x", numbers(&x)), ("y", numbers(&y))]),
        texts(&classes),
        Column::Number(sums),
    )
}

pub(crate) fn fit(steps: &Steps, features: &Table, target: &Column) -> Fitted {
    steps
        .fit(features, ("target", target), &Control::none())
        .unwrap_or_else(|error| panic!("{error}"))
}

/// `estimator` without transformers.
pub(crate) fn alone(estimator: Estimator) -> Steps {
    Steps {
        transformers: Vec::new(),
        estimator,
    }
}
