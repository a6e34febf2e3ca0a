//! `GET /list`: the newest versions in the store and which one is active, with Palladium's keys first.

use std::sync::Arc;

use auriga_crds::{ModelKey, contract::AliveModelMetadata};
use auriga_persist::{Damaged, Listing, PersistError, Persister, Properties, VersionManifest};
use axum::{extract::State, http::StatusCode, response::Response};
use serde::Serialize;
use tokio::time::timeout;

use super::{Front, answer};
use crate::{loaded::public_message, refusal::Refusal, service::facts};

/// The versions shown are the newest, lowest number first; `n_versions` counts all. The active one is always named among
/// the properties, also when it is too old to be shown.
#[derive(Serialize)]
struct List<'a> {
    models: Vec<Listed>,
    /// Named apart, because a client that knows Palladium's keys would look for the facts of each model.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    damaged: &'a [Damaged],
    properties: ListedProperties,
}

#[derive(Serialize)]
struct Listed {
    #[serde(flatten)]
    facts: AliveModelMetadata,
    active: bool,
}

/// Palladium's two properties are texts; ours are numbers.
#[derive(Serialize)]
struct ListedProperties {
    #[serde(rename = "active-model", skip_serializing_if = "Option::is_none")]
    active_model: Option<String>,
    #[serde(rename = "db-version")]
    db_version: String,
    ledger_revision: u64,
    high_water_mark: u64,
    n_versions: usize,
}

pub(super) async fn list(State(front): State<Arc<Front>>) -> Response {
    let refuse = |refusal| front.refuse(&front.service.state(), &refusal);
    let Some(persister) = front.service.persister() else {
        let what = front.service.why_nothing_is_loaded();
        return refuse(Refusal::Store { what });
    };
    let Ok(_running) = front.listings.try_acquire() else {
        return refuse(Refusal::Busy {
            limit: front.limits.max_listings,
            work: "listings",
        });
    };
    match timeout(
        front.limits.request_timeout,
        read(&*persister, &front.service.settings().model),
    )
    .await
    {
        Ok(Ok((listing, properties))) => {
            let list =
                serde_json::to_string(&listed(&listing, &properties, front.limits.max_listed_versions));
            answer::json(
                StatusCode::OK,
                list.expect("texts, numbers and maps with text keys always become JSON"),
            )
        }
        Ok(Err(error)) => {
            let model = &front.service.settings().model;
            tracing::warn!(%model, %error, "the versions of {model} could not be listed: {error}");
            refuse(Refusal::Store {
                what: public_message(&error),
            })
        }
        Err(_) => refuse(Refusal::Store {
            what: format!(
                "the store of versions did not answer within {} s; try again later",
                front.limits.request_timeout.as_secs_f64()
            ),
        }),
    }
}

async fn read(persister: &dyn Persister, model: &ModelKey) -> Result<(Listing, Properties), PersistError> {
    Ok((persister.list(model).await?, persister.properties(model).await?))
}

fn listed<'a>(listing: &'a Listing, properties: &Properties, most: usize) -> List<'a> {
    let newest = &listing.versions[listing.versions.len().saturating_sub(most)..];
    let damaged = &listing.damaged[listing.damaged.len().saturating_sub(most)..];
    let listed = |manifest: &VersionManifest| Listed {
        facts: facts(manifest),
        active: properties.active_version == Some(manifest.number),
    };
    List {
        models: newest.iter().map(listed).collect(),
        damaged,
        properties: ListedProperties {
            active_model: properties.active_version.map(|version| version.to_string()),
            db_version: properties.schema_version.to_string(),
            ledger_revision: properties.ledger_revision,
            high_water_mark: properties.high_water_mark,
            n_versions: listing.versions.len() + listing.damaged.len(),
        },
    }
}
