//! What endpoints depend on in a Service.

use crate::error::{EndpointsError, nullable, read};
use kfast_core::Object;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Raw {
    #[serde(default, deserialize_with = "nullable")]
    spec: Spec,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Spec {
    #[serde(rename = "type", deserialize_with = "nullable")]
    pub kind: String,
    #[serde(deserialize_with = "nullable")]
    pub selector: BTreeMap<String, String>,
    #[serde(rename = "clusterIP", deserialize_with = "nullable")]
    pub cluster_ip: String,
    #[serde(deserialize_with = "nullable")]
    pub ip_families: Vec<Family>,
    #[serde(deserialize_with = "nullable")]
    pub publish_not_ready_addresses: bool,
    #[serde(deserialize_with = "nullable")]
    pub traffic_distribution: String,
    #[serde(deserialize_with = "nullable")]
    pub ports: Vec<ServicePort>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Family {
    IPv4,
    IPv6,
}

impl Family {
    pub fn name(self) -> &'static str {
        match self {
            Self::IPv4 => "IPv4",
            Self::IPv6 => "IPv6",
        }
    }

    pub fn of(address: &str) -> Self {
        if address.contains(':') {
            Self::IPv6
        } else {
            Self::IPv4
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServicePort {
    #[serde(default, deserialize_with = "nullable")]
    pub name: String,
    #[serde(default = "tcp")]
    pub protocol: String,
    pub port: i32,
    #[serde(default)]
    pub target_port: Option<TargetPort>,
    #[serde(default)]
    pub app_protocol: Option<String>,
}

pub(crate) fn tcp() -> String {
    "TCP".to_owned()
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum TargetPort {
    Number(i32),
    Name(String),
}

/// A Service with a header.
pub(crate) struct Service<'a> {
    pub object: &'a Object,
    pub spec: Spec,
}

impl<'a> Service<'a> {
    pub fn read(object: &'a Object) -> Result<Self, EndpointsError> {
        let raw: Raw = read("Service", object)?;
        Ok(Self {
            object,
            spec: raw.spec,
        })
    }

    /// Without selector, and as an external name, somebody else makes the endpoints.
    pub fn is_ours(&self) -> bool {
        !self.spec.selector.is_empty() && self.spec.kind != "ExternalName"
    }

    pub fn has_cluster_ip(&self) -> bool {
        !matches!(self.spec.cluster_ip.as_str(), "" | "None")
    }

    /// Headless services may have no ports at all.
    pub fn portless(&self) -> bool {
        self.spec.ports.is_empty() && self.spec.cluster_ip == "None"
    }

    /// The service's families, the primary one first.
    pub fn families(&self) -> Vec<Family> {
        if !self.spec.ip_families.is_empty() {
            return self.spec.ip_families.clone();
        }
        if self.has_cluster_ip() {
            return vec![Family::of(&self.spec.cluster_ip)];
        }
        vec![Family::IPv4, Family::IPv6]
    }

    /// The service's own labels without the `reserved` ones, and the headless mark.
    pub fn labels(&self, reserved: &[&str]) -> BTreeMap<String, String> {
        let own = self.object.labels().iter();
        let mut labels: BTreeMap<String, String> = own
            .filter(|(key, _)| **key != *HEADLESS && !reserved.contains(&key.as_ref()))
            .map(|(k, v)| (k.to_string(), v.to_string()))
            .collect();
        if !self.has_cluster_ip() {
            labels.insert(HEADLESS.to_owned(), String::new());
        }
        labels
    }

    pub fn owner_reference(&self) -> Value {
        json!({
            "apiVersion": "v1",
            "kind": "Service",
            "name": self.object.name(),
            "uid": self.object.uid(),
            "controller": true,
            "blockOwnerDeletion": true,
        })
    }
}

/// Marks the endpoints of a service without cluster IP.
pub(crate) const HEADLESS: &str = "service.kubernetes.io/headless";

/// String map to JSON.
pub(crate) fn json_map(map: &BTreeMap<String, String>) -> Map<String, Value> {
    map.iter()
        .map(|(k, v)| (k.clone(), Value::from(v.as_str())))
        .collect()
}
