//! Readiness, history limits, fields declared later.

use kfast_selector::{FieldSelector, LabelSelector};
use kfast_store::{
    EventKind, Field, Limits, ListOptions, Store, StoreError, Submitted, WatchOptions, Write,
};
use kfast_testkit::Pod;

fn store(events: usize) -> Store {
    let bytes = usize::MAX;
    let store = Store::memory(Limits { events, bytes }).unwrap();
    store.register("pods", &[field("spec.nodeName", "")]);
    store
}

fn field(path: &str, default: &str) -> Field {
    Field {
        label: path.into(),
        path: path.into(),
        default: default.into(),
    }
}

fn put(store: &Store, pod: &Pod) -> u64 {
    let body = pod.bytes();
    let current = store.get("pods", &pod.namespace, &pod.name);
    let write = match &current {
        None => Write::Create(&body),
        Some(object) => Write::Update(&body, object.revision()),
    };
    match store
        .write("pods", &pod.namespace, &pod.name, write)
        .unwrap()
    {
        Submitted::Done(object) => object.revision(),
        Submitted::Pending(_) => panic!("a store in memory is done at once"),
    }
}

fn on_node(node: &str) -> WatchOptions {
    let fields = FieldSelector::parse(&format!("spec.nodeName={node}")).unwrap();
    WatchOptions {
        fields,
        ..WatchOptions::default()
    }
}

#[test]
fn only_armed_watches_that_are_concerned_get_ready() {
    let store = store(1000);
    let watches: Vec<_> = (0..50)
        .map(|i| store.watch("pods", &on_node(&format!("n{i}"))).unwrap())
        .collect();
    assert!(watches.iter().all(|w| w.arm()));
    put(&store, &Pod::new("d", "a").on("n7"));
    assert_eq!(store.ready(), [watches[7].id()]);
    assert!(!watches[7].arm(), "there is something to hand out");
    assert_eq!(watches[7].drain(9).unwrap()[0].kind, EventKind::Added);
    put(&store, &Pod::new("d", "a").on("n7"));
    assert!(store.ready().is_empty(), "nobody waits");

    assert!(!watches[7].arm() && watches[8].arm());
    put(&store, &Pod::new("d", "a").on("n8"));
    assert_eq!(store.ready(), [watches[8].id()]);
    let left = &watches[7].drain(9).unwrap()[1];
    assert_eq!(
        (left.kind, left.object().revision()),
        (EventKind::Deleted, store.revision())
    );
    watches[9].close();
    assert_eq!(store.ready(), [watches[9].id()], "a close wakes the waiter");
    assert!(!watches[9].arm() && watches[9].drain(1).unwrap().is_empty());
}

#[test]
fn history_is_bounded_and_slow_watches_expire() {
    let store = store(10);
    let slow = store.watch("pods", &WatchOptions::default()).unwrap();
    for _ in 0..30 {
        put(&store, &Pod::new("d", "a"));
    }
    assert_eq!((store.revision(), store.compacted()), (31, 21));
    assert!(matches!(
        slow.drain(1),
        Err(StoreError::Compacted { compacted: 21, .. })
    ));
    assert_eq!(slow.revision(), 1);
    let since = |since| WatchOptions {
        since,
        ..WatchOptions::default()
    };
    assert!(matches!(
        store.watch("pods", &since(20)),
        Err(StoreError::Compacted {
            requested: 20,
            compacted: 21
        })
    ));
    assert_eq!(
        store
            .watch("pods", &since(21))
            .unwrap()
            .drain(99)
            .unwrap()
            .len(),
        10
    );
    let list = |revision| {
        store.list(
            "pods",
            &ListOptions {
                revision,
                ..ListOptions::default()
            },
        )
    };
    assert_eq!(list(21).unwrap().objects[0].revision(), 21);
    assert!(list(20).is_err());
}

#[test]
fn bytes_of_superseded_states_are_bounded() {
    let limits = Limits {
        events: usize::MAX,
        bytes: 10_000,
    };
    let store = Store::memory(limits).unwrap();
    let pod = Pod::new("d", "a").label("fill", &"x".repeat(1000));
    for _ in 0..50 {
        put(&store, &pod);
    }
    assert!(
        (40..50).contains(&store.compacted()),
        "{}",
        store.compacted()
    );
}

#[test]
fn deleted_keys_are_forgotten_with_their_history() {
    let store = store(1000);
    let revision = put(&store, &Pod::new("d", "a").label("x", "1"));
    store
        .write("pods", "d", "a", Write::Delete(revision))
        .unwrap();
    let options = |revision| ListOptions {
        labels: LabelSelector::parse("x=1").unwrap(),
        revision,
        ..ListOptions::default()
    };
    assert_eq!(
        store
            .list("pods", &options(revision))
            .unwrap()
            .objects
            .len(),
        1
    );
    store.compact(store.revision());
    assert_eq!(store.list("pods", &options(0)).unwrap().objects.len(), 0);
    put(&store, &Pod::new("d", "b"));
    assert_eq!(put(&store, &Pod::new("d", "a").label("x", "1")), 5);
    assert_eq!(
        store.list("pods", &options(0)).unwrap().objects[0].name(),
        "a"
    );
}

#[test]
fn fields_declared_later_apply_to_what_is_there() {
    let store = store(1000);
    put(&store, &Pod::new("d", "a").on("n1"));
    let old = store.watch("pods", &on_node("n1")).unwrap();
    assert!(old.arm());
    let select = |text: &str| ListOptions {
        fields: FieldSelector::parse(text).unwrap(),
        ..ListOptions::default()
    };
    let unknown = store.list("pods", &select("spec.x=1")).unwrap_err();
    assert_eq!(unknown.to_string(), "field label not supported: spec.x");

    store.register("pods", &[field("spec.x", "1"), field("spec.nodeName", "")]);
    assert_eq!(store.ready(), [old.id()]);
    assert!(matches!(old.drain(1), Err(StoreError::Compacted { .. })));
    assert_eq!(
        store
            .list("pods", &select("spec.x=1,spec.nodeName=n1"))
            .unwrap()
            .objects
            .len(),
        1
    );
    let replay = store
        .watch(
            "pods",
            &WatchOptions {
                since: 1,
                ..on_node("n1")
            },
        )
        .unwrap();
    assert_eq!(replay.drain(9).unwrap().len(), 1);
}

#[test]
fn a_body_of_another_key_is_refused() {
    let store = store(10);
    for (body, name) in [
        (Pod::new("d", "a").bytes(), "b"),
        (Pod::new("e", "b").bytes(), "b"),
        (b"{}".to_vec(), "b"),
        (b"{\"metadata\":{\"name\":\"b\"".to_vec(), "b"),
    ] {
        let error = store
            .write("pods", "d", name, Write::Create(&body))
            .unwrap_err();
        assert!(matches!(error, StoreError::Malformed(_)), "{error}");
    }
    assert_eq!(store.revision(), 1);
}

#[test]
fn a_future_watch_hears_only_of_the_future() {
    let store = store(10);
    let options = WatchOptions {
        since: 3,
        ..WatchOptions::default()
    };
    let watch = store.watch("pods", &options).unwrap();
    for _ in 0..3 {
        put(&store, &Pod::new("d", "a"));
    }
    let revisions: Vec<u64> = watch
        .drain(9)
        .unwrap()
        .iter()
        .map(|d| d.event.revision)
        .collect();
    assert_eq!(revisions, [4]);
}

#[test]
fn the_first_of_several_paths_with_a_value_counts() {
    let store = store(1000);
    let place = Field {
        path: "spec.nodeName|metadata.name".into(),
        ..field("place", "")
    };
    store.register("pods", &[place]);
    put(&store, &Pod::new("d", "a").on("n1"));
    put(&store, &Pod::new("d", "b"));
    for (value, names) in [("n1", vec!["a"]), ("a", vec![]), ("b", vec!["b"])] {
        let options = ListOptions {
            fields: FieldSelector::parse(&format!("place={value}")).unwrap(),
            ..ListOptions::default()
        };
        let page = store.list("pods", &options).unwrap();
        let found: Vec<_> = page.objects.iter().map(|o| o.name().to_owned()).collect();
        assert_eq!(found, names);
    }
}
