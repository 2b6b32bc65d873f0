//! What the log promises: acknowledged means kept, failed means no trace, one process at a time.

use kfast_core::Object;
use kfast_store::durable::{DurableLog, LogError, SqliteLog};
use kfast_store::{Completion, Limits, ListOptions, Store, StoreError, Submitted, Write};
use kfast_testkit::{Fault, FaultyLog, Pod};
use std::path::PathBuf;

struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("kfast-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn log(&self) -> Result<SqliteLog, LogError> {
        SqliteLog::open(self.0.join("store.db"))
    }

    fn open(&self) -> Store {
        Store::open(Box::new(self.log().unwrap()), Limits::default()).unwrap()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn submit(store: &Store, name: &str, write: Write<'_>) -> u64 {
    match store.write("pods", "d", name, write).unwrap() {
        Submitted::Pending(ticket) => ticket,
        Submitted::Done(object) => panic!("{object:?} was not written to the log"),
    }
}

fn create(store: &Store, name: &str) -> u64 {
    submit(store, name, Write::Create(&Pod::new("d", name).bytes()))
}

fn completions(store: &Store, count: usize) -> Vec<Completion> {
    let mut done = Vec::new();
    while done.len() < count {
        done.extend(store.completions());
        std::thread::yield_now();
    }
    done
}

fn object(store: &Store) -> Object {
    completions(store, 1).remove(0).result.unwrap()
}

fn names(store: &Store) -> Vec<String> {
    let page = store.list("pods", &ListOptions::default()).unwrap();
    page.objects.iter().map(|o| o.name().to_owned()).collect()
}

#[test]
fn completions_come_in_order_and_batches_form() {
    let log = FaultyLog::default();
    let store = Store::open(Box::new(log.clone()), Limits::default()).unwrap();
    let tickets: Vec<u64> = (0..500).map(|i| create(&store, &format!("p{i}"))).collect();
    let done = completions(&store, 500);
    assert_eq!(done.iter().map(|d| d.ticket).collect::<Vec<_>>(), tickets);
    let revisions: Vec<u64> = done
        .iter()
        .map(|d| d.result.as_ref().unwrap().revision())
        .collect();
    assert_eq!(revisions, (2..502).collect::<Vec<u64>>());
    assert_eq!(log.batches().iter().sum::<usize>(), 500);
}

#[test]
fn a_write_is_checked_against_pending_ones() {
    let store = Store::open(Box::<FaultyLog>::default(), Limits::default()).unwrap();
    let body = Pod::new("d", "a").bytes();
    create(&store, "a");
    let again = store
        .write("pods", "d", "a", Write::Create(&body))
        .unwrap_err();
    assert!(matches!(again, StoreError::AlreadyExists(_)), "{again}");
    submit(&store, "a", Write::Update(&body, 2));
    let stale = store.write("pods", "d", "a", Write::Delete(2)).unwrap_err();
    assert!(matches!(stale, StoreError::Modified { current, .. } if current.revision() == 3));
    submit(&store, "a", Write::Delete(3));
    create(&store, "a");
    let last = completions(&store, 4).pop().unwrap().result.unwrap();
    assert_eq!((last.revision(), store.revision()), (5, 5));
}

#[test]
fn a_failed_batch_takes_what_builds_on_it_along_and_leaves_no_trace() {
    for fault in [Fault::Lost, Fault::Torn(1), Fault::Unacknowledged] {
        let log = FaultyLog::default();
        let store = Store::open(Box::new(log.clone()), Limits::default()).unwrap();
        create(&store, "kept");
        let kept = object(&store);
        log.plan([fault]);
        let changed = Pod::new("d", "kept").label("a", "1").bytes();
        submit(&store, "kept", Write::Update(&changed, kept.revision()));
        let mut done = completions(&store, 1);
        assert!(
            matches!(done.remove(0).result, Err(StoreError::Unavailable(_))),
            "{fault:?}"
        );
        assert_eq!(
            store.get("pods", "d", "kept").unwrap().bytes(),
            kept.bytes()
        );
        assert_eq!(store.revision(), 2);
        // The disk is well again: the same revision is taken anew, and only the new write is on disk.
        create(&store, "new");
        assert_eq!(object(&store).revision(), 3);
        store.close();
        let reopened = Store::open(Box::new(log.clone()), Limits::default()).unwrap();
        assert_eq!(names(&reopened), ["kept", "new"], "{fault:?}");
        assert_eq!((reopened.revision(), reopened.compacted()), (3, 3));
    }
}

#[test]
fn a_reopened_file_holds_what_was_acknowledged_and_no_more_than_needed() {
    let directory = Directory::new("reopen");
    let store = directory.open();
    for i in 0..20 {
        create(&store, &format!("p{i:02}"));
    }
    completions(&store, 20);
    let body = Pod::new("d", "p00").bytes();
    let mut revision = 2;
    for _ in 0..1000 {
        submit(&store, "p00", Write::Update(&body, revision));
        revision = object(&store).revision();
    }
    for i in 1..20 {
        let name = format!("p{i:02}");
        let known = store.get("pods", "d", &name).unwrap().revision();
        submit(&store, &name, Write::Delete(known));
    }
    let last = completions(&store, 19).pop().unwrap().result.unwrap();
    store.close();
    let mut records = 0;
    directory
        .log()
        .unwrap()
        .load(&mut |_| records += 1)
        .unwrap();
    assert!(records < 400, "{records} records for one object");
    let store = directory.open();
    assert_eq!(names(&store), ["p00"]);
    assert_eq!(store.get("pods", "d", "p00").unwrap().revision(), revision);
    assert_eq!(
        (store.revision(), store.compacted()),
        (last.revision(), last.revision())
    );
    create(&store, "p01");
    assert_eq!(object(&store).revision(), last.revision() + 1);
}

#[test]
fn one_process_at_a_time_and_only_our_files() {
    let directory = Directory::new("lock");
    let first = directory.open();
    assert!(matches!(directory.log(), Err(LogError::InUse(_))));
    drop(first);
    assert!(directory.log().is_ok());

    let path = directory.0.join("text.db");
    std::fs::write(
        &path,
        "not a database, but long enough to be looked at ".repeat(100),
    )
    .unwrap();
    assert!(matches!(SqliteLog::open(&path), Err(LogError::Failed(_))));
    let missing = directory.0.join("missing").join("store.db");
    assert!(matches!(SqliteLog::open(missing), Err(LogError::Failed(_))));
}

#[test]
fn closing_writes_out_what_is_pending() {
    let directory = Directory::new("close");
    let store = directory.open();
    for i in 0..300 {
        create(&store, &format!("p{i}"));
    }
    store.close();
    assert_eq!(completions(&store, 300).len(), 300);
    let body = Pod::new("d", "late").bytes();
    let late = store
        .write("pods", "d", "late", Write::Create(&body))
        .unwrap_err();
    assert!(matches!(late, StoreError::Unavailable(_)), "{late}");
    assert_eq!(names(&store).len(), 300);
    assert_eq!(names(&directory.open()).len(), 300);
}
