//! Why an entry point cannot be served from a version.

use thiserror::Error;

/// An entry point that does not fit the version it should serve.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum MappingError {
    /// The mapping names a feature that the version does not have.
    #[error(
        "entry point \"{path}\" maps \"{name}\" to the feature \"{column}\", which the version does not have{}",
        near.as_ref().map_or_else(String::new, |near| format!("; did you mean \"{near}\"?"))
    )]
    UnknownFeature {
        /// The entry point's path.
        path: String,
        /// The value's name.
        name: String,
        /// The feature it was to become.
        column: String,
        /// A feature of a similar name.
        near: Option<String>,
    },
    /// Two values of the mapping become the same feature.
    #[error("entry point \"{path}\" maps two values to the feature \"{column}\"; each feature takes one")]
    FeatureTwice {
        /// The entry point's path.
        path: String,
        /// The feature.
        column: String,
    },
    /// No value of the mapping becomes this feature.
    #[error("entry point \"{path}\" maps nothing to the feature \"{column}\"; add an entry for it")]
    FeatureUnmapped {
        /// The entry point's path.
        path: String,
        /// The feature.
        column: String,
    },
    /// A value cannot become a feature of that kind.
    #[error("entry point \"{path}\" maps \"{name}\" as {given}, but the feature \"{column}\" needs {needed}")]
    Kind {
        /// The entry point's path.
        path: String,
        /// The value's name.
        name: String,
        /// The mapping's kind.
        given: &'static str,
        /// The feature.
        column: String,
        /// The kinds that would do.
        needed: &'static str,
    },
    /// Bare values are to be rows of a version with several features.
    #[error(
        "entry point \"{path}\" has unwrapSample, which needs a version with exactly one feature, but this one has \
         {n_features}; leave unwrapSample out"
    )]
    NotOneFeature {
        /// The entry point's path.
        path: String,
        /// How many features the version has.
        n_features: usize,
    },
    /// Probabilities are to be answered by a version that has none.
    #[error(
        "entry point \"{path}\" answers predictProba, but {estimator} predicts numbers and has no probabilities; \
         choose method: predict"
    )]
    NoProbabilities {
        /// The entry point's path.
        path: String,
        /// The estimator as in the manifest.
        estimator: &'static str,
    },
    /// The method of this version knows no parameter of that name.
    #[error(
        "entry point \"{path}\" has the parameter \"{name}\", which {method} of this version does not take; {}",
        known_parameters(known)
    )]
    UnknownParameter {
        /// The entry point's path.
        path: String,
        /// The parameter.
        name: String,
        /// What the entry point answers.
        method: &'static str,
        /// The parameters that would do.
        known: Vec<&'static str>,
    },
    /// A parameter is declared with a type that the method does not take.
    #[error("entry point \"{path}\" has the parameter \"{name}\" as {given}, but it needs {needed}")]
    ParameterKind {
        /// The entry point's path.
        path: String,
        /// The parameter.
        name: String,
        /// Its declared type.
        given: &'static str,
        /// The types that would do.
        needed: &'static str,
    },
    /// A parameter's default is no value of its type, or one that the method does not take.
    #[error("entry point \"{path}\", default of the parameter \"{name}\": {what}")]
    ParameterDefault {
        /// The entry point's path.
        path: String,
        /// The parameter.
        name: String,
        /// What is wrong with it.
        what: String,
    },
    /// A query could not tell a parameter from a value of the row.
    #[error(
        "entry point \"{path}\" has the parameter \"{name}\", and rows have a value of the same name; \
         give that value another name in the mapping"
    )]
    ParameterInRow {
        /// The entry point's path.
        path: String,
        /// The name.
        name: String,
    },
}

fn known_parameters(known: &[&str]) -> String {
    if known.is_empty() {
        "leave it out".to_owned()
    } else {
        format!("it takes {}", known.join(", "))
    }
}
