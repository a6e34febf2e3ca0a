//! What every backend must do: one function per case, and a macro that makes a test of each.
//!
//! A backend joins with a [`TestStore`] and one line, `conformance_suite!(sqlite, make_store);`, where `make_store` is
//! an async function that answers an empty store. Every case gets a store of its own and panics when the contract of
//! [`Persister`] is broken.

pub mod activation;
pub mod blobs;
pub mod fixtures;
pub mod forgetting;
pub mod history;
pub mod imports;
pub mod models;
pub mod pruning;
pub mod races;
pub mod scale;
pub mod server;
pub mod versions;

use std::sync::Arc;

use async_trait::async_trait;

use crate::{PersistError, Persister};

/// A store under test.
#[async_trait]
pub trait TestStore: Send + Sync {
    /// One more handle to the same store, sharing with the others no more than another process would.
    async fn handle(&self) -> Result<Arc<dyn Persister>, PersistError>;

    /// How hard the racing cases press.
    fn load(&self) -> Load {
        Load::default()
    }
}

/// How hard the racing cases press; more of everything finds more, and takes longer.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Handles over which the tasks of a case are spread.
    pub handles: usize,
    /// Tasks that write at once.
    pub writers: usize,
    /// Versions that each of them writes.
    pub commits: usize,
    /// Tasks that activate at once.
    pub activators: usize,
    /// Repetitions of a race between few tasks.
    pub rounds: usize,
}

impl Default for Load {
    /// Seconds on two cores.
    fn default() -> Load {
        Load {
            handles: 4,
            writers: 16,
            commits: 10,
            activators: 8,
            rounds: 20,
        }
    }
}

/// Makes a module of tests, one per case, for the stores that an async function makes.
///
/// `conformance_suite!(name, make)`: `make` takes nothing and answers a [`TestStore`](crate::conformance::TestStore)
/// that is empty. The calling crate needs tokio with the features `macros` and `rt-multi-thread`.
#[macro_export]
macro_rules! conformance_suite {
    ($name:ident, $make:expr) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            $crate::conformance_suite!(@cases $make;
                versions::a_version_reads_back_as_it_was_written,
                versions::numbers_count_from_one_without_gaps,
                versions::the_newest_number_is_not_given_again_after_its_deletion,
                versions::numbers_go_on_after_all_versions_are_deleted,
                versions::the_same_key_twice_is_one_version,
                versions::the_key_of_a_deleted_version_makes_a_new_one,
                versions::an_absent_version_is_named_with_the_latest,
                versions::a_deleted_version_is_gone,
                versions::a_number_that_json_cannot_hold_is_refused_by_its_field,
                versions::another_handle_sees_the_same,
                models::an_unknown_model_is_empty,
                models::models_are_listed_in_order_and_outlive_their_versions,
                models::one_name_in_two_namespaces_is_two_models,
                models::hostile_names_cannot_be_built_and_odd_ones_do_not_meet,
                models::one_key_of_two_models_is_two_versions,
                blobs::a_blob_of_several_chunks_comes_back,
                blobs::blobs_at_the_edges_of_chunks_come_back,
                blobs::an_empty_blob_comes_back,
                blobs::a_blob_shared_by_two_versions_outlives_one_of_them,
                blobs::a_blob_written_again_after_its_deletion_comes_back,
                blobs::bytes_that_two_models_write_and_delete_at_once_stay_readable,
                imports::a_version_comes_over_with_all_that_is_known_of_it,
                imports::the_same_version_twice_is_one,
                imports::numbers_go_on_above_an_imported_one,
                imports::a_gap_can_be_filled_later_from_elsewhere,
                imports::a_number_that_another_version_has_or_had_is_refused,
                imports::a_key_that_another_version_has_is_refused,
                imports::a_write_finds_the_key_of_an_imported_version,
                imports::an_imported_version_is_activated_and_deleted_like_any_other,
                imports::bytes_that_are_not_the_manifests_are_refused,
                imports::importers_and_writers_at_once_share_no_number,
                pruning::the_oldest_versions_beyond_the_limit_go,
                pruning::the_active_the_previous_and_the_named_versions_stay,
                pruning::many_who_prune_at_once_delete_each_version_once,
                activation::nothing_is_active_before_the_first_activation,
                activation::an_activation_moves_the_pointer_and_leaves_a_row,
                activation::activating_the_active_version_answers_the_standing_row,
                activation::an_old_revision_loses,
                activation::the_revision_grows_when_a_version_comes_back,
                activation::an_absent_version_is_not_activated,
                activation::a_deleted_version_is_not_activated,
                activation::the_active_version_is_not_deleted,
                activation::the_ledger_remembers_a_deleted_version,
                forgetting::a_deactivation_leaves_no_version_active_and_a_row,
                forgetting::a_deactivation_where_nothing_is_active_changes_nothing,
                forgetting::a_version_becomes_active_again_from_the_revision_after_a_deactivation,
                forgetting::a_model_that_is_forgotten_keeps_its_numbers_and_its_ledger,
                forgetting::a_model_is_forgotten_from_wherever_another_one_stopped,
                forgetting::a_forgotten_model_takes_nothing_from_another_one,
                forgetting::forgetting_and_activating_at_once_leave_nothing_behind,
                races::one_key_written_by_many_at_once_is_one_version,
                races::many_writers_get_dense_numbers,
                races::activators_race_to_one_consistent_ledger,
                races::deletion_and_activation_never_both_win,
                races::activations_and_deletions_have_one_order_that_fits_their_times,
                races::a_blob_under_way_is_not_lost_to_a_deletion,
                races::readers_see_whole_versions_while_writers_write,
            );
        }
    };
    (@cases $make:expr; $($group:ident :: $case:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let make = $make;
                let store = make().await;
                $crate::conformance::$group::$case(&store).await;
            }
        )+
    };
}

#[cfg(test)]
mod tests {
    /// A case that is written but not listed would never run.
    #[test]
    fn every_case_is_listed_in_the_macro() {
        let suite = include_str!("conformance.rs");
        for (group, source) in [
            ("activation", include_str!("conformance/activation.rs")),
            ("blobs", include_str!("conformance/blobs.rs")),
            ("forgetting", include_str!("conformance/forgetting.rs")),
            ("imports", include_str!("conformance/imports.rs")),
            ("models", include_str!("conformance/models.rs")),
            ("pruning", include_str!("conformance/pruning.rs")),
            ("races", include_str!("conformance/races.rs")),
            ("versions", include_str!("conformance/versions.rs")),
        ] {
            let cases: Vec<&str> = source
                .split("pub async fn ")
                .skip(1)
                .filter_map(|rest| rest.split('(').next())
                .collect();
            assert!(!cases.is_empty(), "{group}");
            for case in cases {
                assert!(suite.contains(&format!("{group}::{case},")), "{group}::{case}");
            }
        }
    }
}
