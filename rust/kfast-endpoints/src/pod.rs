//! What endpoints depend on in a pod.

use crate::error::{EndpointsError, nullable, read};
use crate::service::{Family, Service, tcp};
use kfast_core::Object;
use serde::Deserialize;

#[derive(Deserialize)]
struct Raw {
    #[serde(default, deserialize_with = "nullable")]
    spec: Spec,
    #[serde(default, deserialize_with = "nullable")]
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Spec {
    #[serde(deserialize_with = "nullable")]
    pub node_name: String,
    #[serde(deserialize_with = "nullable")]
    pub hostname: String,
    #[serde(deserialize_with = "nullable")]
    subdomain: String,
    #[serde(deserialize_with = "nullable")]
    containers: Vec<Container>,
    #[serde(deserialize_with = "nullable")]
    init_containers: Vec<Container>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Container {
    #[serde(default, deserialize_with = "nullable")]
    restart_policy: String,
    #[serde(default, deserialize_with = "nullable")]
    ports: Vec<ContainerPort>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContainerPort {
    #[serde(default, deserialize_with = "nullable")]
    name: String,
    container_port: i32,
    #[serde(default = "tcp")]
    protocol: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    #[serde(deserialize_with = "nullable")]
    phase: String,
    #[serde(rename = "podIP", deserialize_with = "nullable")]
    pod_ip: String,
    #[serde(rename = "podIPs", deserialize_with = "nullable")]
    pod_ips: Vec<PodIp>,
    #[serde(deserialize_with = "nullable")]
    conditions: Vec<Condition>,
}

#[derive(Deserialize)]
struct PodIp {
    ip: String,
}

#[derive(Deserialize)]
struct Condition {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    status: String,
}

/// A pod with a header.
pub(crate) struct Pod<'a> {
    pub object: &'a Object,
    pub spec: Spec,
    status: Status,
}

impl<'a> Pod<'a> {
    pub fn read(object: &'a Object) -> Result<Self, EndpointsError> {
        let raw: Raw = read("Pod", object)?;
        Ok(Self {
            object,
            spec: raw.spec,
            status: raw.status,
        })
    }

    pub fn ready(&self) -> bool {
        self.status
            .conditions
            .iter()
            .any(|c| c.kind == "Ready" && c.status == "True")
    }

    /// Ended pods and pods without address are no endpoints.
    pub fn is_endpoint(&self) -> bool {
        !matches!(self.status.phase.as_str(), "Failed" | "Succeeded")
            && self.addresses().next().is_some()
    }

    /// All addresses, the primary one first.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        let single = Some(self.status.pod_ip.as_str());
        let single = single.filter(|ip| !ip.is_empty() && self.status.pod_ips.is_empty());
        self.status
            .pod_ips
            .iter()
            .map(|p| p.ip.as_str())
            .chain(single)
    }

    /// The first address of a family.
    pub fn address(&self, family: Family) -> Option<&str> {
        self.addresses().find(|ip| Family::of(ip) == family)
    }

    /// The hostname under the service's name in DNS.
    pub fn hostname(&self, service: &Service<'_>) -> Option<&str> {
        let here = self.spec.subdomain == service.object.name()
            && self.object.namespace() == service.object.namespace();
        (here && !self.spec.hostname.is_empty()).then_some(self.spec.hostname.as_str())
    }

    /// The number of a container or sidecar port by name and protocol.
    pub fn named_port(&self, name: &str, protocol: &str) -> Option<i32> {
        let sidecars = self
            .spec
            .init_containers
            .iter()
            .filter(|c| c.restart_policy == "Always");
        self.spec
            .containers
            .iter()
            .chain(sidecars)
            .flat_map(|c| &c.ports)
            .find(|p| p.name == name && p.protocol == protocol)
            .map(|p| p.container_port)
    }
}
