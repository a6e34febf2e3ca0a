//! What a cache makes of events, lists and answers in any order.

use k8s_openapi::api::core::v1::ConfigMap;
use kube::ResourceExt as _;

use super::*;

fn object(name: &str, uid: &str, version: u64, key: &str) -> ConfigMap {
    serde_json::from_value(serde_json::json!({
        "metadata": {
            "name": name, "namespace": "default", "uid": uid,
            "resourceVersion": version.to_string(), "labels": { "key": key },
        },
    }))
    .unwrap()
}

fn keys(object: &ConfigMap) -> Vec<String> {
    object.labels().get("key").cloned().into_iter().collect()
}

fn cache(objects: &[ConfigMap]) -> Cache<ConfigMap> {
    let cache = Cache::new(keys);
    list(&cache, objects);
    cache
}

fn list(cache: &Cache<ConfigMap>, objects: &[ConfigMap]) -> Vec<(bool, bool)> {
    cache.take(Event::Init);
    for object in objects {
        cache.take(Event::InitApply(object.clone()));
    }
    told(&cache.take(Event::InitDone))
}

/// Whether each change had an object before, and has one after.
fn told(changes: &[Change<ConfigMap>]) -> Vec<(bool, bool)> {
    let mut told: Vec<_> = (changes.iter())
        .map(|change| (change.before.is_some(), change.after.is_some()))
        .collect();
    told.sort();
    told
}

fn names(cache: &Cache<ConfigMap>, key: &str) -> Vec<String> {
    cache.by(key).iter().map(|found| found.name_any()).collect()
}

fn version(cache: &Cache<ConfigMap>, name: &str) -> Option<String> {
    cache.get("default", name)?.resource_version()
}

#[test]
fn objects_are_found_by_their_keys_as_these_change() {
    let cache = cache(&[object("a", "1", 1, "x"), object("b", "2", 2, "x")]);
    assert_eq!(names(&cache, "x"), ["a", "b"]);
    cache.take(Event::Apply(object("a", "1", 3, "y")));
    assert_eq!(
        (names(&cache, "x"), names(&cache, "y")),
        (vec!["b".to_owned()], vec!["a".to_owned()])
    );
    cache.take(Event::Delete(object("b", "2", 4, "x")));
    assert!(names(&cache, "x").is_empty() && cache.get("default", "b").is_none());
}

#[test]
fn an_object_that_vanished_between_two_lists_is_told() {
    let cache = cache(&[object("a", "1", 1, "x"), object("b", "2", 2, "x")]);
    assert_eq!(
        list(&cache, &[object("a", "1", 1, "x")]),
        [(true, false), (true, true)]
    );
    assert_eq!(names(&cache, "x"), ["a"]);
}

#[test]
fn an_event_older_than_our_own_write_is_passed_over() {
    let cache = cache(&[object("a", "1", 1, "x")]);
    cache.put(object("a", "1", 5, "y"));
    assert_eq!(names(&cache, "y"), ["a"]);
    assert!(cache.take(Event::Apply(object("a", "1", 3, "x"))).is_empty());
    assert_eq!(version(&cache, "a").as_deref(), Some("5"));
    // The write itself is told, so that what rests on it is looked at.
    assert_eq!(
        told(&cache.take(Event::Apply(object("a", "1", 5, "y")))),
        [(true, true)]
    );
}

#[test]
fn an_answer_that_arrives_after_the_deletion_brings_nothing_back() {
    let cache = cache(&[]);
    cache.take(Event::Apply(object("a", "1", 5, "x")));
    cache.take(Event::Delete(object("a", "1", 7, "x")));
    cache.put(object("a", "1", 5, "x"));
    assert!(cache.get("default", "a").is_none());
    cache.put(object("a", "2", 9, "x"));
    assert_eq!(version(&cache, "a").as_deref(), Some("9"));
}

#[test]
fn an_object_that_left_the_watch_and_is_told_again_is_kept_as_before() {
    let cache = cache(&[object("a", "1", 1, "x"), object("b", "2", 1, "x")]);
    for (name, uid) in [("a", "1"), ("b", "2")] {
        cache.take(Event::Delete(object(name, uid, 2, "x")));
    }
    cache.take(Event::Apply(object("a", "1", 3, "x")));
    list(&cache, &[object("a", "1", 3, "x"), object("b", "2", 3, "x")]);
    for (name, uid) in [("a", "1"), ("b", "2")] {
        cache.put(object(name, uid, 5, "y"));
        assert_eq!(version(&cache, name).as_deref(), Some("5"), "{name}");
    }
}

#[test]
fn the_deletion_of_a_predecessor_leaves_what_has_its_name_now() {
    let cache = cache(&[object("a", "1", 1, "x")]);
    cache.put(object("a", "2", 5, "x"));
    assert!(cache.take(Event::Delete(object("a", "1", 4, "x"))).is_empty());
    assert_eq!(version(&cache, "a").as_deref(), Some("5"));
}

#[test]
fn a_list_that_began_before_a_write_does_not_take_it_back() {
    let cache = cache(&[object("a", "1", 1, "x")]);
    cache.take(Event::Init);
    cache.put(object("a", "1", 5, "x"));
    cache.put(object("b", "2", 6, "x"));
    cache.take(Event::InitApply(object("a", "1", 1, "x")));
    cache.take(Event::InitDone);
    assert_eq!(version(&cache, "a").as_deref(), Some("5"));
    assert_eq!(names(&cache, "x"), ["a", "b"]);
    // The next list has them, or they are gone.
    list(&cache, &[object("a", "1", 5, "x")]);
    assert_eq!(names(&cache, "x"), ["a"]);
}

#[test]
fn an_object_that_can_no_longer_be_read_is_forgotten() {
    let cache = cache(&[object("a", "1", 1, "x")]);
    let gone = cache.forget(&ObjectRef::new("a").within("default")).unwrap();
    assert!(gone.before.is_some() && gone.after.is_none());
    assert!(names(&cache, "x").is_empty());
    assert!(cache.forget(&ObjectRef::new("a").within("default")).is_none());
}

#[test]
fn what_was_put_in_is_a_change_from_what_was_told_before_once_the_watch_tells_it() {
    let cache = cache(&[object("a", "1", 1, "x")]);
    let before_and_after = |change: &Change<ConfigMap>| {
        [&change.before, &change.after].map(|state| state.as_ref().map(|state| keys(state)[0].clone()))
    };
    let check = |event, expected: [Option<&str>; 2]| {
        let changes = cache.take(event);
        let expected = expected.map(|key| key.map(str::to_owned));
        assert_eq!(
            changes.iter().map(before_and_after).collect::<Vec<_>>(),
            [expected]
        );
    };
    cache.put(object("a", "1", 2, "y"));
    cache.put(object("a", "1", 3, "z"));
    assert!(cache.take(Event::Apply(object("a", "1", 2, "y"))).is_empty());
    check(Event::Apply(object("a", "1", 3, "z")), [Some("x"), Some("z")]);
    check(Event::Apply(object("a", "1", 4, "z")), [Some("z"), Some("z")]);
    cache.put(object("b", "2", 5, "y"));
    check(Event::Apply(object("b", "2", 5, "y")), [None, Some("y")]);
    cache.put(object("c", "3", 6, "y"));
    check(Event::Delete(object("c", "3", 7, "y")), [Some("y"), None]);
    cache.put(object("a", "1", 8, "y"));
    cache.take(Event::Init);
    cache.take(Event::InitApply(object("a", "1", 8, "y")));
    cache.take(Event::InitApply(object("b", "2", 5, "y")));
    let mut changes: Vec<_> = cache.take(Event::InitDone).iter().map(before_and_after).collect();
    changes.sort();
    assert_eq!(
        changes,
        [["y", "y"], ["z", "y"]].map(|change| change.map(|key| Some(key.to_owned())))
    );
}
