//! What is counted of volumes on nodes, against a recount over all objects, over random changes.

use kfast_core::Object;
use kfast_scheduler::cache::Cache;
use kfast_scheduler::cycle::Candidates;
use kfast_scheduler::{Config, Scheduler};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const DRIVERS: [&str; 2] = ["a.example.com", "ebs.csi.aws.com"];

/// How many volumes of a driver every node takes.
const LIMITS: [usize; 2] = [2, 1];

#[derive(Clone, Debug)]
enum Change {
    Claim {
        name: u8,
        volume: Option<u8>,
        class: u8,
    },
    RemoveClaim(u8),
    Volume {
        name: u8,
        flavour: u8,
    },
    RemoveVolume(u8),
    Class {
        name: u8,
        driver: u8,
    },
    RemoveClass(u8),
    Node(u8),
    RemoveNode(u8),
    Pod {
        name: u8,
        node: u8,
        claims: [u8; 2],
    },
    RemovePod(u8),
    Attachment {
        name: u8,
        node: u8,
        volume: u8,
        driver: u8,
    },
    RemoveAttachment(u8),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        3 => (0..6_u8, prop::option::of(0..5_u8), 0..3_u8)
            .prop_map(|(name, volume, class)| Change::Claim { name, volume, class }),
        1 => (0..6_u8).prop_map(Change::RemoveClaim),
        3 => (0..5_u8, 0..5_u8).prop_map(|(name, flavour)| Change::Volume { name, flavour }),
        1 => (0..5_u8).prop_map(Change::RemoveVolume),
        1 => (0..3_u8, 0..3_u8).prop_map(|(name, driver)| Change::Class { name, driver }),
        1 => (0..3_u8).prop_map(Change::RemoveClass),
        1 => (0..3_u8).prop_map(Change::Node),
        1 => (0..3_u8).prop_map(Change::RemoveNode),
        4 => (0..8_u8, 0..4_u8, [0..6_u8, 0..6_u8])
            .prop_map(|(name, node, claims)| Change::Pod { name, node, claims }),
        2 => (0..8_u8).prop_map(Change::RemovePod),
        2 => (0..3_u8, 0..3_u8, 0..5_u8, 0..2_u8).prop_map(|(name, node, volume, driver)| {
            Change::Attachment { name, node, volume, driver }
        }),
        1 => (0..3_u8).prop_map(Change::RemoveAttachment),
    ]
}

/// The objects there are, by kind and name.
#[derive(Default)]
struct Cluster(BTreeMap<(&'static str, String), Value>);

impl Cluster {
    fn of(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.0
            .iter()
            .filter(move |((k, _), _)| *k == kind)
            .map(|(_, object)| object)
    }

    fn get(&self, kind: &'static str, name: &str) -> Option<&Value> {
        self.0.get(&(kind, name.to_owned()))
    }

    /// Driver and handle a claim counts as.
    fn countable(&self, claim: &str) -> Option<(String, String)> {
        let object = self.get("PersistentVolumeClaim", claim)?;
        let volume = object["spec"]["volumeName"].as_str().unwrap_or_default();
        let Some(volume) = self.get("PersistentVolume", volume) else {
            let class = object["spec"]["storageClassName"].as_str()?;
            let provisioner = &self.get("StorageClass", class)?["provisioner"];
            let driver = match provisioner.as_str()? {
                "kubernetes.io/aws-ebs" => DRIVERS[1],
                other => other,
            };
            return Some((driver.to_owned(), format!("to be made for {claim}")));
        };
        let text = |v: &Value| v.as_str().map(str::to_owned);
        let (csi, ebs) = (
            &volume["spec"]["csi"],
            &volume["spec"]["awsElasticBlockStore"],
        );
        match (text(&csi["driver"]), text(&ebs["volumeID"])) {
            (Some(driver), _) => Some((driver, text(&csi["volumeHandle"])?)),
            (None, Some(id)) => Some((DRIVERS[1].to_owned(), id)),
            _ => None,
        }
    }

    /// What pods on a node use.
    fn used_on(&self, node: &str) -> BTreeSet<(String, String)> {
        let pods = self.of("Pod").filter(|p| p["spec"]["nodeName"] == node);
        let claims = pods.flat_map(|p| p["spec"]["volumes"].as_array().unwrap());
        let names = claims.map(|v| v["persistentVolumeClaim"]["claimName"].as_str().unwrap());
        names.filter_map(|c| self.countable(c)).collect()
    }

    /// Whether pods with these claims would exceed a limit of a node.
    fn exceeds(&self, node: &str, claims: &[String]) -> bool {
        let mut new: BTreeSet<_> = claims.iter().filter_map(|c| self.countable(c)).collect();
        let used = self.used_on(node);
        new.retain(|v| !used.contains(v));
        let there = self.volumes_on(node);
        DRIVERS.iter().zip(LIMITS).any(|(driver, limit)| {
            let of =
                |set: &BTreeSet<(String, String)>| set.iter().filter(|(d, _)| d == driver).count();
            of(&new) > 0 && of(&there) + of(&new) > limit
        })
    }

    fn volumes_on(&self, node: &str) -> BTreeSet<(String, String)> {
        let mut found = self.used_on(node);
        for attachment in self.of("VolumeAttachment") {
            let spec = &attachment["spec"];
            let volume = spec["source"]["persistentVolumeName"].as_str().unwrap();
            let volume = self.get("PersistentVolume", volume);
            let handle = volume.and_then(|v| v["spec"]["csi"]["volumeHandle"].as_str());
            if let Some(handle) = handle.filter(|_| spec["nodeName"] == node) {
                let driver = spec["attacher"].as_str().unwrap();
                found.insert((driver.to_owned(), handle.to_owned()));
            }
        }
        found
    }

    /// How many volumes of pods on known nodes name a claim.
    fn in_use(&self, claim: &str) -> usize {
        let placed = self.of("Pod").filter(|p| {
            let node = p["spec"]["nodeName"].as_str().unwrap();
            self.get("Node", node).is_some()
        });
        placed
            .flat_map(|p| p["spec"]["volumes"].as_array().unwrap())
            .filter(|v| v["persistentVolumeClaim"]["claimName"] == claim)
            .count()
    }
}

fn body(change: &Change) -> (&'static str, String, Option<Value>) {
    let class = |n: u8| format!("class{n}");
    match change {
        Change::Claim {
            name,
            volume,
            class: c,
        } => {
            let volume = volume.map(|v| format!("pv{v}"));
            let spec = json!({"volumeName": volume, "storageClassName": class(*c),
                "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}});
            (
                "PersistentVolumeClaim",
                format!("c{name}"),
                Some(json!({"spec": spec})),
            )
        }
        Change::RemoveClaim(name) => ("PersistentVolumeClaim", format!("c{name}"), None),
        Change::Volume { name, flavour } => {
            let source = match flavour {
                0 => json!({"hostPath": {"path": "/x"}}),
                1 => json!({"awsElasticBlockStore": {"volumeID": format!("vol-{name}")}}),
                2 => json!({"csi": {"driver": DRIVERS[1], "volumeHandle": "vol-1"}}),
                _ => {
                    json!({"csi": {"driver": DRIVERS[0], "volumeHandle": format!("h{name}{flavour}")}})
                }
            };
            (
                "PersistentVolume",
                format!("pv{name}"),
                Some(json!({"spec": source})),
            )
        }
        Change::RemoveVolume(name) => ("PersistentVolume", format!("pv{name}"), None),
        Change::Class { name, driver } => {
            let provisioner =
                [DRIVERS[0], DRIVERS[1], "kubernetes.io/aws-ebs"][usize::from(*driver)];
            let body =
                json!({"provisioner": provisioner, "volumeBindingMode": "WaitForFirstConsumer"});
            ("StorageClass", class(*name), Some(body))
        }
        Change::RemoveClass(name) => ("StorageClass", class(*name), None),
        Change::Node(name) => {
            let status = json!({"allocatable": {"pods": "100"}});
            ("Node", format!("n{name}"), Some(json!({"status": status})))
        }
        Change::RemoveNode(name) => ("Node", format!("n{name}"), None),
        Change::Pod { name, node, claims } => {
            let volumes =
                claims.map(|c| json!({"persistentVolumeClaim": {"claimName": format!("c{c}")}}));
            let spec = json!({"nodeName": format!("n{node}"), "volumes": volumes});
            ("Pod", format!("p{name}"), Some(json!({"spec": spec})))
        }
        Change::RemovePod(name) => ("Pod", format!("p{name}"), None),
        Change::Attachment {
            name,
            node,
            volume,
            driver,
        } => {
            let spec = json!({"attacher": DRIVERS[usize::from(*driver)], "nodeName": format!("n{node}"),
                "source": {"persistentVolumeName": format!("pv{volume}")}});
            (
                "VolumeAttachment",
                format!("va{name}"),
                Some(json!({"spec": spec})),
            )
        }
        Change::RemoveAttachment(name) => ("VolumeAttachment", format!("va{name}"), None),
    }
}

fn object(kind: &str, name: &str, mut body: Value, revision: usize) -> Object {
    body["kind"] = json!(kind);
    body["metadata"] = json!({"name": name, "namespace": "d", "uid": name,
        "resourceVersion": revision.to_string()});
    Object::parse(body.to_string().into_bytes()).unwrap()
}

fn apply(scheduler: &mut Scheduler, cluster: &mut Cluster, change: &Change, revision: usize) {
    let (kind, name, body) = body(change);
    let key = (kind, name.clone());
    if let ("Pod", true) = (kind, cluster.0.contains_key(&key)) {
        // Neither node nor volumes of a pod change.
        if body.is_some() {
            return;
        }
    }
    let given = object(
        kind,
        &name,
        body.clone().unwrap_or_else(|| json!({})),
        revision,
    );
    match (kind, body.is_some()) {
        ("Node", true) => scheduler.set_node(&given, 0).unwrap(),
        ("Node", false) => scheduler.remove_node(&name),
        ("Pod", true) => drop(scheduler.set_pod(&given, 0).unwrap()),
        ("Pod", false) => scheduler.remove_pod(&name, 0),
        (_, true) => scheduler.set_storage(&given, 0).unwrap(),
        (_, false) => scheduler.remove_storage(&given, 0),
    }
    match body {
        Some(body) => drop(cluster.0.insert(key, body)),
        None => drop(cluster.0.remove(&key)),
    }
}

fn check(cache: &Cache, cluster: &Cluster) -> Result<(), TestCaseError> {
    for (_, node) in cache.nodes() {
        let expected = cluster.volumes_on(&node.spec().name);
        for driver in DRIVERS {
            let known = cache.volumes().countable().driver_named(driver);
            let count = known.map_or(0, |id| node.volumes().count(id));
            let expected = expected.iter().filter(|(d, _)| d == driver).count();
            prop_assert_eq!(
                count as usize,
                expected,
                "{} on {}",
                driver,
                node.spec().name
            );
        }
    }
    for name in (0..6).map(|n| format!("c{n}")) {
        let state = cache.volumes().claims().find("d", &name);
        let in_use = state.map_or(0, |s| s.in_use as usize);
        prop_assert_eq!(in_use, cluster.in_use(&name), "{}", name);
        let exists = state.is_some_and(|s| s.current().is_some());
        prop_assert_eq!(
            exists,
            cluster.get("PersistentVolumeClaim", &name).is_some()
        );
    }
    Ok(())
}

/// NodeVolumeLimits rejects a pod on exactly the nodes it should.
fn check_limits(
    scheduler: &mut Scheduler,
    cluster: &Cluster,
    claims: [u8; 2],
) -> Result<(), TestCaseError> {
    let names = claims.map(|c| format!("c{c}"));
    let volumes: Vec<_> = names
        .iter()
        .map(|c| json!({"persistentVolumeClaim": {"claimName": c}}))
        .collect();
    let pod = object("Pod", "pending", json!({"spec": {"volumes": volumes}}), 0);
    let (found, evaluation) = scheduler.evaluate(&pod).unwrap();
    if matches!(found, Candidates::Rejected(_)) {
        return Ok(());
    }
    let cache = scheduler.cache();
    let full: BTreeSet<_> = evaluation
        .rejected
        .iter()
        .filter(|(_, r)| r.plugin == "NodeVolumeLimits")
        .map(|(row, _)| *row)
        .collect();
    for (row, node) in cache.nodes() {
        let expected = cluster.exceeds(&node.spec().name, &names);
        prop_assert_eq!(
            full.contains(&row),
            expected,
            "{} {:?}",
            node.spec().name,
            names
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn counts_equal_a_recount(
        changes in prop::collection::vec(change(), 1..60),
        claims in [0..6_u8, 0..6_u8],
    ) {
        let mut scheduler = Scheduler::new(&Config::default(), 1).unwrap();
        let mut cluster = Cluster::default();
        for node in (0..3).map(|n| format!("n{n}")) {
            let drivers: Vec<_> = DRIVERS
                .iter()
                .zip(LIMITS)
                .map(|(name, count)| json!({"name": name, "allocatable": {"count": count}}))
                .collect();
            let csi = object("CSINode", &node, json!({"spec": {"drivers": drivers}}), 0);
            scheduler.set_storage(&csi, 0).unwrap();
        }
        for (revision, change) in changes.iter().enumerate() {
            apply(&mut scheduler, &mut cluster, change, revision + 1);
            check(scheduler.cache(), &cluster)?;
            check_limits(&mut scheduler, &cluster, claims)?;
        }
    }
}
