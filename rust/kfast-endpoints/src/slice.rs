//! One EndpointSlice: the endpoints in it and its place in the plan.

use crate::error::{EndpointsError, nullable, read};
use crate::pod::Pod;
use crate::ports::Port;
use crate::service::{Family, Service};
use kfast_core::Object;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// One endpoint. Fields in upstream's order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Endpoint {
    pub addresses: Vec<String>,
    pub conditions: Conditions,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_ref: Option<TargetRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hints: Option<Hints>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Conditions {
    pub ready: Option<bool>,
    pub serving: Option<bool>,
    pub terminating: Option<bool>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct TargetRef {
    pub kind: String,
    pub namespace: String,
    pub name: String,
    pub uid: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Hints {
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "nullable")]
    pub for_zones: Vec<Named>,
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "nullable")]
    pub for_nodes: Vec<Named>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Named {
    pub name: String,
}

/// What makes two endpoints the same one, however their conditions differ.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Identity(Vec<String>, Option<String>, Option<TargetRef>);

impl Endpoint {
    /// The endpoint of a pod, `None` if it has no address of the family. A pod whose node is not in `zones`
    /// (node -> zone or "") counts only where unready addresses are published.
    pub fn of(
        service: &Service<'_>,
        pod: &Pod<'_>,
        family: Family,
        zones: &HashMap<String, String>,
    ) -> Option<Self> {
        let address = pod
            .address(family)
            .filter(|_| pod.is_endpoint())?
            .to_owned();
        let zone = zones.get(&pod.spec.node_name);
        let publish = service.spec.publish_not_ready_addresses;
        if zone.is_none() && !publish && !pod.spec.node_name.is_empty() {
            return None;
        }
        let (serving, terminating) = (pod.ready(), pod.object.deleting());
        let ready = publish || (serving && !terminating);
        let zone = zone.filter(|z| !z.is_empty()).cloned();
        let node_name = Some(pod.spec.node_name.clone()).filter(|n| !n.is_empty());
        Some(Self {
            addresses: vec![address],
            conditions: Conditions {
                ready: Some(ready),
                serving: Some(serving),
                terminating: Some(terminating),
            },
            hostname: pod.hostname(service).map(str::to_owned),
            target_ref: Some(TargetRef {
                kind: "Pod".to_owned(),
                namespace: pod.object.namespace().to_owned(),
                name: pod.object.name().to_owned(),
                uid: pod.object.uid().to_owned(),
            }),
            hints: hints(service, ready, zone.as_ref(), node_name.as_ref()),
            node_name,
            zone,
        })
    }

    pub fn identity(&self) -> Identity {
        Identity(
            self.addresses.clone(),
            self.hostname.clone(),
            self.target_ref.clone(),
        )
    }
}

/// `spec.trafficDistribution`: ready endpoints are for their own zone, or node first.
fn hints(
    service: &Service<'_>,
    ready: bool,
    zone: Option<&String>,
    node: Option<&String>,
) -> Option<Hints> {
    let named = |name: Option<&String>| {
        name.map(|n| Named { name: n.clone() })
            .into_iter()
            .collect::<Vec<_>>()
    };
    let hints = match service.spec.traffic_distribution.as_str() {
        "PreferClose" | "PreferSameZone" => Hints {
            for_zones: named(zone),
            ..Hints::default()
        },
        "PreferSameNode" => Hints {
            for_zones: named(zone),
            for_nodes: named(node),
        },
        _ => return None,
    };
    (ready && hints != Hints::default()).then_some(hints)
}

/// An existing slice.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Slice {
    #[serde(default)]
    pub address_type: String,
    #[serde(default, deserialize_with = "nullable")]
    pub endpoints: Vec<Endpoint>,
    #[serde(default, deserialize_with = "nullable")]
    pub ports: Vec<Port>,
    #[serde(skip)]
    pub name: String,
    #[serde(skip)]
    pub labels: BTreeMap<String, String>,
}

impl Slice {
    pub fn read(object: &Object) -> Result<Self, EndpointsError> {
        let mut slice: Self = read("EndpointSlice", object)?;
        slice.ports.sort();
        object.name().clone_into(&mut slice.name);
        let labels = object.labels().iter();
        slice.labels = labels
            .map(|(k, v)| (k.to_string(), v.to_string()))
            .collect();
        Ok(slice)
    }
}
