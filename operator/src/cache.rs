//! The objects of one kind as they were last seen, found by what they belong to.
//!
//! Three things differ from a plain mirror of a watch. What the operator itself writes is put in at once, so that the next
//! look sees it although the watch has not told it yet; an event older than that is passed over, and the one that tells it
//! is a change from what was told before. An object that vanished
//! while a watch was interrupted is told like one whose deletion was seen. And objects are found by the keys of an index,
//! since looking through all of them at each look would not bear ten thousand Models.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    mem,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use kube::{
    Resource,
    runtime::{
        reflector::{ObjectRef, Store, store::Writer},
        watcher::Event,
    },
};

/// How many UIDs of deleted objects are remembered: as many as may be deleted while one answer is on its way.
const REMEMBERED: usize = 4096;

/// An object before and after something happened to it.
#[derive(Clone, Debug)]
pub struct Change<K> {
    /// `None`: it is new.
    pub before: Option<Arc<K>>,
    /// `None`: it is gone.
    pub after: Option<Arc<K>>,
}

impl<K> Change<K> {
    /// The object in its states, one or two.
    pub fn states(&self) -> impl Iterator<Item = &K> {
        self.before.iter().chain(&self.after).map(AsRef::as_ref)
    }
}

/// What an object is found by.
pub type Keys<K> = fn(&K) -> Vec<String>;

/// All objects of a kind that are watched.
pub struct Cache<K>
where
    K: Resource<DynamicType = ()> + Clone + 'static,
{
    store: Store<K>,
    state: Arc<RwLock<State<K>>>,
}

impl<K> Clone for Cache<K>
where
    K: Resource<DynamicType = ()> + Clone + 'static,
{
    fn clone(&self) -> Self {
        Cache {
            store: self.store.clone(),
            state: Arc::clone(&self.state),
        }
    }
}

struct State<K>
where
    K: Resource<DynamicType = ()> + Clone + 'static,
{
    writer: Writer<K>,
    keys: Keys<K>,
    index: HashMap<String, BTreeSet<(String, String)>>,
    listing: Option<Listing<K>>,
    gone: VecDeque<String>,
    /// What was put in and not told by the watch yet: the objects as they were told last, `None` where there was none.
    untold: HashMap<ObjectRef<K>, Option<Arc<K>>>,
}

struct Listing<K: Resource<DynamicType = ()>> {
    found: HashMap<ObjectRef<K>, K>,
    written: HashMap<ObjectRef<K>, K>,
}

impl<K> Cache<K>
where
    K: Resource<DynamicType = ()> + Clone + 'static,
{
    /// An empty one, whose objects are found by `keys`.
    pub fn new(keys: Keys<K>) -> Cache<K> {
        let writer = Writer::default();
        Cache {
            store: writer.as_reader(),
            state: Arc::new(RwLock::new(State {
                writer,
                keys,
                index: HashMap::new(),
                listing: None,
                gone: VecDeque::new(),
                untold: HashMap::new(),
            })),
        }
    }

    /// The objects, as kube's own controller wants them.
    pub fn store(&self) -> Store<K> {
        self.store.clone()
    }

    /// The object of this name.
    pub fn get(&self, namespace: &str, name: &str) -> Option<Arc<K>> {
        self.store.get(&ObjectRef::new(name).within(namespace))
    }

    /// The objects that one of `keys` finds, by namespace and name.
    pub fn by(&self, key: &str) -> Vec<Arc<K>> {
        let names = self.read().index.get(key).cloned().unwrap_or_default();
        (names.iter())
            .filter_map(|(namespace, name)| self.get(namespace, name))
            .collect()
    }

    /// All objects, in no order.
    pub fn all(&self) -> Vec<Arc<K>> {
        self.store.state()
    }

    /// Takes in what a watch tells; says what has changed since it told something of these objects before, be it that what
    /// is new was put in meanwhile.
    pub fn take(&self, event: Event<K>) -> Vec<Change<K>> {
        self.write().take(event)
    }

    /// Takes in what the API server answered to a write.
    pub fn put(&self, object: K) {
        self.write().put(object);
    }

    /// Forgets an object that can no longer be read.
    pub fn forget(&self, object: &ObjectRef<K>) -> Option<Change<K>> {
        let mut state = self.write();
        let before = self.store.get(object)?;
        let change = state.replace(Some(before), None);
        Some(state.since_told(change))
    }

    fn read(&self) -> RwLockReadGuard<'_, State<K>> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State<K>> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K> State<K>
where
    K: Resource<DynamicType = ()> + Clone + 'static,
{
    fn take(&mut self, event: Event<K>) -> Vec<Change<K>> {
        match event {
            Event::Apply(object) => {
                let before = self.get(&object);
                if before.as_ref().is_some_and(|before| is_older(&object, before)) {
                    return Vec::new();
                }
                self.is_back(&object);
                let change = self.replace(before, Some(object));
                vec![self.since_told(change)]
            }
            Event::Delete(object) => {
                self.remember_gone(&object);
                match self.get(&object) {
                    Some(before) if before.meta().uid == object.meta().uid => {
                        let change = self.replace(Some(before), None);
                        vec![self.since_told(change)]
                    }
                    _ => Vec::new(),
                }
            }
            Event::Init => {
                self.listing = Some(Listing {
                    found: HashMap::new(),
                    written: HashMap::new(),
                });
                Vec::new()
            }
            Event::InitApply(object) => {
                if let Some(listing) = &mut self.listing {
                    listing.found.insert(ObjectRef::from_obj(&object), object);
                }
                Vec::new()
            }
            Event::InitDone => self.listed(),
        }
    }

    fn listed(&mut self) -> Vec<Change<K>> {
        let Some(Listing { mut found, written }) = self.listing.take() else {
            return Vec::new();
        };
        for (name, object) in written {
            // A list that began before the write may miss it.
            let is_gone = object
                .meta()
                .uid
                .as_ref()
                .is_some_and(|uid| self.gone.contains(uid));
            let is_newer = found.get(&name).is_none_or(|listed| is_older(listed, &object));
            if is_newer && !is_gone {
                found.insert(name, object);
            }
        }
        let before = self.writer.as_reader();
        let mut changes: Vec<Change<K>> = (before.state().into_iter())
            .filter(|object| !found.contains_key(&ObjectRef::from_obj(object)))
            .map(|object| Change {
                before: Some(object),
                after: None,
            })
            .collect();
        self.index.clear();
        self.writer.apply_watcher_event(&Event::Init);
        let mut listed = Vec::with_capacity(found.len());
        for (name, object) in found {
            self.is_back(&object);
            self.enter(&object);
            let seen = before.get(&name);
            self.writer.apply_watcher_event(&Event::InitApply(object));
            listed.push((name, seen));
        }
        self.writer.apply_watcher_event(&Event::InitDone);
        // The very objects that are kept now: copies of all of them would be the most that this program ever holds.
        let now = self.writer.as_reader();
        changes.extend(listed.into_iter().map(|(name, before)| Change {
            before,
            after: now.get(&name),
        }));
        let changes = changes
            .into_iter()
            .map(|change| self.since_told(change))
            .collect();
        self.untold.clear();
        changes
    }

    /// The change from what was told last of this object, which may be older than what it was changed from.
    fn since_told(&mut self, mut change: Change<K>) -> Change<K> {
        let told =
            (change.states().next().map(ObjectRef::from_obj)).and_then(|name| self.untold.remove(&name));
        match told {
            // One that came and went untold is gone nevertheless.
            Some(None) if change.after.is_none() => {}
            Some(told) => change.before = told,
            None => {}
        }
        change
    }

    fn put(&mut self, object: K) {
        let uid = object.meta().uid.clone().unwrap_or_default();
        let before = self.get(&object);
        let is_old = before.as_ref().is_some_and(|before| is_older(&object, before));
        if self.gone.contains(&uid) || is_old {
            return;
        }
        if let Some(listing) = &mut self.listing {
            (listing.written).insert(ObjectRef::from_obj(&object), object.clone());
        }
        let name = ObjectRef::from_obj(&object);
        self.untold.entry(name).or_insert_with(|| before.clone());
        self.replace(before, Some(object));
    }

    fn get(&self, object: &K) -> Option<Arc<K>> {
        self.writer.as_reader().get(&ObjectRef::from_obj(object))
    }

    fn replace(&mut self, before: Option<Arc<K>>, after: Option<K>) -> Change<K> {
        if let Some(before) = &before {
            for key in (self.keys)(before) {
                if let Some(names) = self.index.get_mut(&key) {
                    names.remove(&name_of(before.as_ref()));
                    if names.is_empty() {
                        self.index.remove(&key);
                    }
                }
            }
        }
        match (&before, after) {
            (_, Some(object)) => {
                self.enter(&object);
                let name = ObjectRef::from_obj(&object);
                self.writer.apply_watcher_event(&Event::Apply(object));
                Change {
                    before,
                    after: self.writer.as_reader().get(&name),
                }
            }
            (Some(gone), None) => {
                self.writer
                    .apply_watcher_event(&Event::Delete(gone.as_ref().clone()));
                Change { before, after: None }
            }
            (None, None) => Change { before, after: None },
        }
    }

    fn enter(&mut self, object: &K) {
        for key in (self.keys)(object) {
            self.index.entry(key).or_default().insert(name_of(object));
        }
    }

    /// An object that a watch tells is there, whatever it told before: one that lost the label which the watch goes by, and has
    /// it again, or one that was restored from a backup.
    fn is_back(&mut self, object: &K) {
        if let Some(uid) = &object.meta().uid {
            self.gone.retain(|gone| gone != uid);
        }
    }

    fn remember_gone(&mut self, object: &K) {
        self.gone.extend(object.meta().uid.clone());
        if self.gone.len() > REMEMBERED {
            self.gone.pop_front();
        }
        if let Some(listing) = &mut self.listing {
            mem::drop(listing.written.remove(&ObjectRef::from_obj(object)));
        }
    }
}

fn name_of<K: Resource<DynamicType = ()>>(object: &K) -> (String, String) {
    let metadata = object.meta();
    (
        metadata.namespace.clone().unwrap_or_default(),
        metadata.name.clone().unwrap_or_default(),
    )
}

/// Whether `one` was written before `other`. Versions of one kind's objects rise with every write, and can be compared as
/// numbers (Kubernetes enhancement 5504); one that is no number is taken for the newer.
fn is_older<K: Resource>(one: &K, other: &K) -> bool {
    let version = |object: &K| object.meta().resource_version.as_ref()?.parse::<u64>().ok();
    matches!((version(one), version(other)), (Some(one), Some(other)) if one < other)
}

/// Never two caches share an object's key by accident: `what` says what `name` is.
pub fn key(what: &str, namespace: &str, name: impl std::fmt::Display) -> String {
    format!("{what}:{namespace}/{name}")
}

/// The key that finds what the object of this UID controls.
pub fn controlled_by(uid: &str) -> String {
    format!("controller:{uid}")
}

/// The UID of an object's controller.
pub fn controller_uid<K: Resource>(object: &K) -> Option<&str> {
    controller(object).map(|reference| reference.uid.as_str())
}

/// An object's controller.
pub fn controller<K: Resource>(
    object: &K,
) -> Option<&k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference> {
    (object.meta().owner_references.iter().flatten()).find(|reference| reference.controller == Some(true))
}

#[cfg(test)]
mod tests;
