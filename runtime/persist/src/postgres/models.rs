//! Rows of models: made by the first write, locked by every step that changes one.

use auriga_crds::ModelKey;
use sqlx::PgConnection;

use super::setback::Setback;
use crate::rows;

/// A model that the store knows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Model {
    pub(super) id: i64,
    /// The highest number ever given, as its column has it.
    pub(super) high_water_mark: i64,
}

/// The model, if the store knows it.
pub(super) async fn find(connection: &mut PgConnection, model: &ModelKey) -> Result<Option<Model>, Setback> {
    let row = sqlx::query_as("SELECT id, high_water_mark FROM model WHERE namespace = $1 AND name = $2")
        .bind(model.namespace.as_str())
        .bind(model.model.as_str())
        .fetch_optional(connection)
        .await?;
    Ok(row.map(from_row))
}

/// The model, locked until the transaction ends: one write, activation or deletion of a model at a time.
pub(super) async fn lock(connection: &mut PgConnection, model: &ModelKey) -> Result<Option<Model>, Setback> {
    let row = sqlx::query_as(
        "SELECT id, high_water_mark FROM model WHERE namespace = $1 AND name = $2 FOR NO KEY UPDATE",
    )
    .bind(model.namespace.as_str())
    .bind(model.model.as_str())
    .fetch_optional(connection)
    .await?;
    Ok(row.map(from_row))
}

/// As [`lock`]; makes the model if there is none.
pub(super) async fn lock_or_make(connection: &mut PgConnection, model: &ModelKey) -> Result<Model, Setback> {
    if let Some(found) = lock(connection, model).await? {
        return Ok(found);
    }
    let row = sqlx::query_as(
        "INSERT INTO model (namespace, name, high_water_mark) VALUES ($1, $2, 0)
         ON CONFLICT (namespace, name) DO UPDATE SET high_water_mark = model.high_water_mark
         RETURNING id, high_water_mark",
    )
    .bind(model.namespace.as_str())
    .bind(model.model.as_str())
    .fetch_one(connection)
    .await?;
    Ok(from_row(row))
}

/// Raises the highest number ever given.
pub(super) async fn set_mark(connection: &mut PgConnection, id: i64, mark: i64) -> Result<(), Setback> {
    sqlx::query("UPDATE model SET high_water_mark = $2 WHERE id = $1")
        .bind(id)
        .bind(mark)
        .execute(connection)
        .await?;
    Ok(())
}

/// All models that have or had versions, by namespace, then by name.
pub(super) async fn all(connection: &mut PgConnection) -> Result<Vec<ModelKey>, Setback> {
    let rows = sqlx::query_as(
        "SELECT namespace, name FROM model WHERE high_water_mark > 0 ORDER BY namespace, name",
    )
    .fetch_all(connection)
    .await?;
    Ok(rows::models(rows)?)
}

fn from_row((id, high_water_mark): (i64, i64)) -> Model {
    Model { id, high_water_mark }
}
