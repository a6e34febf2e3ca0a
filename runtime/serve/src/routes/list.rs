//! `GET /list`: the versions in the store and which of them is active, with Palladium's keys first.

use std::sync::Arc;

use auriga_crds::contract::AliveModelMetadata;
use auriga_persist::{Damaged, Listing, PersistError, Properties, VersionManifest};
use axum::{extract::State, http::StatusCode, response::Response};
use serde::Serialize;
use tokio::time::timeout;

use super::{Front, answer};
use crate::{loaded::public_message, refusal::Refusal, service::facts};

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
}

pub(super) async fn list(State(front): State<Arc<Front>>) -> Response {
    let refuse = |what| front.refuse(front.service.live().as_deref(), &Refusal::Store { what });
    match timeout(front.limits.request_timeout, read(&front)).await {
        Ok(Ok((listing, properties))) => {
            let list = serde_json::to_string(&listed(&listing, &properties));
            answer::json(
                StatusCode::OK,
                list.expect("texts, numbers and maps with text keys always become JSON"),
            )
        }
        Ok(Err(error)) => {
            let model = &front.service.settings().model;
            tracing::warn!(%model, %error, "the versions of {model} could not be listed: {error}");
            refuse(public_message(&error))
        }
        Err(_) => refuse(format!(
            "the store of versions did not answer within {} s; try again later",
            front.limits.request_timeout.as_secs_f64()
        )),
    }
}

async fn read(front: &Front) -> Result<(Listing, Properties), PersistError> {
    let (persister, model) = (front.service.persister(), &front.service.settings().model);
    Ok((persister.list(model).await?, persister.properties(model).await?))
}

fn listed<'a>(listing: &'a Listing, properties: &Properties) -> List<'a> {
    let listed = |manifest: &VersionManifest| Listed {
        facts: facts(manifest),
        active: properties.active_version == Some(manifest.number),
    };
    List {
        models: listing.versions.iter().map(listed).collect(),
        damaged: &listing.damaged,
        properties: ListedProperties {
            active_model: properties.active_version.map(|version| version.to_string()),
            db_version: properties.schema_version.to_string(),
            ledger_revision: properties.ledger_revision,
            high_water_mark: properties.high_water_mark,
        },
    }
}
