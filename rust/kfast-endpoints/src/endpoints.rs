//! The Endpoints object of a service: the older form of its slices, for the primary family.

use crate::EndpointsError;
use crate::error::{nullable, read};
use crate::pod::Pod;
use crate::ports::ports_on;
use crate::repack::{Address, Subset, Subsets, truncate};
use crate::service::{Service, json_map};
use crate::slice::TargetRef;
use kfast_core::Object;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const OVER_CAPACITY: &str = "endpoints.kubernetes.io/over-capacity";
const MANAGED_BY: &str = "endpoints.kubernetes.io/managed-by";
const CONTROLLER: &str = "endpoint-controller";

#[derive(Deserialize)]
struct Existing {
    metadata: Metadata,
    #[serde(default, deserialize_with = "nullable")]
    subsets: Vec<Subset>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default, deserialize_with = "nullable")]
    annotations: BTreeMap<String, String>,
}

/// The Endpoints object to write for `service` and its selected `pods`; `None` if `existing` is right, or the
/// service is not for this controller.
///
/// # Errors
/// An object is not of the shape of its kind.
pub fn plan_endpoints(
    service: &Object,
    pods: &[Object],
    existing: Option<&Object>,
) -> Result<Option<Value>, EndpointsError> {
    let service = Service::read(service)?;
    if !service.is_ours() {
        return Ok(None);
    }
    let mut subsets = Subsets::default();
    for object in pods {
        add(&service, &Pod::read(object)?, &mut subsets);
    }
    let mut subsets = subsets.pack();
    let over = truncate(&mut subsets);
    let mut labels = service.labels(&[MANAGED_BY]);
    labels.insert(MANAGED_BY.to_owned(), CONTROLLER.to_owned());
    let Some(object) = existing else {
        return Ok(Some(fresh(&service, &labels, &subsets, over)));
    };
    let old: Existing = read("Endpoints", object)?;
    let marked = old.metadata.annotations.contains_key(OVER_CAPACITY);
    let same_labels = object.labels().len() == labels.len()
        && object
            .labels()
            .iter()
            .all(|(k, v)| labels.get(&**k).is_some_and(|w| **w == **v));
    if same_labels && marked == over && canonical(old.subsets) == canonical(subsets.clone()) {
        return Ok(None);
    }
    let mut endpoints: Map<String, Value> = read("Endpoints", object)?;
    if let Some(Value::Object(metadata)) = endpoints.get_mut("metadata") {
        metadata.insert("labels".to_owned(), json_map(&labels).into());
        mark(metadata, over);
    }
    endpoints.insert("subsets".to_owned(), json!(subsets));
    Ok(Some(endpoints.into()))
}

fn fresh(
    service: &Service<'_>,
    labels: &BTreeMap<String, String>,
    subsets: &[Subset],
    over: bool,
) -> Value {
    let mut metadata = Map::new();
    metadata.insert("name".to_owned(), service.object.name().into());
    metadata.insert("namespace".to_owned(), service.object.namespace().into());
    metadata.insert("labels".to_owned(), json_map(labels).into());
    mark(&mut metadata, over);
    json!({"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata, "subsets": subsets})
}

fn mark(metadata: &mut Map<String, Value>, over: bool) {
    let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
    if let Value::Object(annotations) = annotations {
        if over {
            annotations.insert(OVER_CAPACITY.to_owned(), "truncated".into());
        } else {
            annotations.remove(OVER_CAPACITY);
        }
        if annotations.is_empty() {
            metadata.remove("annotations");
        }
    }
}

/// Adds a pod's address at each of its ports. Terminating pods count only where unready addresses are published.
fn add(service: &Service<'_>, pod: &Pod<'_>, subsets: &mut Subsets) {
    let publish = service.spec.publish_not_ready_addresses;
    if !pod.is_endpoint() || (pod.object.deleting() && !publish) {
        return;
    }
    let stated = !service.spec.ip_families.is_empty() || service.has_cluster_ip();
    let ip = match service.families().first() {
        Some(&family) if stated => pod.address(family),
        _ => pod.addresses().next(),
    };
    let Some(ip) = ip else { return };
    let address = Address {
        ip: ip.to_owned(),
        hostname: pod.hostname(service).map(str::to_owned),
        node_name: Some(pod.spec.node_name.clone()).filter(|n| !n.is_empty()),
        target_ref: Some(TargetRef {
            kind: "Pod".to_owned(),
            namespace: pod.object.namespace().to_owned(),
            name: pod.object.name().to_owned(),
            uid: pod.object.uid().to_owned(),
        }),
    };
    let ready = publish || pod.ready();
    if service.portless() {
        subsets.add(None, &address, ready);
    }
    for port in ports_on(service, pod) {
        subsets.add(Some(port), &address, ready);
    }
}

/// The same subsets in this module's order, whoever wrote them.
fn canonical(mut subsets: Vec<Subset>) -> Vec<Subset> {
    let key = |a: &Address| (a.ip.clone(), a.target_ref.as_ref().map(|t| t.uid.clone()));
    for subset in &mut subsets {
        subset.addresses.sort_by_key(key);
        subset.not_ready_addresses.sort_by_key(key);
        subset.ports.sort();
    }
    subsets.sort_by(|a, b| a.ports.cmp(&b.ports));
    subsets
}
