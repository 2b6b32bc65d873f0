//! Compiles and evaluates expressions, one JSON object a line, for comparing with other implementations. See `support`.

#[path = "../tests/support/mod.rs"]
mod support;

use serde_json::Value;
use std::io::BufRead;

fn main() {
    for line in std::io::stdin().lock().lines() {
        let case: Value = serde_json::from_str(&line.unwrap()).unwrap();
        println!("{}", Value::Object(support::run(&case)));
    }
}
