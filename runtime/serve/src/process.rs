//! A process as `/alive` tells of it: who it works for, since when it runs, what it takes.

use std::{collections::BTreeMap, time::Instant};

use auriga_crds::contract::{Alive, Golden, ProcessMetadata};

use crate::memory;

/// This process, and the pod it is the main one of.
#[derive(Clone, Debug)]
pub struct Process {
    started: Instant,
    owner_uid: Option<String>,
    pod_uid: Option<String>,
}

impl Process {
    /// Started now, for the object with `owner_uid`, in the pod with `pod_uid`; both absent outside a cluster.
    pub fn new(owner_uid: Option<String>, pod_uid: Option<String>) -> Process {
        Process {
            started: Instant::now(),
            owner_uid,
            pod_uid,
        }
    }

    /// What `/alive` says of a process that serves no model.
    pub fn alive(&self) -> Alive {
        let memory = memory::used();
        Alive {
            auriga_version: env!("CARGO_PKG_VERSION").to_owned(),
            memory_usage: memory.resident,
            memory_usage_vms: memory.virtual_size,
            uptime_seconds: self.started.elapsed().as_secs_f64(),
            service_metadata: BTreeMap::new(),
            model: None,
            process_metadata: ProcessMetadata::default(),
            active: false,
            active_version: None,
            previous_version: None,
            ledger_revision: None,
            ledger_stale: false,
            golden: Golden::None,
            message: None,
            reason: None,
            owner_uid: self.owner_uid.clone(),
            pod_uid: self.pod_uid.clone(),
            trainer_status: None,
        }
    }
}

/// Bytes of memory that this process holds; 0 where the kernel does not tell.
pub fn resident_bytes() -> u64 {
    (memory::used().resident * f64::from(1 << 20)) as u64
}
