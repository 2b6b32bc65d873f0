//! Expressions compile or say why not, and what compiles is estimated and evaluated without a panic.
#![no_main]

use kfast_cel::{Environment, Type, Value, Variables};
use kfast_schema::{SchemaSet, free_json};
use libfuzzer_sys::fuzz_target;

const OBJECT: &str =
    r#"{"a":"b","l":["c","d"],"n":{"m":[1,2.5,null,true]},"t":"2020-01-01T00:00:00Z"}"#;

fuzz_target!(|text: &str| {
    let environment = Environment::new().variable("x", Type::Dyn).mutating();
    let Ok(program) = environment.compile(text) else {
        return;
    };
    let estimate = program.estimate(&|_| None);
    assert!(estimate.min <= estimate.max || estimate.max == 0);
    let tree = free_json(OBJECT).expect("it is JSON");
    let set = SchemaSet::default();
    let value = Value::read(&tree, &set, None).expect("anything reads as it is");
    let variables: Variables<'_> = vec![("x", value)];
    if let Ok(value) = program.evaluate(&variables, 10_000).value {
        let _ = value.to_tree();
    }
});
