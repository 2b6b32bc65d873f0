//! Plans applied to stored slices: every endpoint exactly once, nothing to do twice, few writes.

use kfast_core::Object;
use kfast_endpoints::{SlicePlan, plan_endpoints, plan_slices};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};

fn object(value: &Value) -> Object {
    Object::parse(value.to_string().into_bytes()).unwrap()
}

fn service(spec: Value) -> Object {
    let mut full = json!({
        "selector": {"app": "web"}, "clusterIP": "10.0.0.1", "ipFamilies": ["IPv4"],
        "ports": [{"name": "http", "port": 80, "targetPort": "web", "protocol": "TCP"}],
    });
    for (key, value) in spec.as_object().unwrap() {
        full[key] = value.clone();
    }
    object(&json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "web", "namespace": "d", "uid": "s", "labels": {"team": "a"}}, "spec": full,
    }))
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct PodState {
    ready: bool,
    deleting: bool,
    port: u16,
}

const READY: PodState = PodState {
    ready: true,
    deleting: false,
    port: 8080,
};

fn pod(number: u16, state: PodState) -> Object {
    let (name, uid) = (format!("p{number}"), format!("u{number}"));
    let mut metadata =
        json!({"name": name, "namespace": "d", "uid": uid, "labels": {"app": "web"}});
    if state.deleting {
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
    }
    let ready = if state.ready { "True" } else { "False" };
    let ip = format!("10.1.{}.{}", number / 250, number % 250);
    let ports = json!([{"name": "web", "containerPort": state.port, "protocol": "TCP"}]);
    object(&json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": metadata,
        "spec": {"nodeName": "n1", "containers": [{"name": "c", "ports": ports}]},
        "status": {"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}],
            "conditions": [{"type": "Ready", "status": ready}]},
    }))
}

fn zones() -> HashMap<String, String> {
    HashMap::from([("n1".to_owned(), "z1".to_owned())])
}

/// Slices as a server keeps them.
#[derive(Default)]
struct Stored {
    slices: BTreeMap<String, Value>,
    next: usize,
}

impl Stored {
    fn objects(&self) -> Vec<Object> {
        self.slices.values().map(object).collect()
    }

    fn apply(&mut self, plan: SlicePlan) -> usize {
        let writes = plan.creates.len() + plan.updates.len() + plan.deletes.len();
        for name in plan.deletes {
            assert!(self.slices.remove(&name).is_some(), "{name} is not there");
        }
        for slice in plan.updates {
            let name = slice["metadata"]["name"].as_str().unwrap().to_owned();
            assert!(self.slices.insert(name, slice).is_some());
        }
        for mut slice in plan.creates {
            let name = format!("web-{:03}", self.next);
            self.next += 1;
            slice["metadata"]["name"] = name.clone().into();
            self.slices.insert(name, slice);
        }
        writes
    }

    /// Pod name -> (port, ready), each slice checked for its size.
    fn endpoints(&self) -> BTreeMap<String, (u64, bool)> {
        let mut found = BTreeMap::new();
        for slice in self.slices.values() {
            let endpoints = slice["endpoints"].as_array().unwrap();
            assert!(endpoints.len() <= 100);
            for endpoint in endpoints {
                let name = endpoint["targetRef"]["name"].as_str().unwrap().to_owned();
                let port = slice["ports"][0]["port"].as_u64().unwrap();
                let ready = endpoint["conditions"]["ready"].as_bool().unwrap();
                assert_eq!(found.insert(name, (port, ready)), None, "an endpoint twice");
            }
        }
        found
    }
}

fn state() -> impl Strategy<Value = PodState> {
    let flags = (
        any::<bool>(),
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.2),
    );
    flags.prop_map(|(ready, deleting, other)| PodState {
        ready,
        deleting,
        port: if other { 81 } else { 8080 },
    })
}

/// Rounds of changes: pod -> new state, or gone.
fn rounds() -> impl Strategy<Value = Vec<BTreeMap<u16, Option<PodState>>>> {
    let change = prop::option::weighted(0.7, state());
    prop::collection::vec(
        prop::collection::btree_map(0..260_u16, change, 0..200),
        1..5,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn each_endpoint_is_in_one_slice_and_planning_again_changes_nothing(rounds in rounds()) {
        let (service, zones) = (service(json!({})), zones());
        let mut stored = Stored::default();
        let mut pods: BTreeMap<u16, PodState> = BTreeMap::new();
        for round in rounds {
            for (number, state) in round {
                match state {
                    Some(state) => drop(pods.insert(number, state)),
                    None => drop(pods.remove(&number)),
                }
            }
            let objects: Vec<_> = pods.iter().map(|(n, s)| pod(*n, *s)).collect();
            stored.apply(plan_slices(&service, &objects, &stored.objects(), &zones).unwrap());
            let expected: BTreeMap<_, _> = pods
                .iter()
                .map(|(n, s)| (format!("p{n}"), (u64::from(s.port), s.ready && !s.deleting)))
                .collect();
            prop_assert_eq!(stored.endpoints(), expected);
            let again = plan_slices(&service, &objects, &stored.objects(), &zones).unwrap();
            prop_assert_eq!(stored.apply(again), 0);
        }
    }

    #[test]
    fn one_changed_pod_is_at_most_two_writes(
        count in 1..450_u16,
        changed in 0..450_u16,
        state in prop::option::of(state()),
    ) {
        let (service, zones) = (service(json!({})), zones());
        let mut pods: BTreeMap<u16, PodState> = (0..count).map(|n| (n, READY)).collect();
        let mut stored = Stored::default();
        let objects = |pods: &BTreeMap<u16, PodState>| {
            pods.iter().map(|(n, s)| pod(*n, *s)).collect::<Vec<_>>()
        };
        let writes = stored.apply(plan_slices(&service, &objects(&pods), &[], &zones).unwrap());
        prop_assert_eq!(writes, usize::from(count).div_ceil(100));
        match state {
            Some(state) => drop(pods.insert(changed, state)),
            None => drop(pods.remove(&changed)),
        }
        let plan = plan_slices(&service, &objects(&pods), &stored.objects(), &zones).unwrap();
        prop_assert!(stored.apply(plan) <= 2);
    }

    #[test]
    fn endpoints_hold_every_pod_once_and_are_stable(states in prop::collection::vec(state(), 0..60)) {
        let service = service(json!({}));
        let pods: Vec<_> = (0..).zip(&states).map(|(n, s)| pod(n, *s)).collect();
        let planned = plan_endpoints(&service, &pods, None).unwrap().unwrap();
        let mut found = BTreeMap::new();
        for subset in planned["subsets"].as_array().unwrap() {
            let port = subset["ports"][0]["port"].as_u64().unwrap();
            for (list, ready) in [("addresses", true), ("notReadyAddresses", false)] {
                for address in subset[list].as_array().into_iter().flatten() {
                    let name = address["targetRef"]["name"].as_str().unwrap().to_owned();
                    prop_assert_eq!(found.insert(name, (port, ready)), None);
                }
            }
        }
        let expected: BTreeMap<_, _> = (0..)
            .zip(&states)
            .filter(|(_, s)| !s.deleting)
            .map(|(n, s): (u16, _)| (format!("p{n}"), (u64::from(s.port), s.ready)))
            .collect();
        prop_assert_eq!(found, expected);
        prop_assert_eq!(plan_endpoints(&service, &pods, Some(&object(&planned))).unwrap(), None);
    }
}

#[test]
fn a_slice_is_as_upstream_writes_it() {
    let service = service(json!({"clusterIP": "None"}));
    let plan = plan_slices(&service, &[pod(1, READY)], &[], &zones()).unwrap();
    assert_eq!(
        plan.creates,
        [json!({
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": {
                "generateName": "web-", "namespace": "d",
                "labels": {
                    "team": "a", "service.kubernetes.io/headless": "", "kubernetes.io/service-name": "web",
                    "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
                },
                "ownerReferences": [{"apiVersion": "v1", "kind": "Service", "name": "web", "uid": "s",
                    "controller": true, "blockOwnerDeletion": true}],
            },
            "addressType": "IPv4",
            "endpoints": [{
                "addresses": ["10.1.0.1"],
                "conditions": {"ready": true, "serving": true, "terminating": false},
                "targetRef": {"kind": "Pod", "namespace": "d", "name": "p1", "uid": "u1"},
                "nodeName": "n1", "zone": "z1",
            }],
            "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
        })]
    );
}

#[test]
fn a_service_without_endpoints_has_one_empty_slice() {
    let (service, zones) = (service(json!({})), zones());
    let mut stored = Stored::default();
    assert_eq!(
        stored.apply(plan_slices(&service, &[], &[], &zones).unwrap()),
        1
    );
    assert_eq!(
        stored.apply(plan_slices(&service, &[], &stored.objects(), &zones).unwrap()),
        0
    );
    stored.apply(plan_slices(&service, &[pod(1, READY)], &stored.objects(), &zones).unwrap());
    assert_eq!((stored.slices.len(), stored.endpoints().len()), (1, 1));
}

#[test]
fn unready_and_terminating_pods_serve_only_what_publishes_them() {
    let state = PodState {
        ready: false,
        deleting: true,
        port: 8080,
    };
    for publish in [false, true] {
        let service = service(json!({"publishNotReadyAddresses": publish}));
        let plan = plan_slices(&service, &[pod(1, state)], &[], &zones()).unwrap();
        let expected = json!({"ready": publish, "serving": false, "terminating": true});
        assert_eq!(plan.creates[0]["endpoints"][0]["conditions"], expected);
        let endpoints = plan_endpoints(&service, &[pod(1, state)], None)
            .unwrap()
            .unwrap();
        assert_eq!(
            endpoints["subsets"].as_array().unwrap().len(),
            usize::from(publish)
        );
    }
}

#[test]
fn services_of_others_are_left_alone() {
    for spec in [json!({"selector": null}), json!({"type": "ExternalName"})] {
        let service = service(spec);
        let plan = plan_slices(&service, &[pod(1, READY)], &[], &zones()).unwrap();
        assert!(plan.creates.is_empty());
        assert_eq!(
            plan_endpoints(&service, &[pod(1, READY)], None).unwrap(),
            None
        );
    }
}

#[test]
fn each_family_has_its_slices_and_a_lost_family_loses_them() {
    let mut dual = serde_json::from_slice::<Value>(pod(1, READY).slim()).unwrap();
    dual["status"]["podIPs"] = json!([{"ip": "10.1.0.1"}, {"ip": "fd00::1"}]);
    let (pods, zones) = ([object(&dual)], zones());
    let mut stored = Stored::default();
    let both = service(json!({"ipFamilies": ["IPv4", "IPv6"]}));
    stored.apply(plan_slices(&both, &pods, &[], &zones).unwrap());
    let slices = stored.slices.values();
    let types: BTreeSet<_> = slices.map(|s| s["addressType"].as_str().unwrap()).collect();
    assert_eq!(types, BTreeSet::from(["IPv4", "IPv6"]));
    let plan = plan_slices(&service(json!({})), &pods, &stored.objects(), &zones).unwrap();
    assert_eq!(
        (plan.creates.len(), plan.updates.len(), plan.deletes.len()),
        (0, 0, 1)
    );
}

#[test]
fn traffic_distribution_hints_at_zone_and_node() {
    for (how, hints) in [
        ("PreferClose", json!({"forZones": [{"name": "z1"}]})),
        (
            "PreferSameNode",
            json!({"forZones": [{"name": "z1"}], "forNodes": [{"name": "n1"}]}),
        ),
    ] {
        let service = service(json!({"trafficDistribution": how}));
        let plan = plan_slices(&service, &[pod(1, READY)], &[], &zones()).unwrap();
        assert_eq!(plan.creates[0]["endpoints"][0]["hints"], hints);
    }
}

#[test]
fn endpoints_over_capacity_are_cut_and_marked() {
    let service = service(json!({}));
    let state = |n| PodState {
        ready: n % 2 == 0,
        ..READY
    };
    let many: Vec<_> = (0..1200).map(|n| pod(n, state(n))).collect();
    let planned = plan_endpoints(&service, &many, None).unwrap().unwrap();
    let subset = &planned["subsets"][0];
    assert_eq!(subset["addresses"].as_array().unwrap().len(), 600);
    assert_eq!(subset["notReadyAddresses"].as_array().unwrap().len(), 400);
    let annotation = &planned["metadata"]["annotations"]["endpoints.kubernetes.io/over-capacity"];
    assert_eq!(annotation, "truncated");
    assert_eq!(
        plan_endpoints(&service, &many, Some(&object(&planned))).unwrap(),
        None
    );
    let few = plan_endpoints(&service, &many[..10], Some(&object(&planned)))
        .unwrap()
        .unwrap();
    assert_eq!(few["metadata"].get("annotations"), None);
}

#[test]
fn malformed_objects_are_refused() {
    let odd =
        object(&json!({"kind": "Service", "metadata": {"name": "web"}, "spec": {"ports": 1}}));
    assert!(plan_slices(&odd, &[], &[], &zones()).is_err());
}
