//! No tree of a pod, however odd, makes the rules panic, and defaults are filled in once.

mod namespace;

use flate2::read::GzDecoder;
use kfast_pod as rules;
use kfast_schema::field::{Errors, Path};
use kfast_schema::model::{Type, TypeId};
use kfast_schema::{Name, SchemaSet, Value, load};
use proptest::prelude::*;
use std::borrow::Cow;
use std::io::Read;
use std::sync::LazyLock;

static SCHEMA: LazyLock<SchemaSet> = LazyLock::new(|| {
    let packed: &[u8] = include_bytes!("../../../python/kfast/api/data/schema.json.gz");
    let mut data = Vec::new();
    GzDecoder::new(packed)
        .read_to_end(&mut data)
        .expect("the data is gzip");
    load(&data).expect("the data is current")
});

const TEXTS: [&str; 24] = [
    "",
    "a",
    "a-b",
    "A.b",
    "..",
    "../x",
    "/a",
    "a/b",
    "é",
    "100m",
    "1Gi",
    "0.5",
    "-1",
    "cpu",
    "hugepages-2Mi",
    "Always",
    "Never",
    "windows",
    "linux",
    "Localhost",
    "In",
    "Exists",
    "example.com/x",
    "::ffff:1.2.3.4",
];

/// Choices drawn one after the other; 0 when they run out, which ends every list.
struct Choices<'c>(&'c [u8]);

impl Choices<'_> {
    fn next(&mut self, count: usize) -> usize {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        usize::from(*first) % count
    }
}

/// A value of a type, now and then of another.
fn value(ty: &Type, choices: &mut Choices<'_>, depth: usize) -> Value<'static> {
    if choices.next(40) == 39 {
        let odd = [
            Value::Null,
            Value::Int(7),
            Value::fixed("odd"),
            Value::EMPTY,
            Value::List(vec![]),
        ];
        return odd[choices.next(odd.len())].clone();
    }
    match ty {
        Type::Bool => Value::Bool(choices.next(2) == 1),
        Type::Int32 | Type::Int64 => {
            Value::Int([0, 1, -1, 80, 65536, 511, 512, i64::MAX, i64::MIN][choices.next(9)])
        }
        Type::IntOrString if choices.next(2) == 1 => Value::Int(80),
        Type::List(item) | Type::WrappedList(item) => {
            let count = choices.next(4).min(5_usize.saturating_sub(depth / 2));
            Value::List(
                (0..count)
                    .map(|_| value(item, choices, depth + 1))
                    .collect(),
            )
        }
        Type::Map(item) => {
            let mut map = Value::EMPTY;
            for _ in 0..choices.next(3) {
                let key = TEXTS[choices.next(TEXTS.len())];
                map.put(Cow::Borrowed(key), value(item, choices, depth + 1));
            }
            map
        }
        Type::Struct(id) if depth < 12 => structure(*id, choices, depth),
        _ => Value::fixed(TEXTS[choices.next(TEXTS.len())]),
    }
}

fn structure(id: TypeId, choices: &mut Choices<'_>, depth: usize) -> Value<'static> {
    let mut entries = Vec::new();
    for field in &SCHEMA.get(id).fields {
        let odds = match field.name.as_ref() {
            "metadata" | "spec" | "containers" | "volumes" => 2,
            _ => 4,
        };
        if choices.next(odds) == 1 {
            entries.push((Name::Known(field.key), value(&field.ty, choices, depth + 1)));
        }
    }
    Value::Object(entries)
}

fn pod(choices: &mut Choices<'_>) -> Value<'static> {
    structure(SCHEMA.kind("v1/Pod").expect("a kind"), choices, 0)
}

fn run(bytes: &[u8]) {
    let mut choices = Choices(bytes);
    let (mut new, mut old) = (pod(&mut choices), pod(&mut choices));
    rules::defaults::pod(&mut new);
    rules::defaults::pod(&mut old);
    let mut again = new.clone();
    rules::defaults::pod(&mut again);
    assert_eq!(again, new, "defaults are filled in once");
    admit(new.clone());
    let mut errors = Errors::new(&SCHEMA);
    rules::validate_create(&new, &mut errors);
    rules::validate_update(&new, &old, &mut errors);
    rules::validate_status(&new, &old, &mut errors);
    rules::validate_ephemeral(&rules::prepare_ephemeral(&new, &old), &old, &mut errors);
    rules::validate_resize(&rules::prepare_resize(&new, &old), &old, &mut errors);
    rules::validate_template(&new, Some(&old), &Path::Root, &mut errors);
    let _ = (rules::pod_warnings(&new), rules::status_warnings(&new));
    let _ = rules::template_warnings(&new, &Path::Root);
    let mut status = new.clone();
    rules::prepare_status(&mut status, &old);
    rules::prepare_create(&mut new);
    assert!(new.canonical(&SCHEMA).starts_with(b"{"));
    assert!(
        errors
            .found()
            .iter()
            .all(|violation| !violation.message.is_empty())
    );
}

/// The plugins take any pod, and have nothing to add to what they have changed.
fn admit(mut pod: Value<'static>) {
    let admission = namespace::admission();
    let spec = kfast_schema::names::SPEC;
    for name in [
        kfast_schema::names::PRIORITY_CLASS_NAME,
        kfast_schema::names::PRIORITY,
        kfast_schema::names::PREEMPTION_POLICY,
    ] {
        pod.object_at(spec).remove(name);
    }
    let done = admission.complete(&mut pod, "abcde");
    let judgement = admission.judge(&pod);
    assert!(judgement.refused.is_none_or(|why| !why.is_empty()));
    let usage = rules::admission::usage(&pod, false);
    assert!(usage.amounts.contains_key("count/pods") && usage.scopes.len() >= 2);
    if matches!(done, Ok(None)) {
        let mut again = pod.clone();
        for name in [
            kfast_schema::names::PRIORITY,
            kfast_schema::names::PREEMPTION_POLICY,
        ] {
            again.object_at(spec).remove(name);
        }
        assert!(matches!(admission.complete(&mut again, "fghij"), Ok(None)));
        assert_eq!(again, pod);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_tree_makes_the_rules_panic(bytes in proptest::collection::vec(any::<u8>(), 0..6000)) {
        run(&bytes);
    }
}

#[test]
fn nothing_is_no_pod_either() {
    run(&[]);
    run(&[1; 4000]);
    run(&[39; 200]);
}
