//! Why a pod goes where it goes, as columns over all nodes.

use super::{PyScheduler, malformed};
use crate::json::value_to_py;
use crate::object::PyObjectHandle;
use kfast_scheduler::cache::{Cache, NodeIndex};
use kfast_scheduler::explain::{Explanation, NearMiss, Need};
use kfast_scheduler::framework::Rejection;
use kfast_scheduler::model::{CPU, ResourceId};
use pyo3::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

#[pymethods]
impl PyScheduler {
    /// Every plugin's verdict on every node, for any pod; one on a node is explained as if it were not there.
    ///
    /// `preFilter`: null, or why no node can do. Columns over all nodes, by name: `nodes`, `feasible`, `plugin`,
    /// `code`, `reasons` (of the first plugin that rejects; null where feasible), `others` (plugins that would reject
    /// as well), `total` (null where not feasible). `scores`: plugin -> `weight`, `raw`, `normalized`. `nearMisses`:
    /// nodes that one plugin alone keeps the pod from, nearest first: `node`, `plugin`, `fitsIf`, `shortfall`.
    /// ValueError if the pod is malformed.
    fn explain<'py>(&self, py: Python<'py>, pod: &PyObjectHandle) -> PyResult<Bound<'py, PyAny>> {
        let columns = py.detach(|| {
            let mut scheduler = self.lock();
            let explanation = scheduler.explain(&pod.0)?;
            Ok(columns(scheduler.cache(), &explanation))
        });
        value_to_py(py, &columns.map_err(malformed)?)
    }
}

fn columns(cache: &Cache, found: &Explanation) -> Value {
    let mut rows: Vec<(NodeIndex, &str)> = cache
        .nodes()
        .map(|(row, node)| (row, &*node.spec().name))
        .collect();
    rows.sort_unstable_by_key(|(_, name)| *name);
    let evaluation = &found.evaluation;
    let rejected: HashMap<_, _> = found
        .rejected
        .iter()
        .map(|(row, why)| (*row, why))
        .collect();
    let feasible: HashMap<_, _> = (0..)
        .zip(&evaluation.feasible)
        .map(|(at, &row)| (row, at))
        .collect();
    let none = found.pre_filter.iter().cloned().collect::<Vec<_>>();
    let why = |row: NodeIndex| match rejected.get(&row) {
        Some(why) => why.as_slice(),
        None if feasible.contains_key(&row) => &[],
        None => none.as_slice(),
    };
    let over = |values: &dyn Fn(NodeIndex) -> Value| -> Value {
        rows.iter().map(|&(row, _)| values(row)).collect()
    };
    let first = |part: &dyn Fn(&Rejection) -> Value| {
        over(&|row| why(row).first().map_or(Value::Null, part))
    };
    let at = |values: &[i64]| {
        over(&|row| {
            feasible
                .get(&row)
                .map_or(Value::Null, |&at: &usize| values[at].into())
        })
    };
    let scores: Map<_, _> = evaluation
        .scores
        .iter()
        .map(|s| {
            let columns =
                json!({"weight": s.weight, "raw": at(&s.raw), "normalized": at(&s.normalized)});
            (s.plugin.to_owned(), columns)
        })
        .collect();
    json!({
        "preFilter": found.pre_filter.as_ref().map(|r| verdict(cache, r)),
        "nodes": rows.iter().map(|(_, name)| *name).collect::<Vec<_>>(),
        "feasible": over(&|row| feasible.contains_key(&row).into()),
        "plugin": first(&|r| r.plugin.into()),
        "code": first(&|r| r.code.name().into()),
        "reasons": first(&|r| texts(cache, r).into()),
        "others": over(&|row| why(row).iter().skip(1).map(|r| r.plugin).collect()),
        "total": at(&evaluation.totals),
        "scores": scores,
        "nearMisses": found.near_misses.iter().map(|m| near_miss(cache, m)).collect::<Vec<_>>(),
    })
}

pub(super) fn texts(cache: &Cache, rejection: &Rejection) -> Vec<String> {
    let reasons = rejection.reasons.iter();
    reasons.map(|r| r.text(&cache.resources)).collect()
}

pub(super) fn verdict(cache: &Cache, rejection: &Rejection) -> Value {
    json!({"code": rejection.code.name(), "plugin": rejection.plugin, "reasons": texts(cache, rejection)})
}

fn near_miss(cache: &Cache, miss: &NearMiss) -> Value {
    let needs: Vec<String> = miss
        .needs
        .iter()
        .map(|need| match need {
            Need::AtMost(id, amount) => {
                format!(
                    "{} <= {}",
                    cache.resources.name(*id),
                    quantity(*id, *amount)
                )
            }
            Need::Not(reason) => format!("not: {}", reason.text(&cache.resources)),
        })
        .collect();
    json!({
        "node": cache.node(miss.row).map_or("", |n| &*n.spec().name),
        "plugin": miss.plugin,
        "fitsIf": needs.join(", "),
        "shortfall": miss.shortfall,
    })
}

/// An amount as objects write it: cpu in cores or thousandths, the rest in the largest binary unit that is exact.
fn quantity(id: ResourceId, amount: i64) -> String {
    if id == CPU {
        return match amount % 1000 {
            0 => (amount / 1000).to_string(),
            _ => format!("{amount}m"),
        };
    }
    let mut value = amount;
    let mut units = ["", "Ki", "Mi", "Gi", "Ti", "Pi"].into_iter();
    let mut unit = "";
    while let Some(next) = units.next() {
        unit = next;
        if value == 0 || value % 1024 != 0 || units.len() == 0 {
            break;
        }
        value /= 1024;
    }
    format!("{value}{unit}")
}
