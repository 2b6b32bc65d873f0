//! Objects of any shape under the field names of services and pods: planned or refused, and a plan carried out is done.

use kfast_core::Object;
use kfast_endpoints::{plan_endpoints, plan_slices};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use std::collections::HashMap;

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!([])),
        Just(json!({})),
        Just(json!([null])),
        Just(json!([{}])),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|n| json!(n)),
        select(
            &[
                "",
                "None",
                "10.0.0.1",
                "::1",
                "x",
                "UDP",
                "ExternalName",
                "Failed",
                "IPv6"
            ][..]
        )
        .prop_map(|t| json!(t)),
        Just(json!(["IPv6", "IPv4"])),
        Just(json!([{"ip": "::1"}, {"ip": "1.2.3.4"}])),
        Just(json!([{"port": 1}])),
    ]
}

/// `value` with one of its parts replaced by `other`, `at` choosing the way to it.
fn graft(value: &mut Value, other: Value, at: &[usize]) {
    let Some((first, rest)) = at.split_first() else {
        *value = other;
        return;
    };
    match value {
        Value::Object(map) if !map.is_empty() => {
            let index = first % map.len();
            if let Some(inner) = map.values_mut().nth(index) {
                graft(inner, other, rest);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            let index = first % items.len();
            graft(&mut items[index], other, rest);
        }
        _ => *value = other,
    }
}

fn service() -> Value {
    json!({"spec": {"selector": {"a": "b"}, "clusterIP": "10.0.0.1", "ipFamilies": ["IPv4"], "type": "ClusterIP",
        "publishNotReadyAddresses": false,
        "ports": [{"name": "p", "port": 80, "targetPort": "web", "protocol": "TCP", "appProtocol": "h"}]}})
}

fn pod() -> Value {
    json!({"spec": {"nodeName": "n1", "hostname": "h", "subdomain": "o0",
        "containers": [{"name": "c", "ports": [{"name": "web", "containerPort": 8080, "protocol": "TCP"}]}]},
        "status": {"phase": "Running", "podIP": "10.1.0.1", "podIPs": [{"ip": "10.1.0.1"}],
            "conditions": [{"type": "Ready", "status": "True"}]}})
}

fn object(mut body: Value, name: usize) -> Option<Object> {
    let metadata = json!({"name": format!("o{name}"), "namespace": "d", "uid": format!("u{name}")});
    body.as_object_mut()?.insert("metadata".into(), metadata);
    Object::parse(body.to_string().into_bytes()).ok()
}

type Change = (Value, Vec<usize>);

fn change() -> impl Strategy<Value = Change> {
    (leaf(), prop::collection::vec(0..8_usize, 1..6))
}

proptest! {
    #[test]
    fn any_objects_are_planned_or_refused(
        of_service in prop::option::of(change()),
        of_pods in prop::collection::vec(prop::option::of(change()), 0..4),
    ) {
        let changed = |mut body: Value, change: Option<Change>| {
            if let Some((other, at)) = change {
                graft(&mut body, other, &at);
            }
            body
        };
        let Some(service) = object(changed(service(), of_service), 0) else { return Ok(()) };
        let pods = of_pods.into_iter().enumerate();
        let pods: Vec<Object> = pods.filter_map(|(i, change)| object(changed(pod(), change), i + 1)).collect();
        let zones = HashMap::from([("n1".to_owned(), "z1".to_owned())]);
        if let Ok(plan) = plan_slices(&service, &pods, &[], &zones) {
            let stored = plan.creates.into_iter().enumerate().map(|(i, mut slice)| {
                slice["metadata"]["name"] = format!("s{i}").into();
                Object::parse(slice.to_string().into_bytes()).unwrap()
            });
            let again = plan_slices(&service, &pods, &stored.collect::<Vec<_>>(), &zones).unwrap();
            prop_assert!(again.creates.is_empty() && again.updates.is_empty() && again.deletes.is_empty());
        }
        if let Ok(Some(planned)) = plan_endpoints(&service, &pods, None) {
            let stored = Object::parse(planned.to_string().into_bytes()).unwrap();
            prop_assert!(plan_endpoints(&service, &pods, Some(&stored)).unwrap().is_none());
        }
    }
}
