//! What only shows from within: stores with habits, bytes left behind, files in the making.

use std::{
    fmt,
    fs::{self, File},
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::SystemTime,
};

use async_trait::async_trait;
use auriga_crds::{Digest, ModelKey};
use futures_util::{StreamExt, stream::BoxStream};
use jiff::ToSpan;
use object_store::{
    CopyOptions, Error as StoreError, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, memory::InMemory,
    path::Path,
};

use super::{ObjectStorePersister, blobs::BlobName, bucket::Bucket, folder};
use crate::{
    Fault, IdempotencyKey, PersistError, Persister, StoreUri, Which, Written,
    conformance::{
        TestStore,
        fixtures::{activation, bytes, draft, draft_of, model, moment, version},
    },
    conformance_suite,
    failure::Address,
};

/// What a store does beside what it is asked for.
#[derive(Debug, Default)]
struct Habits {
    /// Creates over what exists, as a server does that ignores the condition.
    overwrites: bool,
    /// Sends each creation twice, as a client does whose first answer was lost.
    tries_twice: bool,
    /// Has an object that a listing passes over, as one that is created while the listing is under way.
    passes_over: Option<&'static str>,
    is_full: AtomicBool,
}

impl Habits {
    fn shows(&self, object: &ObjectMeta) -> bool {
        self.passes_over
            .is_none_or(|name| object.location.filename() != Some(name))
    }
}

/// A store in memory.
#[derive(Debug, Default)]
struct Odd {
    inner: InMemory,
    habits: Habits,
}

impl fmt::Display for Odd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("odd")
    }
}

#[async_trait]
impl ObjectStore for Odd {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        mut options: PutOptions,
    ) -> object_store::Result<PutResult> {
        if self.habits.is_full.load(Ordering::Relaxed) {
            let source = Box::new(io::Error::from(io::ErrorKind::StorageFull));
            return Err(StoreError::Generic { store: "odd", source });
        }
        if self.habits.overwrites {
            options.mode = PutMode::Overwrite;
        }
        if self.habits.tries_twice {
            let _ = self
                .inner
                .put_opts(location, payload.clone(), options.clone())
                .await;
        }
        self.inner.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> object_store::Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, object_store::Result<Path>>,
    ) -> BoxStream<'static, object_store::Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        let passes_over = self.habits.passes_over;
        let shown = move |object: &object_store::Result<ObjectMeta>| {
            let name = object.as_ref().ok().and_then(|object| object.location.filename());
            std::future::ready(passes_over.is_none() || name != passes_over)
        };
        self.inner.list(prefix).filter(shown).boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> object_store::Result<ListResult> {
        let mut listed = self.inner.list_with_delimiter(prefix).await?;
        listed.objects.retain(|object| self.habits.shows(object));
        Ok(listed)
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> object_store::Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

struct Remote(Arc<Odd>);

impl Remote {
    fn with(habits: Habits) -> Remote {
        Remote(Arc::new(Odd {
            inner: InMemory::new(),
            habits,
        }))
    }

    fn persister(&self) -> ObjectStorePersister {
        let path = "/remote".into();
        let address = Address::of(&StoreUri::Folder { path });
        ObjectStorePersister::new(address, Bucket::new(self.0.clone(), None), None)
    }
}

#[async_trait]
impl TestStore for Remote {
    async fn handle(&self) -> Result<Arc<dyn Persister>, PersistError> {
        Ok(Arc::new(self.persister()))
    }
}

conformance_suite!(remote_that_tries_twice, async || Remote::with(Habits {
    tries_twice: true,
    ..Habits::default()
}));

#[tokio::test]
async fn a_store_that_creates_what_exists_is_refused() {
    let made = async |overwrites| {
        let habits = Habits {
            overwrites,
            ..Habits::default()
        };
        let store = Remote::with(habits);
        store
            .persister()
            .address
            .explain(folder::make_mark(&store.persister().bucket).await)
    };
    made(false).await.unwrap();
    let expected = Fault::NotExclusive("a file is created a second time where it exists");
    assert_eq!(fault(made(true).await), expected);
}

#[tokio::test]
async fn a_full_store_changes_nothing_and_recovers_when_there_is_room() {
    let remote = Remote::with(Habits::default());
    let store = remote.persister();
    store.write(&iris(), draft("before")).await.unwrap();
    let seen = store.properties(&iris()).await.unwrap();
    remote.0.habits.is_full.store(true, Ordering::Relaxed);
    assert_eq!(fault(store.write(&iris(), draft("during")).await), Fault::Full);
    assert_eq!(
        fault(store.activate(&iris(), activation(version(1), 0)).await),
        Fault::Full
    );
    assert_eq!(fault(store.delete(&iris(), version(1)).await), Fault::Full);
    assert_eq!(store.properties(&iris()).await.unwrap(), seen);
    store.read(&iris(), Which::Number(version(1))).await.unwrap();
    remote.0.habits.is_full.store(false, Ordering::Relaxed);
    let written = store.write(&iris(), draft("during")).await.unwrap();
    assert_eq!(written.manifest().number, version(2));
}

#[tokio::test]
async fn a_number_that_a_listing_passes_over_is_seen_all_the_same() {
    let remote = Remote::with(Habits {
        passes_over: Some("00000002.json"),
        ..Habits::default()
    });
    let store = remote.persister();
    for key in ["1", "2", "3"] {
        store.write(&iris(), draft(key)).await.unwrap();
    }
    // After a gap, too: the version is imported under 7.
    let mut seventh = store.read(&iris(), Which::Number(version(3))).await.unwrap();
    seventh.manifest.number = version(7);
    seventh.manifest.idempotency_key = IdempotencyKey("7".to_owned());
    store
        .import(&iris(), seventh.manifest, seventh.blob)
        .await
        .unwrap();
    store.write(&iris(), draft("8")).await.unwrap();

    let later = remote.persister();
    let again = later.write(&iris(), draft("2")).await.unwrap();
    assert!(
        matches!(&again, Written::Existing(found) if found.number == version(2)),
        "{again:?}"
    );
    let listed = later.list(&iris()).await.unwrap();
    let numbers: Vec<u64> = (listed.versions.iter())
        .map(|version| version.number.get())
        .collect();
    assert_eq!(numbers, [1, 2, 3, 7, 8]);
}

#[tokio::test]
async fn a_version_in_a_damaged_gap_can_be_used_and_deleted() {
    let remote = Remote::with(Habits::default());
    let source = remote.persister();
    for key in ["1", "2"] {
        source.write(&iris(), draft(key)).await.unwrap();
    }
    let second = source.read(&iris(), Which::Number(version(2))).await.unwrap();
    let remote = Remote::with(Habits::default());
    let store = remote.persister();
    store
        .import(&iris(), second.manifest.clone(), second.blob.clone())
        .await
        .unwrap();
    let gap = store
        .shelf(&iris())
        .paths
        .slot(super::paths::Row::Numbers, version(1));
    store.bucket.overwrite(&gap, b"{".to_vec()).await.unwrap();

    let store = remote.persister();
    let found = store.read(&iris(), Which::Number(version(2))).await.unwrap();
    assert_eq!(found, second);
    store.delete(&iris(), version(2)).await.unwrap();
    let listed = store.list(&iris()).await.unwrap();
    assert!(listed.versions.is_empty(), "{listed:?}");
}

#[tokio::test]
async fn bytes_that_no_version_names_are_collected_after_a_day() {
    let remote = Remote::with(Habits::default());
    let check = async |store: &ObjectStorePersister, hours: i64, expected: usize| {
        let mut draft = draft(&format!("after {hours} hours"));
        draft.time = moment(0) + hours.hours();
        store.write(&iris(), draft).await.unwrap();
        let blobs = store.shelf(&iris()).paths.blobs();
        assert_eq!(
            store.bucket.names(&blobs).await.unwrap().len(),
            expected,
            "{hours} hours"
        );
    };
    let store = remote.persister();
    for n_bytes in [3, 5] {
        let blob = bytes(1, n_bytes);
        let name = BlobName::new(Digest::of(&blob), moment(0));
        store
            .shelf(&iris())
            .put_blob(&store.bucket, &name, blob.into())
            .await
            .unwrap();
    }
    check(&store, 1, 3).await;
    check(&store, 23, 4).await;
    check(&store, 24, 3).await;
    // A later handle has nothing to collect, and takes none of what is named.
    check(&remote.persister(), 100, 4).await;
    for number in 1..=4 {
        store.read(&iris(), Which::Number(version(number))).await.unwrap();
    }
}

#[tokio::test]
async fn the_bytes_of_a_damaged_version_are_not_collected() {
    let remote = Remote::with(Habits::default());
    let store = remote.persister();
    store.write(&iris(), draft_of("1", bytes(1, 100))).await.unwrap();
    let shelf = store.shelf(&iris());
    let slot = shelf.paths.slot(super::paths::Row::Numbers, 1);
    let whole = store.bucket.document(&slot).await.unwrap().unwrap();
    store.bucket.overwrite(&slot, whole[..9].to_vec()).await.unwrap();
    let mut later = draft("2");
    later.time = moment(0) + 100.hours();
    let other = remote.persister();
    other.write(&iris(), later).await.unwrap();
    store.bucket.overwrite(&slot, whole).await.unwrap();
    let mended = other.read(&iris(), Which::Number(version(1))).await.unwrap();
    assert_eq!(mended.blob, bytes(1, 100));
}

#[tokio::test]
async fn a_process_that_sleeps_with_the_turn_holds_nobody_up_for_long() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("models");
    let store = ObjectStorePersister::open_folder(&path).await.unwrap();
    store.write(&iris(), draft("before")).await.unwrap();
    let turn = File::open(path.join("models/default/iris/turn")).unwrap();
    turn.lock().unwrap();
    store.write(&iris(), draft("during")).await.unwrap();
    assert_eq!(store.list(&iris()).await.unwrap().versions.len(), 2);
}

#[test]
fn files_in_the_making_are_swept_after_a_day() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = folder.path().join("blobs");
    fs::create_dir(&blobs).unwrap();
    let now = SystemTime::now();
    let hour = std::time::Duration::from_secs(3600);
    for (name, hours) in [("a.1.f#1", 25), ("a.1.f#2", 23), ("a.1.f", 25), ("a#b", 25)] {
        let file = File::create(blobs.join(name)).unwrap();
        file.set_modified(now - hour * hours).unwrap();
    }
    folder::sweep(folder.path(), now);
    let mut left: Vec<_> = fs::read_dir(&blobs)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["a#b", "a.1.f", "a.1.f#2"]);
}

fn fault<T: fmt::Debug>(result: Result<T, PersistError>) -> Fault {
    match result {
        Err(PersistError::Store { fault, .. }) => fault,
        other => panic!("not a fault of the store: {other:?}"),
    }
}

fn iris() -> ModelKey {
    model("default/iris")
}
