//! Judges whether what racing clients were told could have happened one thing after the other, in times that fit.

use std::{collections::BTreeMap, time::Duration};

use auriga_crds::VersionNumber;

/// A call of one client: when it began and ended, by one clock for all, and what it was told.
#[derive(Clone, Debug)]
pub struct Call {
    /// When it was made.
    pub began: Duration,
    /// When its answer came.
    pub ended: Duration,
    /// What the answer says.
    pub told: Told,
}

/// What an answer says of the moment at which the call took effect.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Told {
    /// This call made `to` active and added this revision, after `from`.
    Activated {
        /// The revision that was added.
        revision: u64,
        /// Active before.
        from: Option<VersionNumber>,
        /// Active since.
        to: VersionNumber,
    },
    /// The ledger was at this revision.
    Saw {
        /// The revision.
        revision: u64,
        /// Active then.
        active: Option<VersionNumber>,
    },
    /// The ledger was at this revision, and this version was there.
    Refused {
        /// The revision.
        revision: u64,
        /// The version that the call wanted to activate.
        version: VersionNumber,
    },
    /// This call deleted the version.
    Deleted(VersionNumber),
    /// The version was active.
    WasActive(VersionNumber),
    /// The version was not there.
    WasAbsent(VersionNumber),
}

/// What is so before the first call and after the last one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The ledger's revision.
    pub revision: u64,
    /// The active version.
    pub active: Option<VersionNumber>,
}

/// The earliest and the latest moment at which something can have happened.
#[derive(Clone, Copy)]
struct Bounds {
    earliest: Duration,
    latest: Duration,
}

const ALWAYS: Bounds = Bounds {
    earliest: Duration::ZERO,
    latest: Duration::MAX,
};

impl Bounds {
    fn not_before(&mut self, moment: Duration) {
        self.earliest = self.earliest.max(moment);
    }

    fn not_after(&mut self, moment: Duration) {
        self.latest = self.latest.min(moment);
    }
}

/// The time in which one activation stood.
struct Reign {
    active: Option<VersionNumber>,
    begins: Bounds,
}

/// Finds an order of all calls in which each takes effect between its beginning and its end and is told the truth, and
/// answers what is so afterwards. The calls must be all there were of one model, from `before` on.
///
/// Each effect is a moment with bounds, and each answer says that one moment is not before another: the beginning of a
/// reign, a deletion, the call itself. Such statements can be true together exactly if they are when every moment is as
/// early as it can be, which takes time linear in the calls. Only where a version was active several times, an answer
/// that it was active leaves open when; then it is enough that one of those times may have been in time.
///
/// Errors: what contradicts what.
pub fn check(before: &State, calls: &[Call]) -> Result<State, String> {
    let mut reigns = reigns(before, calls)?;
    let last = reigns.len() - 1;
    let index = |revision: u64| {
        revision
            .checked_sub(before.revision)
            .map(|index| index as usize)
            .filter(|index| *index <= last)
            .ok_or_else(|| format!("revision {revision} was seen, but nobody made it"))
    };
    let mut deletions: BTreeMap<VersionNumber, Bounds> = BTreeMap::new();
    for call in calls {
        if let Told::Deleted(version) = call.told {
            let bounds = Bounds {
                earliest: call.began,
                latest: call.ended,
            };
            if deletions.insert(version, bounds).is_some() {
                return Err(format!("version {version} was deleted twice"));
            }
        }
    }
    // Which reign has to have begun before a version is deleted.
    let mut deleted_after: BTreeMap<VersionNumber, usize> = BTreeMap::new();
    for call in calls {
        let seen = match call.told {
            Told::Activated { .. } | Told::Deleted(_) => continue,
            Told::Saw { revision, active } => {
                let seen = index(revision)?;
                if reigns[seen].active != active {
                    return Err(format!(
                        "at revision {revision}, {active:?} was seen active instead of {:?}",
                        reigns[seen].active
                    ));
                }
                seen
            }
            Told::Refused { revision, version } => {
                let seen = index(revision)?;
                if let Some(deletion) = deletions.get_mut(&version) {
                    deletion.not_before(call.began);
                    let after = deleted_after.entry(version).or_default();
                    *after = seen.max(*after);
                }
                seen
            }
            Told::WasActive(version) => match reign_of(version, call, &reigns)? {
                Some(reign) => reign,
                None => continue,
            },
            Told::WasAbsent(version) => {
                let deletion = deletions
                    .get_mut(&version)
                    .ok_or_else(|| format!("version {version} was absent, but nobody deleted it"))?;
                deletion.not_after(call.ended);
                continue;
            }
        };
        reigns[seen].begins.not_after(call.ended);
        if let Some(next) = reigns.get_mut(seen + 1) {
            next.begins.not_before(call.began);
        }
    }
    for later in 1..reigns.len() {
        let earlier = reigns[later - 1].begins.earliest;
        reigns[later].begins.not_before(earlier);
        if reigns[later].begins.earliest > reigns[later].begins.latest {
            let revision = before.revision + later as u64;
            return Err(format!(
                "revision {revision} was seen before it can have been made, or after it was past"
            ));
        }
    }
    for (version, deletion) in &mut deletions {
        // Its last reign has to be over.
        let over = reigns
            .iter()
            .rposition(|reign| reign.active == Some(*version))
            .map(|reign| reign + 1);
        let after = over.max(deleted_after.get(version).copied()).unwrap_or(0);
        let Some(reign) = reigns.get(after) else {
            return Err(format!("version {version} was deleted and is active"));
        };
        deletion.not_before(reign.begins.earliest);
        if deletion.earliest > deletion.latest {
            return Err(format!(
                "version {version} was there after its deletion, or gone before it"
            ));
        }
    }
    Ok(State {
        revision: before.revision + last as u64,
        active: reigns[last].active,
    })
}

/// All reigns in order; each begins where the one before it ended.
fn reigns(before: &State, calls: &[Call]) -> Result<Vec<Reign>, String> {
    let mut made = BTreeMap::new();
    for call in calls {
        if let Told::Activated { revision, from, to } = call.told
            && made.insert(revision, (from, to, call)).is_some()
        {
            return Err(format!("revision {revision} was made twice"));
        }
    }
    let mut reigns = vec![Reign {
        active: before.active,
        begins: ALWAYS,
    }];
    for ((revision, (from, to, call)), expected) in made.into_iter().zip(before.revision + 1..) {
        let active = reigns.last().and_then(|reign| reign.active);
        if revision != expected {
            return Err(format!("revision {revision} follows {}", expected - 1));
        }
        if from != active {
            return Err(format!(
                "revision {revision} begins at {from:?} instead of {active:?}"
            ));
        }
        reigns.push(Reign {
            active: Some(to),
            begins: Bounds {
                earliest: call.began,
                latest: call.ended,
            },
        });
    }
    Ok(reigns)
}

/// The reign in which a version was seen active; `None` if it can have been one of several.
fn reign_of(version: VersionNumber, call: &Call, reigns: &[Reign]) -> Result<Option<usize>, String> {
    let is_in_time = |index: &usize| {
        let ends = reigns
            .get(index + 1)
            .map_or(Duration::MAX, |next| next.begins.latest);
        reigns[*index].active == Some(version)
            && reigns[*index].begins.earliest <= call.ended
            && ends >= call.began
    };
    let mut possible = (0..reigns.len()).filter(is_in_time);
    match (possible.next(), possible.next()) {
        (None, _) => Err(format!("version {version} was seen active while it was not")),
        (Some(reign), None) => Ok(Some(reign)),
        (Some(_), Some(_)) => Ok(None),
    }
}

#[cfg(test)]
mod tests;
