//! Fits by this project, once for every line on the standard input; `fit_peer.py` does the same for the others.

use std::{
    hint::black_box,
    io::{BufRead, stdin},
    path::PathBuf,
    time::Instant,
};

use anyhow::{Context, Result, bail};
use auriga_data::{AddressPolicy, Csv, Limits, Place, load};
use auriga_learn::{Control, Estimator, LogisticRegression, Metric, RandomForestClassifier, Steps, Table};
use clap::Args;

use super::{Kind, contender::Measured};

/// Fit once for every line on the standard input
#[derive(Args)]
pub(crate) struct FitWorker {
    file: PathBuf,
    train_rows: usize,
    estimator: Kind,
    single_rows: usize,
}

const TARGET: &str = "target";

impl FitWorker {
    /// Prints `{}` when the rows are read, and then a line of JSON for every line it gets.
    pub(crate) fn run(self) -> Result<()> {
        let mut features = self.rows()?;
        let target = features.remove(TARGET).context("the file has no target")?;
        let n_rows = features.n_rows();
        if self.train_rows + self.single_rows > n_rows {
            bail!("{n_rows} rows are too few");
        }
        let (train, test) = (0..self.train_rows, self.train_rows..n_rows);
        let (x_train, x_test) = (features.slice(train.clone()), features.slice(test.clone()));
        let (y_train, y_test) = (target.slice(train), target.slice(test));
        drop((features, target));
        let single_rows: Vec<Table> = (0..self.single_rows)
            .map(|row| x_test.slice(row..row + 1))
            .collect();
        let steps = self.steps()?;
        println!("{{}}");
        for line in stdin().lock().lines() {
            line.context("cannot read from the standard input")?;
            let start = Instant::now();
            let fitted = steps.fit(&x_train, (TARGET, &y_train), &Control::none())?;
            let fit_s = start.elapsed().as_secs_f64();
            let start = Instant::now();
            black_box(fitted.predict(&x_test)?);
            let predict_s = start.elapsed().as_secs_f64();
            let mut single = Vec::with_capacity(single_rows.len());
            for row in &single_rows {
                let start = Instant::now();
                black_box(fitted.predict(row)?);
                single.push(start.elapsed().as_secs_f64());
            }
            single.sort_by(f64::total_cmp);
            let measured = Measured {
                fit_s,
                predict_s,
                single_row_s: single[single.len() / 2],
                accuracy: Metric::Accuracy.score(&fitted, &x_test, &y_test)?,
            };
            println!("{}", serde_json::to_string(&measured)?);
        }
        Ok(())
    }

    fn rows(&self) -> Result<Table> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start a thread")?;
        let place = Place::Path(self.file.clone());
        let table = runtime.block_on(load(
            &Csv::default(),
            &place,
            &Limits::new(AddressPolicy::Laptop),
            &|_| {},
        ))?;
        Ok(table)
    }

    fn steps(&self) -> Result<Steps> {
        let estimator = match self.estimator {
            Kind::LogisticRegression => Estimator::LogisticRegression(LogisticRegression {
                max_iter: 200,
                ..LogisticRegression::default()
            }),
            Kind::RandomForestClassifier => {
                Estimator::RandomForestClassifier(RandomForestClassifier::default())
            }
            Kind::GradientBoosting => bail!("Auriga has no gradientBoosting"),
        };
        Ok(Steps {
            transformers: Vec::new(),
            estimator,
        })
    }
}
