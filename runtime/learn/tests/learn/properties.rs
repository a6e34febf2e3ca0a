//! Random small tables: a fit answers a model or an error, and a model a finite prediction or an error.

use auriga_learn::{
    ClassCriterion, ClassWeight, Column, Control, DecisionTreeClassifier, DecisionTreeRegressor, Estimator,
    Fitted, GoldenRequests, HandleUnknown, ImputeStrategy, LinearRegression, LogisticRegression, MaxFeatures,
    MaxSamples, Metric, MinMaxScaler, NumberCriterion, OneHotEncoder, PolynomialFeatures,
    RandomForestClassifier, RandomForestRegressor, Ridge, SimpleImputer, StandardScaler, Step, Steps, Table,
    Transformer, TreeGrowth,
};
use proptest::{prelude::*, strategy::Union};

/// Every transformer with its hyperparameters at random: a new one takes one line.
fn transformers() -> Vec<BoxedStrategy<Transformer>> {
    vec![
        standard_scaler().prop_map(Transformer::StandardScaler).boxed(),
        min_max_scaler().prop_map(Transformer::MinMaxScaler).boxed(),
        polynomial_features()
            .prop_map(Transformer::PolynomialFeatures)
            .boxed(),
        simple_imputer().prop_map(Transformer::SimpleImputer).boxed(),
        one_hot_encoder().prop_map(Transformer::OneHotEncoder).boxed(),
    ]
}

/// Every estimator with its hyperparameters at random: a new one takes one line.
fn estimators() -> Vec<BoxedStrategy<Estimator>> {
    vec![
        logistic_regression()
            .prop_map(Estimator::LogisticRegression)
            .boxed(),
        linear_regression().prop_map(Estimator::LinearRegression).boxed(),
        ridge().prop_map(Estimator::Ridge).boxed(),
        decision_tree_classifier()
            .prop_map(Estimator::DecisionTreeClassifier)
            .boxed(),
        decision_tree_regressor()
            .prop_map(Estimator::DecisionTreeRegressor)
            .boxed(),
        random_forest_classifier()
            .prop_map(Estimator::RandomForestClassifier)
            .boxed(),
        random_forest_regressor()
            .prop_map(Estimator::RandomForestRegressor)
            .boxed(),
    ]
}

/// Its place in the list above. A new kind does not compile here, and belongs into both.
fn place(estimator: &Estimator) -> usize {
    match estimator {
        Estimator::LogisticRegression(_) => 0,
        Estimator::LinearRegression(_) => 1,
        Estimator::Ridge(_) => 2,
        Estimator::DecisionTreeClassifier(_) => 3,
        Estimator::DecisionTreeRegressor(_) => 4,
        Estimator::RandomForestClassifier(_) => 5,
        Estimator::RandomForestRegressor(_) => 6,
    }
}

fn standard_scaler() -> impl Strategy<Value = StandardScaler> {
    any::<(bool, bool)>().prop_map(|(with_mean, with_std)| StandardScaler { with_mean, with_std })
}

fn min_max_scaler() -> impl Strategy<Value = MinMaxScaler> {
    let range = prop_oneof![Just((0.0, 1.0)), Just((-1e12, 1e12)), Just((-1e-300, 0.0))];
    (range, any::<bool>()).prop_map(|((min, max), clip)| MinMaxScaler { min, max, clip })
}

fn polynomial_features() -> impl Strategy<Value = PolynomialFeatures> {
    (1usize..4, any::<bool>(), any::<bool>()).prop_map(|(degree, interaction_only, include_bias)| {
        PolynomialFeatures {
            degree,
            interaction_only,
            include_bias,
        }
    })
}

fn simple_imputer() -> impl Strategy<Value = SimpleImputer> {
    let strategy = prop_oneof![
        Just(ImputeStrategy::Mean),
        Just(ImputeStrategy::Median),
        Just(ImputeStrategy::MostFrequent),
        Just(ImputeStrategy::Constant(None)),
    ];
    strategy.prop_map(|strategy| SimpleImputer { strategy })
}

fn one_hot_encoder() -> impl Strategy<Value = OneHotEncoder> {
    let handle_unknown = prop_oneof![Just(HandleUnknown::Error), Just(HandleUnknown::Ignore)];
    handle_unknown.prop_map(|handle_unknown| OneHotEncoder { handle_unknown })
}

fn logistic_regression() -> impl Strategy<Value = LogisticRegression> {
    let c = prop_oneof![Just(1.0), Just(1e-8), Just(1e12), Just(f64::INFINITY)];
    (any::<bool>(), any::<bool>(), c).prop_map(|(fit_intercept, is_balanced, c)| LogisticRegression {
        fit_intercept,
        class_weight: if is_balanced {
            ClassWeight::Balanced
        } else {
            ClassWeight::Uniform
        },
        c,
        ..LogisticRegression::default()
    })
}

fn linear_regression() -> impl Strategy<Value = LinearRegression> {
    (any::<bool>(), prop_oneof![Just(0.0), Just(1e-6)])
        .prop_map(|(fit_intercept, tol)| LinearRegression { fit_intercept, tol })
}

fn ridge() -> impl Strategy<Value = Ridge> {
    let alpha = prop_oneof![Just(0.0), Just(1.0), Just(1e-300), Just(1e300)];
    (any::<bool>(), alpha).prop_map(|(fit_intercept, alpha)| Ridge { alpha, fit_intercept })
}

fn growth() -> impl Strategy<Value = TreeGrowth> {
    let few = || prop::option::of(1usize..4);
    let decrease = prop_oneof![Just(0.0), Just(0.01), Just(1e300)];
    (few(), 2usize..5, 1usize..4, decrease, few(), max_features()).prop_map(
        |(max_depth, min_samples_split, min_samples_leaf, min_impurity_decrease, n_splits, max_features)| {
            TreeGrowth {
                max_depth,
                min_samples_split,
                min_samples_leaf,
                min_impurity_decrease,
                max_leaf_nodes: n_splits.map(|n_splits| n_splits + 1),
                max_features,
            }
        },
    )
}

fn max_features() -> impl Strategy<Value = MaxFeatures> {
    prop_oneof![
        Just(MaxFeatures::Sqrt),
        Just(MaxFeatures::Log2),
        Just(MaxFeatures::All),
        (1usize..4).prop_map(MaxFeatures::Count),
        (0.01..=1.0f64).prop_map(MaxFeatures::Fraction),
    ]
}

/// Drawn rows, if any are drawn: a count may be more than there are rows, which is refused.
fn bootstrap() -> impl Strategy<Value = Option<MaxSamples>> {
    prop::option::of(prop_oneof![
        Just(MaxSamples::All),
        (1usize..6).prop_map(MaxSamples::Count),
        (0.01..=1.0f64).prop_map(MaxSamples::Fraction),
    ])
}

fn class_weight() -> impl Strategy<Value = ClassWeight> {
    prop_oneof![Just(ClassWeight::Uniform), Just(ClassWeight::Balanced)]
}

fn class_criterion() -> impl Strategy<Value = ClassCriterion> {
    prop_oneof![Just(ClassCriterion::Gini), Just(ClassCriterion::Entropy)]
}

fn number_criterion() -> impl Strategy<Value = NumberCriterion> {
    prop_oneof![
        Just(NumberCriterion::SquaredError),
        Just(NumberCriterion::Poisson)
    ]
}

fn decision_tree_classifier() -> impl Strategy<Value = DecisionTreeClassifier> {
    (class_criterion(), growth(), class_weight(), any::<u64>()).prop_map(
        |(criterion, growth, class_weight, random_state)| DecisionTreeClassifier {
            criterion,
            growth,
            class_weight,
            random_state,
        },
    )
}

fn decision_tree_regressor() -> impl Strategy<Value = DecisionTreeRegressor> {
    (number_criterion(), growth(), any::<u64>()).prop_map(|(criterion, growth, random_state)| {
        DecisionTreeRegressor {
            criterion,
            growth,
            random_state,
        }
    })
}

fn random_forest_classifier() -> impl Strategy<Value = RandomForestClassifier> {
    let drawn = (bootstrap(), any::<u64>());
    (1usize..4, class_criterion(), growth(), class_weight(), drawn).prop_map(
        |(n_estimators, criterion, growth, class_weight, (bootstrap, random_state))| RandomForestClassifier {
            n_estimators,
            criterion,
            growth,
            class_weight,
            bootstrap,
            random_state,
        },
    )
}

fn random_forest_regressor() -> impl Strategy<Value = RandomForestRegressor> {
    (1usize..4, number_criterion(), growth(), bootstrap(), any::<u64>()).prop_map(
        |(n_estimators, criterion, growth, bootstrap, random_state)| RandomForestRegressor {
            n_estimators,
            criterion,
            growth,
            bootstrap,
            random_state,
        },
    )
}

/// Numbers of every size, the ends of the range and the smallest that there are among them.
fn number() -> impl Strategy<Value = f64> {
    let extreme = [
        1e300,
        -1e300,
        f64::MAX,
        f64::MIN,
        f64::MIN_POSITIVE,
        5e-324,
        -0.0,
        1e-160,
    ];
    prop_oneof![
        4 => -10.0..10.0f64,
        3 => (-3i8..4).prop_map(f64::from),
        1 => Just(f64::NAN),
        1 => prop::sample::select(extreme.to_vec()),
    ]
}

fn column(n_rows: usize) -> impl Strategy<Value = Column> {
    let text = prop_oneof![4 => "[a-c=]{0,2}".prop_map(Some), 1 => Just(None)];
    let constant = prop_oneof![3 => any::<f64>(), 1 => Just(f64::NAN), 1 => Just(5e-324)];
    prop_oneof![
        4 => prop::collection::vec(number(), n_rows).prop_map(Column::Number),
        2 => prop::collection::vec(-5.0..5.0f64, n_rows).prop_map(Column::Number),
        1 => prop::collection::vec((0u8..3).prop_map(f64::from), n_rows).prop_map(Column::Number),
        1 => constant.prop_map(move |x| Column::Number(vec![if x.is_infinite() { 0.0 } else { x }; n_rows])),
        1 => prop::collection::vec(text, n_rows).prop_map(Column::Text),
        1 => Just(Column::Text(vec![None; n_rows])),
        1 => prop::collection::vec(any::<Option<bool>>(), n_rows).prop_map(Column::Boolean),
    ]
}

/// Columns called a, b, …, the last of which is the target; at times one of them is there twice.
fn columns() -> impl Strategy<Value = Vec<Column>> {
    let different = (1usize..9).prop_flat_map(|n_rows| prop::collection::vec(column(n_rows), 2..6));
    (different, prop::bool::weighted(0.2)).prop_map(|(mut columns, has_twin)| {
        if has_twin {
            columns.insert(0, columns[0].clone());
        }
        columns
    })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let columns = prop::option::weighted(0.2, Just(vec!["a".to_owned()]));
    let random = prop::collection::vec((columns, Union::new(transformers())), 0..3);
    (random, any::<bool>()).prop_map(|(random, is_helped)| {
        let helpful = helpful().into_iter().filter(|_| is_helped);
        named(helpful.map(|transformer| (None, transformer)).chain(random))
    })
}

/// What brings most tables to an estimator.
fn helpful() -> [Transformer; 2] {
    [
        Transformer::SimpleImputer(SimpleImputer {
            strategy: ImputeStrategy::MostFrequent,
        }),
        Transformer::OneHotEncoder(OneHotEncoder {
            handle_unknown: HandleUnknown::Ignore,
        }),
    ]
}

fn named(transformers: impl IntoIterator<Item = (Option<Vec<String>>, Transformer)>) -> Vec<Step> {
    let step = |(number, (columns, transformer)): (usize, _)| Step {
        name: number.to_string(),
        columns,
        transformer,
    };
    transformers.into_iter().enumerate().map(step).collect()
}

fn table(columns: &[Column]) -> Table {
    let named = ["a", "b", "c", "d", "e", "f", "g"].into_iter().zip(columns);
    Table::new(
        named
            .map(|(name, column)| (name.to_owned(), column.clone()))
            .collect(),
    )
    .unwrap()
}

fn is_finite(column: &Column) -> bool {
    match column {
        Column::Number(cells) => cells.iter().all(|cell| cell.is_finite()),
        other => other.first_missing().is_none(),
    }
}

/// Whatever comes of a fit and of predictions on the same rows and on others: finite, or refused.
fn check(steps: &Steps, columns: &[Column], others: &[Column]) -> Result<(), TestCaseError> {
    let (target, features) = columns.split_last().unwrap();
    let Ok(fitted) = steps.fit(&table(features), ("target", target), &Control::none()) else {
        return Ok(());
    };
    let bytes = fitted.to_bytes();
    let back = Fitted::from_bytes(&bytes).unwrap();
    prop_assert_eq!(&back, &fitted);
    prop_assert_eq!(back.to_bytes(), bytes);
    for rows in [table(features), table(others)] {
        if let Ok(matrix) = fitted.transform(&rows) {
            prop_assert_eq!(matrix.ncols(), fitted.matrix_columns().len());
            prop_assert!(matrix.iter().all(|number| number.is_finite()));
        }
        if let Ok(predicted) = fitted.predict(&rows) {
            prop_assert_eq!(predicted.len(), rows.n_rows());
            prop_assert_eq!(predicted.kind(), target.kind());
            prop_assert!(is_finite(&predicted));
            for metric in Metric::ALL {
                if let Ok(score) = metric.score(&fitted, &table(features), target) {
                    prop_assert!(score.is_finite());
                }
            }
            let golden = GoldenRequests::record(&fitted, &rows, 3, 1e-6).unwrap();
            prop_assert_eq!(golden.replay(&back), Ok(()));
        }
        if let Ok(probabilities) = fitted.predict_proba(&rows) {
            prop_assert!(probabilities.iter().all(|share| (0.0..=1.0).contains(share)));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_fit_and_its_predictions_are_finite_or_refused(
        columns in columns(), others in columns(), transformers in steps(), estimator in Union::new(estimators()),
    ) {
        check(&Steps { transformers, estimator }, &columns, &others)?;
    }

    #[test]
    fn any_bytes_are_a_model_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Fitted::from_bytes(&bytes).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]

    /// One table after the other meets each transformer before each estimator, alone and behind what helps it, and
    /// each transformer before each other.
    #[test]
    fn every_pair_is_finite_or_refused(
        columns in columns(), others in columns(), transformers in transformers(), estimators in estimators(),
    ) {
        for (at, estimator) in estimators.iter().enumerate() {
            prop_assert_eq!(place(estimator), at);
            for first in &transformers {
                let check = |transformers: &[Transformer]| {
                    let transformers = named(transformers.iter().map(|one| (None, one.clone())));
                    check(&Steps { transformers, estimator: estimator.clone() }, &columns, &others)
                };
                check(std::slice::from_ref(first))?;
                let [fill, encode] = helpful();
                check(&[fill, encode, first.clone()])?;
                for second in &transformers {
                    check(&[first.clone(), second.clone()])?;
                }
            }
        }
    }
}
