//! Random small tables: a fit answers a model or an error, and a model a finite prediction or an error.

use auriga_learn::{
    ClassCriterion, ClassWeight, Column, Control, DecisionTreeRegressor, Estimator, Fitted, GoldenRequests,
    HandleUnknown, ImputeStrategy, LinearRegression, LogisticRegression, MaxFeatures, MaxSamples, Metric,
    NumberCriterion, OneHotEncoder, RandomForestClassifier, Ridge, SimpleImputer, StandardScaler, Step,
    Steps, Table, Transformer, TreeGrowth,
};
use proptest::prelude::*;

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -10.0..10.0f64,
        3 => (-3i8..4).prop_map(f64::from),
        1 => Just(f64::NAN),
        1 => prop_oneof![Just(1e300), Just(-1e300), Just(f64::MAX), Just(5e-324), Just(-0.0), Just(1e-160)],
    ]
}

fn column(n_rows: usize) -> impl Strategy<Value = Column> {
    let text = prop_oneof![4 => "[a-c=]{0,2}".prop_map(Some), 1 => Just(None)];
    prop_oneof![
        3 => prop::collection::vec(number(), n_rows).prop_map(Column::Number),
        1 => prop::collection::vec(-5.0..5.0f64, n_rows).prop_map(Column::Number),
        1 => any::<f64>().prop_map(move |x| Column::Number(vec![if x.is_finite() { x } else { 0.0 }; n_rows])),
        1 => prop::collection::vec(text, n_rows).prop_map(Column::Text),
        1 => prop::collection::vec(any::<Option<bool>>(), n_rows).prop_map(Column::Boolean),
    ]
}

/// Columns called a, b, …, the last of which is the target.
fn columns() -> impl Strategy<Value = Vec<Column>> {
    (1usize..9).prop_flat_map(|n_rows| prop::collection::vec(column(n_rows), 2..6))
}

fn transformer() -> impl Strategy<Value = Transformer> {
    prop_oneof![
        any::<(bool, bool)>().prop_map(
            |(with_mean, with_std)| Transformer::StandardScaler(StandardScaler { with_mean, with_std })
        ),
        prop_oneof![
            Just(ImputeStrategy::Mean),
            Just(ImputeStrategy::Median),
            Just(ImputeStrategy::MostFrequent),
            Just(ImputeStrategy::Constant(None)),
        ]
        .prop_map(|strategy| Transformer::SimpleImputer(SimpleImputer { strategy })),
        prop_oneof![Just(HandleUnknown::Error), Just(HandleUnknown::Ignore)]
            .prop_map(|handle_unknown| Transformer::OneHotEncoder(OneHotEncoder { handle_unknown })),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let columns = prop::option::weighted(0.2, Just(vec!["a".to_owned()]));
    let helpful = [
        Transformer::SimpleImputer(SimpleImputer {
            strategy: ImputeStrategy::MostFrequent,
        }),
        Transformer::OneHotEncoder(OneHotEncoder {
            handle_unknown: HandleUnknown::Ignore,
        }),
    ];
    let random = prop::collection::vec((columns, transformer()), 0..3);
    (random, any::<bool>()).prop_map(move |(random, is_helped)| {
        let helpful = helpful
            .iter()
            .filter(|_| is_helped)
            .map(|transformer| (None, transformer.clone()));
        let named = helpful.chain(random).enumerate();
        let step = |(number, (columns, transformer)): (usize, _)| Step {
            name: number.to_string(),
            columns,
            transformer,
        };
        named.map(step).collect()
    })
}

fn estimator() -> impl Strategy<Value = Estimator> {
    prop_oneof![
        (
            any::<bool>(),
            any::<bool>(),
            prop_oneof![Just(1.0), Just(1e-8), Just(1e12), Just(f64::INFINITY)]
        )
            .prop_map(|(fit_intercept, is_balanced, c)| {
                Estimator::LogisticRegression(LogisticRegression {
                    fit_intercept,
                    class_weight: if is_balanced {
                        ClassWeight::Balanced
                    } else {
                        ClassWeight::Uniform
                    },
                    c,
                    ..LogisticRegression::default()
                })
            }),
        (any::<bool>(), prop_oneof![Just(0.0), Just(1e-6)]).prop_map(|(fit_intercept, tol)| {
            Estimator::LinearRegression(LinearRegression { fit_intercept, tol })
        }),
        (
            any::<bool>(),
            prop_oneof![Just(0.0), Just(1.0), Just(1e-300), Just(1e300)]
        )
            .prop_map(|(fit_intercept, alpha)| Estimator::Ridge(Ridge { alpha, fit_intercept })),
        trees(),
    ]
}

fn growth() -> impl Strategy<Value = TreeGrowth> {
    let few = || prop::option::of(1usize..4);
    let decrease = prop_oneof![Just(0.0), Just(0.01), Just(1e300)];
    (few(), 2usize..5, 1usize..4, decrease, few(), 0.01..=1.0f64).prop_map(
        |(max_depth, min_samples_split, min_samples_leaf, min_impurity_decrease, n_splits, share)| {
            TreeGrowth {
                max_depth,
                min_samples_split,
                min_samples_leaf,
                min_impurity_decrease,
                max_leaf_nodes: n_splits.map(|n_splits| n_splits + 1),
                max_features: MaxFeatures::Fraction(share),
            }
        },
    )
}

fn trees() -> impl Strategy<Value = Estimator> {
    let bootstrap = prop::option::of(prop_oneof![
        Just(MaxSamples::All),
        Just(MaxSamples::Fraction(0.3))
    ]);
    let class_weight = prop_oneof![Just(ClassWeight::Uniform), Just(ClassWeight::Balanced)];
    let classes = prop_oneof![Just(ClassCriterion::Gini), Just(ClassCriterion::Entropy)];
    let numbers = prop_oneof![
        Just(NumberCriterion::SquaredError),
        Just(NumberCriterion::Poisson)
    ];
    prop_oneof![
        (growth(), bootstrap, class_weight, classes, any::<u64>()).prop_map(
            |(growth, bootstrap, class_weight, criterion, random_state)| {
                Estimator::RandomForestClassifier(RandomForestClassifier {
                    n_estimators: 3,
                    criterion,
                    growth,
                    class_weight,
                    bootstrap,
                    random_state,
                })
            }
        ),
        (growth(), numbers, any::<u64>()).prop_map(|(growth, criterion, random_state)| {
            Estimator::DecisionTreeRegressor(DecisionTreeRegressor {
                criterion,
                growth,
                random_state,
            })
        }),
    ]
}

fn table(columns: &[Column]) -> Table {
    let named = ["a", "b", "c", "d", "e", "f"].into_iter().zip(columns);
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_fit_and_its_predictions_are_finite_or_refused(
        columns in columns(), others in columns(), transformers in steps(), estimator in estimator(),
    ) {
        let (target, features) = columns.split_last().unwrap();
        let steps = Steps { transformers, estimator };
        let Ok(fitted) = steps.fit(&table(features), ("target", target), &Control::none()) else {
            return Ok(());
        };
        prop_assert_eq!(&Fitted::from_bytes(&fitted.to_bytes()).unwrap(), &fitted);
        for rows in [table(features), table(&others)] {
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
                prop_assert_eq!(golden.replay(&fitted), Ok(()));
            }
            if let Ok(probabilities) = fitted.predict_proba(&rows) {
                prop_assert!(probabilities.iter().all(|share| (0.0..=1.0).contains(share)));
            }
        }
    }

    #[test]
    fn any_bytes_are_a_model_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Fitted::from_bytes(&bytes).is_err());
    }
}
