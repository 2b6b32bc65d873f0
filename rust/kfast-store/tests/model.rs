//! Random operations on the store and on the naive model: lists at every revision, pages, watches resumed anywhere.

use kfast_core::Object;
use kfast_selector::{FieldSelector, LabelSelector};
use kfast_store::durable::DurableLog;
use kfast_store::{
    Field, Limits, ListOptions, Store, StoreError, Submitted, Watch, WatchOptions, Write,
};
use kfast_testkit::guarantees::{self, Observation, Seen};
use kfast_testkit::{Fault, FaultyLog, NaiveStore, Pod, Refusal};
use proptest::prelude::*;

const NAMESPACES: [&str; 3] = ["a", "a-b", "b"];
const NAMES: [&str; 4] = ["x", "x-1", "y", "z"];
const NODES: [&str; 3] = ["", "n1", "n2"];
/// (namespace, labels, fields)
const FILTERS: [(Option<&str>, &str, &str); 11] = [
    (None, "", ""),
    (Some("a"), "", ""),
    (Some("none"), "", ""),
    (None, "app=w", ""),
    (None, "app in (w,v),!tier", ""),
    (None, "app!=w", ""),
    (None, "", "spec.nodeName=n1"),
    (None, "", "spec.nodeName="),
    (Some("a-b"), "app", "spec.nodeName!=n1"),
    (None, "", "metadata.name=x"),
    (None, "tier=t", "metadata.namespace=a,metadata.name!=y"),
];

#[derive(Clone, Debug)]
enum Step {
    Put {
        ns: usize,
        name: usize,
        node: usize,
        app: usize,
        tier: bool,
        stale: bool,
    },
    Delete {
        ns: usize,
        name: usize,
        stale: bool,
    },
    Compact(u64),
    Open {
        filter: usize,
        back: u64,
    },
    Drain {
        watch: usize,
        limit: usize,
    },
    Resume {
        watch: usize,
    },
    Fault(Fault),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..3usize, 0..4usize, 0..3usize, 0..3usize, any::<bool>(), prop::bool::weighted(0.1))
            .prop_map(|(ns, name, node, app, tier, stale)| Step::Put { ns, name, node, app, tier, stale }),
        3 => (0..3usize, 0..4usize, prop::bool::weighted(0.1))
            .prop_map(|(ns, name, stale)| Step::Delete { ns, name, stale }),
        1 => (0..8u64).prop_map(Step::Compact),
        2 => (0..FILTERS.len(), 0..6u64).prop_map(|(filter, back)| Step::Open { filter, back }),
        2 => (0..8usize, 0..4usize).prop_map(|(watch, limit)| Step::Drain { watch, limit }),
        1 => (0..8usize).prop_map(|watch| Step::Resume { watch }),
        1 => prop_oneof![
            Just(Fault::Lost),
            (0..2usize).prop_map(Fault::Torn),
            Just(Fault::Unacknowledged),
        ].prop_map(Step::Fault),
    ]
}

struct Observed {
    filter: usize,
    since: u64,
    watch: Watch,
    seen: Vec<Observation>,
    expired: bool,
}

struct Run {
    store: Store,
    log: Option<FaultyLog>,
    model: NaiveStore,
    watches: Vec<Observed>,
}

fn selectors(filter: usize) -> (Option<Box<str>>, LabelSelector, FieldSelector) {
    let (namespace, labels, fields) = FILTERS[filter];
    let labels = LabelSelector::parse(labels).unwrap();
    (
        namespace.map(Into::into),
        labels,
        FieldSelector::parse(fields).unwrap(),
    )
}

/// The filter by definition, from the whole object.
fn selects(filter: usize, object: &Object) -> bool {
    let (namespace, labels, fields) = selectors(filter);
    let value: serde_json::Value = serde_json::from_slice(&object.bytes()).unwrap();
    let text = |pointer: &str| {
        value
            .pointer(pointer)
            .and_then(|v| v.as_str())
            .unwrap_or("")
            .to_owned()
    };
    namespace.is_none_or(|ns| *ns == *text("/metadata/namespace"))
        && labels.matches_with(|key| value["metadata"]["labels"][key].as_str())
        && fields
            .requirements()
            .iter()
            .all(|r| r.accepts(&text(&format!("/{}", r.field.replace('.', "/")))))
}

fn register(store: &Store) {
    let node = Field {
        label: "spec.nodeName".into(),
        path: "spec.nodeName".into(),
        default: "".into(),
    };
    store.register("pods", &[node]);
}

impl Run {
    fn new(log: Option<FaultyLog>) -> Self {
        let store = match &log {
            None => Store::memory(Limits::default()).unwrap(),
            Some(log) => open(log),
        };
        register(&store);
        Self {
            store,
            log,
            model: NaiveStore::default(),
            watches: Vec::new(),
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Put {
                ns,
                name,
                node,
                app,
                tier,
                stale,
            } => {
                let mut pod = Pod::new(NAMESPACES[*ns], NAMES[*name]).on(NODES[*node]);
                if *app > 0 {
                    pod = pod.label("app", ["", "w", "v"][*app]);
                }
                if *tier {
                    pod = pod.label("tier", "t");
                }
                let body = pod.bytes();
                match self
                    .model
                    .get(&pod.namespace, &pod.name)
                    .map(Object::revision)
                {
                    None => self.write(&pod.namespace, &pod.name, Write::Create(&body)),
                    Some(_) if *stale => {
                        self.write(&pod.namespace, &pod.name, Write::Create(&body))
                    }
                    Some(rv) => self.write(&pod.namespace, &pod.name, Write::Update(&body, rv)),
                }
            }
            Step::Delete { ns, name, stale } => {
                let (ns, name) = (NAMESPACES[*ns], NAMES[*name]);
                let known = self.model.get(ns, name).map_or(0, Object::revision);
                self.write(
                    ns,
                    name,
                    Write::Delete(known - u64::from(*stale && known > 0)),
                );
            }
            Step::Compact(back) => {
                let revision = self.store.revision().saturating_sub(*back);
                self.store.compact(revision);
                assert!(self.store.compacted() >= revision);
            }
            Step::Open { filter, back } => {
                let since = self
                    .store
                    .revision()
                    .saturating_sub(*back)
                    .max(self.store.compacted());
                let watch = watch(&self.store, *filter, since).unwrap();
                let (filter, seen, expired) = (*filter, Vec::new(), false);
                self.watches.push(Observed {
                    filter,
                    since,
                    watch,
                    seen,
                    expired,
                });
            }
            Step::Drain { watch, limit } => self.with_watch(*watch, |o, _| drain(o, *limit)),
            Step::Resume { watch } => self.with_watch(*watch, |o, store| {
                let at = o.watch.revision();
                if !o.expired && at >= store.compacted() {
                    o.watch = crate::watch(store, o.filter, at).unwrap();
                    o.seen.push(Observation::Resumed(at));
                }
            }),
            Step::Fault(fault) => {
                if let Some(log) = &self.log {
                    log.plan([*fault]);
                }
            }
        }
    }

    fn with_watch(&mut self, index: usize, act: impl Fn(&mut Observed, &Store)) {
        let count = self.watches.len().max(1);
        if let Some(observed) = self.watches.get_mut(index % count) {
            act(observed, &self.store);
        }
    }

    fn write(&mut self, ns: &str, name: &str, write: Write<'_>) {
        let before = self.store.revision();
        let outcome = settled(&self.store, self.store.write("pods", ns, name, write));
        if let Err(StoreError::Unavailable(_)) = outcome {
            assert_eq!(
                self.store.revision(),
                before,
                "a failed write leaves no trace"
            );
            return;
        }
        let expected = self.model.write(ns, name, write);
        match (outcome, expected) {
            (Ok(object), Ok(())) => assert_eq!(object.revision(), self.model.revision()),
            (Err(StoreError::AlreadyExists(_)), Err(Refusal::AlreadyExists))
            | (Err(StoreError::Absent(_)), Err(Refusal::Absent))
            | (Err(StoreError::Modified { .. }), Err(Refusal::Modified)) => {}
            (outcome, expected) => panic!("{outcome:?}, but the model says {expected:?}"),
        }
        assert_eq!(self.store.revision(), self.model.revision());
    }

    fn check_lists(&self) {
        for revision in self.store.compacted()..=self.store.revision() {
            for filter in 0..FILTERS.len() {
                for limit in [0, 1, 3] {
                    self.check_list(revision, filter, limit);
                }
            }
        }
        let options = |revision| ListOptions {
            revision,
            ..ListOptions::default()
        };
        let below = self.store.compacted() - 1;
        if below > 0 {
            let error = self.store.list("pods", &options(below)).unwrap_err();
            assert!(matches!(error, StoreError::Compacted { .. }), "{error}");
        }
        let error = self
            .store
            .list("pods", &options(self.store.revision() + 1))
            .unwrap_err();
        assert!(matches!(error, StoreError::Future { .. }), "{error}");
    }

    fn check_list(&self, revision: u64, filter: usize, limit: usize) {
        let chosen = self.model.at(revision).filter(|(_, o)| selects(filter, o));
        let expected: Vec<_> = chosen.map(|(_, o)| o.bytes().into_owned()).collect();
        let (namespace, labels, fields) = selectors(filter);
        let counts = labels.is_empty() && fields.is_empty();
        let mut options = ListOptions {
            namespace,
            labels,
            fields,
            limit,
            revision,
            start: "".into(),
        };
        let mut found = Vec::new();
        loop {
            let page = self.store.list("pods", &options).unwrap();
            assert_eq!(page.revision, revision);
            assert!(limit == 0 || page.objects.len() <= limit);
            found.extend(page.objects.iter().map(|o| o.bytes().to_vec()));
            let left = expected.len() - found.len();
            assert_eq!(page.remaining, (counts && left > 0).then_some(left));
            match page.next_start {
                Some(start) => options.start = start.into(),
                None => break,
            }
        }
        assert_eq!(found, expected, "filter {filter} at {revision} by {limit}");
    }

    fn check_watches(&mut self) {
        for observed in &mut self.watches {
            drain(observed, usize::MAX);
            let truth: Vec<Seen> = self
                .model
                .after(observed.since)
                .filter_map(|e| {
                    let (kind, object) = e.seen(|o| selects(observed.filter, o))?;
                    Some(Seen {
                        revision: e.revision,
                        kind,
                        object,
                    })
                })
                .collect();
            guarantees::all(&observed.seen, observed.since, &truth).unwrap();
            if !observed.expired {
                let came = |o: &&Observation| matches!(o, Observation::Event(_));
                assert_eq!(observed.seen.iter().filter(came).count(), truth.len());
                assert_eq!(observed.watch.revision(), self.store.revision());
            }
        }
    }
}

fn open(log: &FaultyLog) -> Store {
    let log: Box<dyn DurableLog> = Box::new(log.clone());
    Store::open(log, Limits::default()).unwrap()
}

fn watch(store: &Store, filter: usize, since: u64) -> Result<Watch, StoreError> {
    let (namespace, labels, fields) = selectors(filter);
    store.watch(
        "pods",
        &WatchOptions {
            namespace,
            labels,
            fields,
            since,
        },
    )
}

fn drain(observed: &mut Observed, limit: usize) {
    match observed.watch.drain(limit) {
        Ok(deliveries) => observed.seen.extend(deliveries.iter().map(|d| {
            Observation::Event(Seen {
                revision: d.event.revision,
                kind: d.kind,
                object: d.object().bytes().to_vec(),
            })
        })),
        Err(StoreError::Compacted { .. }) => observed.expired = true,
        Err(error) => panic!("{error}"),
    }
    if !observed.expired {
        observed
            .seen
            .push(Observation::Bookmark(observed.watch.revision()));
    }
}

fn settled(store: &Store, submitted: Result<Submitted, StoreError>) -> Result<Object, StoreError> {
    match submitted? {
        Submitted::Done(object) => Ok(object),
        Submitted::Pending(ticket) => loop {
            if let Some(done) = store.completions().pop() {
                assert_eq!(done.ticket, ticket);
                return done.result;
            }
            std::thread::yield_now();
        },
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn in_memory_as_the_model(steps in prop::collection::vec(step(), 0..60)) {
        let mut run = Run::new(None);
        steps.iter().for_each(|s| run.step(s));
        run.check_lists();
        run.check_watches();
    }

    #[test]
    fn on_a_failing_disk_as_the_model(steps in prop::collection::vec(step(), 0..60)) {
        let log = FaultyLog::default();
        let mut run = Run::new(Some(log.clone()));
        steps.iter().for_each(|s| run.step(s));
        run.check_lists();
        run.check_watches();
        run.store.close();
        // What an unacknowledged append left behind may show up again, as after a crash of any database.
        let last = run.log.as_ref().map(FaultyLog::records).unwrap_or_default();
        if last.last().is_none_or(|r| r.revision == run.model.revision()) {
            run.store = open(&log);
            register(&run.store);
            run.watches.clear();
            run.check_lists();
        }
    }
}
