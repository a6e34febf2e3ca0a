//! Replaces number columns by their products.

mod terms;

use super::{Learns, Taken, Transforms, finite, numbers};
use crate::{
    Column, ColumnKind, FitError, LoadError, PredictError,
    container::{PartReader, PartWriter},
};
use terms::{Term, Terms};

/// Hyperparameters of polynomial features: every product of up to `degree` of the columns.
///
/// Columns `a` and `b` become, with degree 2, `1`, `a`, `b`, `a^2`, `a b` and `b^2`: first by the number of factors,
/// then by the order of the columns in the table. They stand in the place of the first column. A product with a missing
/// cell is missing. Errors of a fit: more columns than 100,000. Source: scikit-learn's `PolynomialFeatures`.
#[derive(Clone, Debug, PartialEq)]
pub struct PolynomialFeatures {
    /// The most factors of a product, from 1 to 10. Default 2.
    pub degree: usize,
    /// Whether the factors of a product must be different columns: `a b`, but not `a^2`. Default false.
    pub interaction_only: bool,
    /// Whether a column of ones, called `1`, comes first. Default true.
    pub include_bias: bool,
}

impl Default for PolynomialFeatures {
    fn default() -> PolynomialFeatures {
        PolynomialFeatures {
            degree: 2,
            interaction_only: false,
            include_bias: true,
        }
    }
}

/// The products of the fitted columns.
#[derive(Clone, Debug, PartialEq)]
pub struct FittedPolynomialFeatures {
    features: PolynomialFeatures,
    terms: Terms,
}

/// What an estimator could learn no weights for in any useful time.
const COLUMNS_MAX: usize = 100_000;

const DEGREE_MAX: usize = 10;

/// The longest name of a product in bytes. Products of products repeat names, and each step could double them.
const NAME_MAX: usize = 2048;

impl FittedPolynomialFeatures {
    fn has_bias(&self) -> bool {
        // Without a column there is no row to be put into.
        self.features.include_bias && self.terms.n_columns() > 0
    }
}

impl Learns for PolynomialFeatures {
    const KIND: &'static str = "polynomialFeatures";
    type Fitted = FittedPolynomialFeatures;

    fn takes(&self) -> Vec<ColumnKind> {
        vec![ColumnKind::Number]
    }

    fn check(&self) -> Result<(), FitError> {
        if (1..=DEGREE_MAX).contains(&self.degree) {
            return Ok(());
        }
        Err(FitError::Hyperparameter {
            owner: Self::KIND.to_owned(),
            name: "degree",
            value: self.degree.to_string(),
            rule: "from 1 to 10".into(),
        })
    }

    fn fit(&self, columns: &Taken<'_>) -> Result<FittedPolynomialFeatures, FitError> {
        let n_terms = terms::count(columns.len(), self.degree, self.interaction_only);
        if n_terms.is_none_or(|n_terms| n_terms > COLUMNS_MAX) {
            return Err(FitError::TooManyProducts {
                n_columns: columns.len(),
                degree: self.degree,
                n_products: n_terms,
                limit: COLUMNS_MAX,
            });
        }
        Ok(FittedPolynomialFeatures {
            features: self.clone(),
            terms: Terms::new(columns.len(), self.degree, self.interaction_only),
        })
    }
}

impl Transforms for FittedPolynomialFeatures {
    fn n_columns(&self) -> usize {
        self.terms.n_columns()
    }

    fn n_made(&self) -> usize {
        usize::from(self.has_bias()) + self.terms.list().len()
    }

    fn remedy(&self, _: &Taken<'_>) -> String {
        "lower the degree, set interactionOnly, or list fewer columns for this step".to_owned()
    }

    fn names(&self, columns: &[&str]) -> Result<Vec<Vec<String>>, FitError> {
        let bias = self.has_bias().then(|| Ok("1".to_owned()));
        let products = self.terms.list().iter().map(|&term| {
            let name = self.terms.name(term, columns);
            match name.len() <= NAME_MAX {
                true => Ok(name),
                false => Err(FitError::NameTooLong {
                    column: name.chars().take(40).collect(),
                    limit: NAME_MAX,
                }),
            }
        });
        Ok(in_place_of_the_first(
            bias.into_iter().chain(products).collect::<Result<_, _>>()?,
            columns.len(),
        ))
    }

    fn transform(&self, columns: &Taken<'_>) -> Result<Vec<Vec<Column>>, PredictError> {
        let cells: Vec<&[f64]> = columns
            .iter()
            .map(|(name, column)| numbers(name, column))
            .collect::<Result<_, _>>()?;
        let mut products: Vec<Vec<f64>> = Vec::with_capacity(self.terms.list().len());
        for &term in self.terms.list() {
            let factor = cells[term.factor];
            let product = match term.rest {
                None => factor.to_vec(),
                Some(rest) => {
                    let rest = products[rest].iter();
                    rest.zip(factor).map(|(rest, factor)| rest * factor).collect()
                }
            };
            // A later product of an infinity and 0 would look like a missing cell.
            products.push(finite(product, || {
                let names: Vec<&str> = columns.iter().map(|&(name, _)| name).collect();
                self.terms.name(term, &names)
            })?);
        }
        let bias = self.has_bias().then(|| vec![1.0; cells[0].len()]);
        let made = bias.into_iter().chain(products).map(Column::Number).collect();
        Ok(in_place_of_the_first(made, columns.len()))
    }

    fn write(&self, writer: &mut PartWriter<'_>) {
        writer.fact("interactionOnly", self.features.interaction_only);
        writer.fact("includeBias", self.features.include_bias);
        writer.counts("nColumns", &[self.terms.n_columns()]);
        writer.counts("degree", &[self.features.degree]);
        writer.counts("factors", &self.factors());
    }

    fn read(reader: &mut PartReader<'_, '_>) -> Result<FittedPolynomialFeatures, LoadError> {
        let features = PolynomialFeatures {
            degree: reader.count("degree")?,
            interaction_only: reader.fact("interactionOnly")?,
            include_bias: reader.fact("includeBias")?,
        };
        let n_columns = reader.count("nColumns")?;
        let factors = reader.counts("factors")?;
        let invalid = || LoadError::invalid("polynomialFeatures: the products are not those of its degree");
        features
            .check()
            .map_err(|error| LoadError::invalid(error.to_string()))?;
        // Each product has a factor of its own in the file, so that no more are made than there are bytes.
        match terms::count(n_columns, features.degree, features.interaction_only) {
            Some(n_terms) if n_terms <= factors.len() && n_terms <= COLUMNS_MAX => {}
            _ => return Err(invalid()),
        }
        let terms = Terms::new(n_columns, features.degree, features.interaction_only);
        let fitted = FittedPolynomialFeatures { features, terms };
        match fitted.factors() == factors {
            true => Ok(fitted),
            false => Err(invalid()),
        }
    }
}

impl FittedPolynomialFeatures {
    /// The factors of all products, one product after the other: positions of columns.
    fn factors(&self) -> Vec<usize> {
        let of = |&term: &Term| self.terms.factors(term);
        self.terms.list().iter().flat_map(of).collect()
    }
}

/// What is made stands where the first column was; nothing comes in the place of the others.
fn in_place_of_the_first<T>(made: Vec<T>, n_columns: usize) -> Vec<Vec<T>> {
    let mut groups: Vec<Vec<T>> = std::iter::repeat_with(Vec::new).take(n_columns).collect();
    if let Some(first) = groups.first_mut() {
        *first = made;
    }
    groups
}
