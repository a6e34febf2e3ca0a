//! What must be true of the versions of a Model whatever was broken: each number is given once, what is active is there and
//! whole, and it is what the Service leads to.

use std::{collections::BTreeMap, time::Duration};

use auriga_e2e::{Space, is_ready};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::{
    finding::{attempt, nothing_of},
    objects::{MODEL, SERVICE, name, slot_of},
};

/// How long a Model that is Ready may take to answer: a pod may have gone a moment ago.
const ANSWERS: Duration = Duration::from_secs(10);

/// What the pods of a Model say, and where its traffic goes.
struct Told {
    /// The body of `/list`.
    list: Value,
    /// The body of `/alive`; it may be newer.
    alive: Value,
    /// The version in the selector of the Service, of a Model that is Ready.
    traffic: Option<u64>,
}

/// Holds the versions of a namespace against what must be true of them.
///
/// Errors: what is not.
pub(crate) async fn check(space: &Space) -> Result<(), String> {
    nothing_of(&attempt(faults(space)).await?)
}

/// What is wrong with the versions that the Models of a namespace serve; of a Model that is not Ready and does not answer,
/// nothing can be said.
pub(crate) async fn faults(space: &Space) -> Vec<String> {
    let mut faults = Vec::new();
    for model in space.list(MODEL.0, MODEL.1).await {
        let name = name(&model);
        let found = match told(space, name).await {
            Ok(Some(told)) => told.faults(),
            Ok(None) => Vec::new(),
            Err(words) => vec![format!("I4: it is Ready and does not answer: {words}")],
        };
        faults.extend(found.into_iter().map(|words| format!("Model {name}: {words}")));
    }
    faults
}

/// What a Model's pods say, if anything answers for it.
///
/// Errors: it is Ready, and nothing does; why.
async fn told(space: &Space, name: &str) -> Result<Option<Told>, String> {
    let start = Instant::now();
    loop {
        let Some(service) = space.get(SERVICE.0, SERVICE.1, name).await else {
            return Ok(None);
        };
        let list = answer(space, name, "/list").await;
        let alive = answer(space, name, "/alive").await;
        // Only what holds after the answers says what these have to be.
        let model = space.model(name).await;
        let is_asleep = model.spec.replicas == 0 || model.metadata.deletion_timestamp.is_some();
        let is_ready = is_ready(&model) && !is_asleep;
        match (list, alive) {
            (Ok(list), Ok(alive)) => {
                let version = |slot: &str| slot.strip_prefix('v')?.split('-').next()?.parse().ok();
                let traffic = version(slot_of(&service));
                return Ok(Some(Told {
                    list,
                    alive,
                    traffic: traffic.filter(|_| is_ready),
                }));
            }
            _ if !is_ready => return Ok(None),
            (Err(words), _) | (_, Err(words)) if start.elapsed() > ANSWERS => return Err(words),
            _ => sleep(Duration::from_millis(500)).await,
        }
    }
}

async fn answer(space: &Space, name: &str, path: &str) -> Result<Value, String> {
    let answer = space.ask(name, path).await?;
    match answer.code {
        200 => Ok(answer.json()),
        code => Err(format!("{code} at {path}: {}", answer.body)),
    }
}

impl Told {
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let properties = &self.list["properties"];
        let highest = properties["high_water_mark"].as_u64().unwrap_or_default();
        let mut digests = BTreeMap::new();
        let models = self.list["models"].as_array().map_or(&[][..], Vec::as_slice);
        for model in models {
            let version = model["version"].as_u64().unwrap_or_default();
            if version == 0 || version > highest {
                faults.push(format!(
                    "I1: {} is no number that was given; the highest is {highest}",
                    model["version"]
                ));
            } else if digests.insert(version, &model["digest"]).is_some() {
                faults.push(format!("I1: version {version} is there twice"));
            }
        }
        let damaged = self.list["damaged"].as_array().map_or(0, Vec::len);
        if damaged > 0 {
            faults.push(format!("I2: {} cannot be read", self.list["damaged"]));
        }
        let active = properties["active-model"].as_str();
        let active: Option<u64> = active.and_then(|active| active.parse().ok());
        let are_all_listed = properties["n_versions"].as_u64() == Some((models.len() + damaged) as u64);
        if let Some(active) = active.filter(|active| are_all_listed && !digests.contains_key(active)) {
            faults.push(format!("I2: version {active} is active and not there"));
        }
        let loaded = &self.alive["model"]["metadata"];
        let written = loaded["version"]
            .as_u64()
            .and_then(|version| digests.get(&version));
        if let Some(written) = written.filter(|written| ***written != loaded["digest"]) {
            faults.push(format!(
                "I2: version {} answers with {} and was written as {written}",
                loaded["version"], loaded["digest"]
            ));
        }
        if let Some(traffic) = self.traffic.filter(|traffic| active != Some(*traffic)) {
            faults.push(format!(
                "I3: version {traffic} has the traffic, and {active:?} is active"
            ));
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Versions 1 and 2 are there, and 2 is active, answers and has the traffic.
    fn right() -> Told {
        let model = |version: u64| json!({ "version": version, "digest": format!("sha256:{version}") });
        Told {
            list: json!({
                "models": [model(1), model(2)],
                "properties": { "active-model": "2", "high_water_mark": 3, "n_versions": 2 },
            }),
            alive: json!({ "model": { "metadata": { "version": 2, "digest": "sha256:2" } } }),
            traffic: Some(2),
        }
    }

    #[test]
    fn versions_that_are_right_are_taken() {
        assert_eq!(right().faults(), Vec::<String>::new());
    }

    #[test]
    fn each_fault_of_versions_is_named() {
        let check = |expected: &str, wrong: fn(&mut Told)| {
            let mut told = right();
            wrong(&mut told);
            let faults = told.faults();
            assert!(
                faults.iter().any(|fault| fault.starts_with(expected)),
                "{faults:?}"
            );
        };
        check("I1: version 1 is there twice", |told| {
            told.list["models"][1]["version"] = json!(1);
        });
        check("I1: 4 is no number that was given", |told| {
            told.list["models"][1]["version"] = json!(4);
        });
        check("I1: \"2\" is no number", |told| {
            told.list["models"][1]["version"] = json!("2");
        });
        check("I2: [{\"version\":1}] cannot be read", |told| {
            told.list["damaged"] = json!([{ "version": 1 }]);
        });
        check("I2: version 3 is active and not there", |told| {
            told.list["properties"]["active-model"] = json!("3");
        });
        check("I2: version 2 answers with \"sha256:9\"", |told| {
            told.alive["model"]["metadata"]["digest"] = json!("sha256:9");
        });
        check("I3: version 1 has the traffic", |told| told.traffic = Some(1));
    }
}
