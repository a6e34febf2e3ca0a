//! One plan for each write of a workload and each fault, by a name that means the same in every run.

use std::{collections::VecDeque, fmt, str::FromStr};

use serde::{Serialize, Serializer};

use crate::{
    request::{Fault, Nth},
    workload::Workload,
};

/// A fault that strikes one write of one workload.
///
/// It is written `create/patch services iris #1/kill-after`. A number would say which of the writes of one run is meant, and
/// another run may have one more, or have them in another order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Plan {
    /// What users do.
    pub(crate) workload: Workload,
    /// Which write.
    pub(crate) write: Nth,
    /// What is done to it.
    pub(crate) fault: Fault,
}

/// The plans of a workload with these writes.
pub(crate) fn plans(workload: Workload, writes: &[Nth], faults: &[Fault]) -> Vec<Plan> {
    let pairs = (writes.iter()).flat_map(|write| faults.iter().map(move |fault| (write, *fault)));
    let plan = |(write, fault): (&Nth, Fault)| Plan {
        workload,
        write: write.clone(),
        fault,
    };
    pairs.map(plan).collect()
}

/// Plans that can follow each other in one namespace: each begins where the one before has to end, which saves bringing a
/// namespace there.
pub(crate) fn chains(plans: Vec<Plan>) -> Vec<VecDeque<Plan>> {
    let mut chains: Vec<VecDeque<Plan>> = Vec::new();
    for plan in plans {
        let can_follow = |chain: &&mut VecDeque<Plan>| {
            chain
                .back()
                .is_some_and(|last| plan.workload.follows() == Some(last.workload))
        };
        match chains.iter_mut().find(can_follow) {
            Some(chain) => chain.push_back(plan),
            None => chains.push(VecDeque::from([plan])),
        }
    }
    chains
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Plan {
            workload,
            write,
            fault,
        } = self;
        write!(f, "{}/{write}/{}", workload.word(), fault.word())
    }
}

impl FromStr for Plan {
    type Err = String;

    fn from_str(text: &str) -> Result<Plan, String> {
        // A write may have a subresource, and so a slash.
        let parts = text
            .split_once('/')
            .and_then(|(workload, rest)| Some((workload, rest.rsplit_once('/')?)));
        let (workload, (write, fault)) =
            parts.ok_or("a plan is written such as 'create/patch services iris #1/kill-after'")?;
        Ok(Plan {
            workload: workload.parse()?,
            write: write.parse()?,
            fault: fault.parse()?,
        })
    }
}

impl Serialize for Plan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_read_as_it_is_written() {
        let check = |text: &str| {
            let plan: Plan = text.parse().unwrap_or_else(|words| panic!("{text}: {words}"));
            assert_eq!(plan.to_string(), text);
        };
        check("create/create jobs iris-* #1/kill-before");
        check("delete-delete/patch models/status iris #12/409");
        check("retrain/delete pods  #1/lose-reply");
    }

    #[test]
    fn what_is_no_plan_is_refused_with_what_is_wrong() {
        let check = |text: &str, expected: &str| {
            let words = text.parse::<Plan>().unwrap_err();
            assert!(words.contains(expected), "{text}: {words}");
        };
        check("37", "a plan is written such as");
        check("made/create jobs a #1/409", "there is no workload \"made\"");
        check("create/create jobs a #1/41", "there is no fault \"41\"");
        check("create/get jobs a #1/409", "there is no verb \"get\"");
        check("create/create jobs a/409", "a write is written such as");
        check("create/create jobs a #0/409", "a write is written such as");
    }

    #[test]
    fn a_plan_follows_one_that_ends_where_it_begins() {
        let plan = |(at, workload): (usize, &str)| -> Plan {
            format!("{workload}/create jobs iris #{}/kill-before", at + 1)
                .parse()
                .expect("it is a plan")
        };
        let of = [
            "create", "create", "retrain", "rollback", "scale", "retrain", "retrain",
        ];
        let plans = of.into_iter().enumerate().map(plan).collect();
        let numbers: Vec<Vec<usize>> = (chains(plans).iter())
            .map(|chain| chain.iter().map(|plan| plan.write.number).collect())
            .collect();
        assert_eq!(numbers, [vec![1, 3, 4], vec![2, 5], vec![6], vec![7]]);
    }
}
