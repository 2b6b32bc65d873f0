//! The quality-of-service class of a pod (apis/core/helper/qos).

use crate::amount::milli;
use kfast_schema::names as n;
use kfast_schema::{NameId, Value};

/// Positive amounts of cpu and memory of a list.
fn counted(resources: Option<&Value<'_>>, which: NameId) -> [Option<i128>; 2] {
    let list = resources.and_then(|r| r.get(which)).unwrap_or(&Value::Null);
    ["cpu", "memory"].map(|name| {
        let amount = list.at(name).and_then(Value::as_text).and_then(milli)?;
        (amount > 0).then_some(i128::from(amount))
    })
}

fn add(totals: &mut [Option<i128>; 2], more: [Option<i128>; 2]) {
    for (total, amount) in totals.iter_mut().zip(more) {
        *total = match (*total, amount) {
            (Some(a), Some(b)) => Some(a + b),
            (a, b) => a.or(b),
        };
    }
}

/// `Guaranteed`, `Burstable` or `BestEffort`.
#[must_use]
pub fn class(spec: &Value<'_>) -> &'static str {
    let (mut requests, mut limits) = ([None; 2], [None; 2]);
    let mut limited = true;
    let mut count = |resources: Option<&Value<'_>>| {
        let limit = counted(resources, n::LIMITS);
        limited &= limit.iter().all(Option::is_some);
        add(&mut requests, counted(resources, n::REQUESTS));
        add(&mut limits, limit);
    };
    if let Some(resources) = spec.get(n::RESOURCES) {
        count(Some(resources));
    } else {
        for group in [n::CONTAINERS, n::INIT_CONTAINERS] {
            for container in spec.list(group) {
                count(container.get(n::RESOURCES));
            }
        }
    }
    if requests == [None; 2] && limits == [None; 2] {
        "BestEffort"
    } else if limited && requests == limits {
        "Guaranteed"
    } else {
        "Burstable"
    }
}
