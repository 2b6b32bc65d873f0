//! The fields of a pod's JSON that placement reads.

use super::raw_affinity::{RawPodAffinity, RawSpreadConstraint};
use super::volumes::RawVolume;
use super::{NodeAffinitySpec, Quantity, Toleration, nullable};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

pub type ResourceMap = BTreeMap<String, Quantity>;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RawSpec {
    #[serde(deserialize_with = "nullable")]
    pub containers: Vec<RawContainer>,
    #[serde(deserialize_with = "nullable")]
    pub init_containers: Vec<RawContainer>,
    #[serde(deserialize_with = "nullable")]
    pub overhead: ResourceMap,
    pub resources: Option<RawResources>,
    #[serde(deserialize_with = "nullable")]
    pub volumes: Vec<RawVolume>,
    #[serde(deserialize_with = "nullable")]
    pub node_selector: BTreeMap<String, String>,
    #[serde(deserialize_with = "nullable")]
    pub affinity: RawAffinity,
    #[serde(deserialize_with = "nullable")]
    pub topology_spread_constraints: Vec<RawSpreadConstraint>,
    #[serde(deserialize_with = "nullable")]
    pub tolerations: Vec<Toleration>,
    #[serde(deserialize_with = "nullable")]
    pub scheduling_gates: Vec<serde::de::IgnoredAny>,
    pub priority: Option<i32>,
    pub preemption_policy: Option<String>,
    pub node_name: Option<String>,
    pub scheduler_name: Option<String>,
    #[serde(deserialize_with = "nullable")]
    pub resource_claims: Vec<serde::de::IgnoredAny>,
    #[serde(deserialize_with = "nullable")]
    pub host_network: bool,
    pub host_users: Option<bool>,
}

impl RawSpec {
    /// Features a node must declare to run the pod, sorted; after k8s.io/component-helpers/nodedeclaredfeatures.
    pub fn features(&self) -> Vec<&'static str> {
        let mut containers = self.containers.iter().chain(&self.init_containers);
        let mut features = Vec::new();
        if containers.any(|c| {
            let mut rules = c.restart_policy_rules.iter();
            rules.any(|r| r.action == "RestartAllContainers")
        }) {
            features.push("RestartAllContainersOnContainerExits");
        }
        if self.host_network && self.host_users == Some(false) {
            features.push("UserNamespacesHostNetworkSupport");
        }
        features
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RawContainer {
    pub name: String,
    pub image: Option<String>,
    #[serde(deserialize_with = "nullable")]
    pub restart_policy: String,
    #[serde(deserialize_with = "nullable")]
    pub restart_policy_rules: Vec<RawRestartRule>,
    #[serde(deserialize_with = "nullable")]
    pub resources: RawResources,
    #[serde(deserialize_with = "nullable")]
    pub ports: Vec<RawPort>,
}

#[derive(Deserialize)]
pub struct RawRestartRule {
    #[serde(default, deserialize_with = "nullable")]
    pub action: String,
}

#[derive(Default, Deserialize, Hash)]
#[serde(default)]
pub struct RawResources {
    #[serde(deserialize_with = "nullable")]
    pub requests: ResourceMap,
    #[serde(deserialize_with = "nullable")]
    pub limits: ResourceMap,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RawPort {
    #[serde(deserialize_with = "nullable")]
    pub host_port: i32,
    #[serde(rename = "hostIP", deserialize_with = "nullable")]
    pub host_ip: String,
    #[serde(deserialize_with = "nullable")]
    pub protocol: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RawAffinity {
    #[serde(deserialize_with = "nullable")]
    pub node_affinity: NodeAffinitySpec,
    #[serde(deserialize_with = "nullable")]
    pub pod_affinity: RawPodAffinity,
    #[serde(deserialize_with = "nullable")]
    pub pod_anti_affinity: RawPodAffinity,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RawStatus {
    pub phase: Option<String>,
    pub start_time: Option<String>,
    pub nominated_node_name: Option<String>,
    pub resources: Option<RawResources>,
    #[serde(deserialize_with = "nullable")]
    pub allocated_resources: ResourceMap,
    #[serde(deserialize_with = "nullable")]
    pub container_statuses: Vec<RawContainerStatus>,
    #[serde(deserialize_with = "nullable")]
    pub init_container_statuses: Vec<RawContainerStatus>,
    #[serde(deserialize_with = "nullable")]
    pub conditions: Vec<RawCondition>,
}

#[derive(Default, Deserialize, Hash)]
#[serde(rename_all = "camelCase", default)]
pub struct RawContainerStatus {
    pub name: String,
    pub resources: Option<RawResources>,
    #[serde(deserialize_with = "nullable")]
    pub allocated_resources: ResourceMap,
}

#[derive(Deserialize)]
pub struct RawCondition {
    #[serde(rename = "type", default)]
    pub kind: String,
    #[serde(default, deserialize_with = "nullable")]
    pub status: String,
    #[serde(default, deserialize_with = "nullable")]
    pub reason: String,
}

impl RawStatus {
    /// The kubelet refused the requested resize, so the spec's requests are not held.
    pub fn resize_infeasible(&self) -> bool {
        self.conditions
            .iter()
            .any(|c| c.kind == "PodResizePending" && c.reason == "Infeasible")
    }

    /// All that placement reads of it, as a hash.
    pub fn hash_facts(&self, state: &mut impl Hasher) {
        (&self.phase, &self.start_time, &self.nominated_node_name).hash(state);
        (&self.resources, &self.allocated_resources).hash(state);
        (&self.container_statuses, &self.init_container_statuses).hash(state);
        (self.resize_infeasible(), self.preempted_by_scheduler()).hash(state);
    }

    /// The pod was chosen as a victim by a scheduler.
    pub fn preempted_by_scheduler(&self) -> bool {
        let target = self
            .conditions
            .iter()
            .find(|c| c.kind == "DisruptionTarget");
        target.is_some_and(|c| c.status == "True" && c.reason == "PreemptionByScheduler")
    }
}
