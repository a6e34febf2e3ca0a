//! The page about performance, in Markdown.

use std::fmt::Write;

use crate::{
    fit::figures::{FitResult, FitSettings},
    number::figure,
    operator::figures::{OperatorResult, OperatorSettings},
    serve::figures::{ServeResult, ServeSettings},
    target::Target,
};

/// The whole page; without a section about the operator if that was not measured.
pub(crate) fn page(serve: &ServeResult, fit: &FitResult, operator: Option<&OperatorResult>) -> String {
    let of_operator = operator.into_iter().flat_map(|operator| &operator.targets);
    let all = serve.targets.iter().chain(&fit.targets).chain(of_operator);
    let mut parts = vec![
        heading().to_owned(),
        targets(all),
        serve_section(serve),
        fit_section(fit),
    ];
    parts.extend(operator.map(operator_section));
    parts.push(NOT_MEASURED.to_owned());
    parts.join("\n")
}

fn heading() -> &'static str {
    "# Performance\n\n\
     Written by `cargo xtask bench report` from the figures in tests/bench/results; change nothing here by hand.\n\n\
     Each bench measures Auriga and the others in one run on one machine, with their versions pinned:\n\n    \
     cargo xtask bench serve --save\n    \
     cargo xtask bench fit --save\n    \
     cargo xtask bench operator --save\n\n\
     A figure is the median of the rounds; where they lie further apart than a tenth of it, the smallest and the largest follow.\n\
     They want a machine that does nothing else, and install what they need once.\n"
}

fn targets<'a>(targets: impl Iterator<Item = &'a Target>) -> String {
    let mut table = String::from("## What is aimed at\n\n| what | aim | found | |\n|---|---:|---:|---|\n");
    for target in targets {
        let (what, wanted, found) = (&target.what, target.wanted(), target.found());
        let _ = writeln!(table, "| {what} | {wanted} | {found} | {} |", target.verdict());
    }
    table
}

fn serve_section(serve: &ServeResult) -> String {
    let ServeSettings {
        rounds,
        seconds,
        warm_up_seconds,
        connections,
        rate,
        palladium_workers,
    } = &serve.settings;
    format!(
        "## Serving\n\n\
         ![Requests per second](performance-serve.svg)\n\n\
         {table}\n\
         {circumstances}\n\
         The logistic regression of [examples/iris](../examples/iris/README.md) answers requests of one row. `auriga serve` and\n\
         Palladium ({palladium_workers} gunicorn workers, cached persister, no debug log) get the same GET; MLServer (no parallel workers) gets the row by\n\
         the Open Inference Protocol. Bare axum is a handler that parses the same query and adds its numbers up: what the HTTP\n\
         library alone can do on one core.\n\n\
         - The server is pinned to one core and the load to another; one server runs at a time. In each of {rounds} rounds every\n  \
           server is started anew, asked for {warm_up_seconds} s unmeasured, then measured for {seconds} s with each load.\n\
         - Requests per second and p50: wrk, one thread, {connections} connections, each asking again when it has its answer. A slow\n  \
           server is asked less, so this p50 flatters it.\n\
         - p99: oha asks {rate} times per second over {connections} connections, whatever the answers (`--latency-correction`). Time counts from\n  \
           when a request is due and wakes the generator, not from when a connection is free.\n\
         - Memory: resident (VmRSS) after both loads, all processes of the server summed.\n",
        table = serve.table(),
        circumstances = serve.run.described(),
    )
}

fn fit_section(fit: &FitResult) -> String {
    let FitSettings {
        rounds,
        threads,
        train_rows,
        test_rows,
        features,
        classes,
        single_rows,
    } = &fit.settings;
    format!(
        "## Fitting\n\n\
         ![Seconds of a fit](performance-fit.svg)\n\n\
         {table}\n\
         {circumstances}\n\
         {train_rows} rows are fitted and {test_rows} predicted, with {features} features and {classes} classes (scikit-learn's `make_classification`,\n\
         tests/bench/make_data.py). Settings: logistic regression with C 1 and at most 200 iterations; a forest of 100 trees of any\n\
         depth; boosting with 100 rounds, XGBoost with depth 6, for information.\n\n\
         - Each library runs in a process of its own on {threads} cores with {threads} threads. They take turns: one round that does not count,\n  \
           then {rounds} that do. Reading the file counts for nobody.\n\
         - One row: the median over {single_rows} test rows, each predicted by itself. scikit-learn's forest does this with one thread,\n  \
           which is faster for it than two.\n\
         - Memory: resident with the rows read, and the highest of the whole process (VmHWM).\n",
        train_rows = figure(*train_rows as f64),
        test_rows = figure(*test_rows as f64),
        table = fit.table(),
        circumstances = fit.run.described(),
    )
}

fn operator_section(operator: &OperatorResult) -> String {
    let OperatorSettings { rounds, image } = &operator.settings;
    format!(
        "## From apply to Ready\n\n\
         ![Seconds from apply to ready](performance-operator.svg)\n\n\
         {table}\n\
         {circumstances}\
         Image: `{image}`.\n\n\
         [examples/iris/cluster](../examples/iris/cluster/README.md) is applied to a cluster with the operator of manifests/install.yaml.\n\
         The operator fits it, starts pods of the new version, has them prove and activate it, and gives them the traffic; the clock\n\
         stops when the Model is Ready. The other way has the same ConfigMaps and claim, and the pods that the operator made: a Job\n\
         with them at once, a Deployment once the Job is complete; the clock stops when that is available.\n\n\
         - Both take turns, each in a new namespace with a new claim: one round that does not count, then {rounds} that do.\n\
         - Images, resources, volumes and probes are the same. Two arguments are not: without an operator the fit itself activates\n  \
           its version, and no pod waits to be told so.\n\
         - The operator believes the pod that fits, two seconds before Kubernetes calls its Job complete: so its pods can be available\n  \
           before that, and so it makes up for what its checks take.\n\
         - All times count from before the first object is applied to when a watch tells that it is so.\n",
        table = operator.table(),
        circumstances = operator.run.described(),
    )
}

const NOT_MEASURED: &str = "## What is not measured\n\n\
    - Networks: everything runs over the loopback interface.\n\
    - Long rows, many rows per request, and models larger than this one.\n\
    - Servers on several cores: all have one.\n\
    - Other processors and systems than the one named.\n\
    - GPUs; gRPC; TLS.\n";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Bound;

    #[test]
    fn every_target_is_told_whether_it_is_met_or_not() {
        let met = Target::new("ratio", 50.0, Bound::AtLeast(40.0), "");
        let missed = Target::new("memory", 21.5, Bound::Below(20.0), "MiB");
        let table = targets([&met, &missed].into_iter());
        assert!(table.ends_with(
            "| ratio | at least 40 | 50.0 | met |\n| memory | below 20 MiB | 21.5 MiB | not met |\n"
        ));
    }
}
