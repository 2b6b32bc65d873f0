//! Whatever the text and the data: errors, never panics; and no evaluation costs more than its limit by more than a call.

use kfast_cel::{Declared, Environment, ListKind, Object, Shape, Type, Value, Variables};
use kfast_schema::{SchemaSet, free_json};
use proptest::prelude::*;
use std::sync::Arc;

const WORDS: [&str; 62] = [
    "self",
    "x",
    "1",
    "0",
    "-1",
    "2u",
    "1.5",
    "'a'",
    "b'a'",
    "true",
    "null",
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
    ".",
    ",",
    ":",
    "?",
    "+",
    "-",
    "*",
    "/",
    "%",
    "==",
    "!=",
    "<",
    ">=",
    "&&",
    "||",
    "!",
    " in ",
    "has(",
    ".map(",
    ".all(",
    ".exists(x,",
    ".filter(",
    "size(",
    ".size()",
    "[0]",
    "['a']",
    ".a",
    ".?a",
    "[?0]",
    "optional.of(",
    ".orValue(",
    ".optMap(y,",
    "duration('1h')",
    "timestamp('2020-01-01T00:00:00Z')",
    "int(",
    "string(",
    ".matches('",
    "quantity('1')",
    "ip('::1')",
    ".split('')",
    ".replace('','",
    ".sort()",
    "lists.range(9)",
    "'%s'.format([",
    ".sortBy(y,",
];

fn schema() -> Arc<Declared> {
    let text = || Arc::new(Declared::unlimited(Shape::String));
    let list = Declared::unlimited(Shape::List {
        items: text(),
        kind: ListKind::Set,
    });
    let fields = [("a".to_owned(), text()), ("l".to_owned(), Arc::new(list))];
    Arc::new(Declared::unlimited(Shape::Object(Arc::new(Object::new(
        "o", fields,
    )))))
}

fn run(text: &str) {
    let declared = schema();
    let environment = Environment::new()
        .variable("self", declared.cel_type())
        .variable("x", Type::Dyn);
    let Ok(program) = environment.compile(text) else {
        return;
    };
    let _ = program.estimate(&|path| declared.longest(&path[1..]));
    let json = r#"{"a":"b","l":["c","d"],"n":{"m":[1,2.5,null,true]}}"#;
    let tree = free_json(json).unwrap();
    let set = SchemaSet::default();
    let variables: Variables<'_> = vec![
        ("self", Value::read(&tree, &set, Some(&declared)).unwrap()),
        ("x", Value::read(&tree, &set, None).unwrap()),
    ];
    let evaluation = program.evaluate(&variables, 10_000);
    if let Ok(value) = evaluation.value {
        let _ = value.to_tree();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_text(text in any::<String>()) {
        run(&text);
    }

    #[test]
    fn any_words(words in prop::collection::vec(prop::sample::select(&WORDS[..]), 1..14)) {
        run(&words.concat());
    }
}

#[test]
fn deep_expressions_are_refused() {
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("!", ""),
        ("{1:", "}"),
        ("true?1:", ""),
        ("size(", ")"),
        ("-", ""),
    ] {
        for times in [200, 100_000 / 3] {
            run(&format!("{}1{}", open.repeat(times), close.repeat(times)));
        }
    }
    for chain in ["+1", ".a", "[0]", "&&true", "==1", ".size()"] {
        run(&format!("x{}", chain.repeat(15_000)));
    }
}

#[test]
fn no_call_makes_more_than_there_is_room_for() {
    run("[x].map(l, l + l)");
    let mut text = "x".to_owned();
    for _ in 0..40 {
        text = format!("[{text}].map(y, y)[0]");
    }
    run(&text);
    let environment = Environment::new();
    for text in [
        "lists.range(1000000).map(x, 'abcdefghij').join('0123456789').size()",
        "lists.range(9223372036854775807).size()",
        "[lists.range(100000)].map(a, a+a).map(a, a+a).map(a, a+a).map(a, a+a).map(a, a+a).map(a, a+a).map(a, a+a).size()",
    ] {
        let program = environment.compile(text).unwrap();
        assert!(
            program
                .evaluate(&Variables::new(), 1_000_000)
                .value
                .is_err(),
            "{text}"
        );
    }
}
