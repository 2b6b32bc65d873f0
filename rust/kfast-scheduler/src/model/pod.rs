//! Pod objects, and pod classes: all that placement depends on, shared by equal pods.

use super::raw_pod::{RawAffinity, RawSpec, RawStatus};
use super::requests::Requests;
use super::volumes::{PodClaim, VolumeSpec};
use super::{
    Labels, NodeSelectorTerm, PodAffinity, ResourceNames, Resources, Rest, Spread, Toleration,
};
use crate::SchedulerError;
use foldhash::fast::FixedState;
use kfast_core::{Object, path};
use serde::de::DeserializeOwned;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

/// A host port a pod occupies.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostPort {
    /// Host address, `0.0.0.0` for all.
    pub ip: Box<str>,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: Box<str>,
    /// Port.
    pub port: i32,
}

/// Controllers whose selectors default spreading goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OwnerKind {
    /// Of v1.
    ReplicationController,
    /// Of apps/v1.
    ReplicaSet,
    /// Of apps/v1.
    StatefulSet,
}

impl OwnerKind {
    /// The kind's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ReplicationController => "ReplicationController",
            Self::ReplicaSet => "ReplicaSet",
            Self::StatefulSet => "StatefulSet",
        }
    }

    /// The kind of that API version and name.
    #[must_use]
    pub fn of(api_version: &str, kind: &str) -> Option<Self> {
        match (api_version, kind) {
            ("v1", "ReplicationController") => Some(Self::ReplicationController),
            ("apps/v1", "ReplicaSet") => Some(Self::ReplicaSet),
            ("apps/v1", "StatefulSet") => Some(Self::StatefulSet),
            _ => None,
        }
    }
}

/// The scheduling-relevant part of a pod's spec. Pods of one class get equal verdicts and scores.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PodClass {
    /// Number of the profile its pods are scheduled with; 0 for pods of foreign schedulers.
    pub profile: u8,
    /// What plugins outside the core tell its pods apart by.
    pub sign: Box<str>,
    /// `spec.priority`.
    pub priority: i32,
    /// Positive requests.
    pub requests: Resources,
    /// With defaults for cpu and memory and without pod-level requests, as the Fit scorer sees the pod to be placed.
    pub nonzero_incoming: Resources,
    /// (cpu, memory) with defaults, as a node accounts the pod.
    pub nonzero_accounted: (i64, i64),
    /// `spec.nodeSelector`.
    pub node_selector: Vec<(String, String)>,
    /// Terms of the required node affinity.
    pub required: Option<Vec<NodeSelectorTerm>>,
    /// Weighted terms of the preferred node affinity.
    pub preferred: Vec<(i32, NodeSelectorTerm)>,
    /// Tolerations.
    pub tolerations: Vec<Toleration>,
    /// Host ports of containers and sidecars.
    pub host_ports: Vec<HostPort>,
    /// Images of all containers and image volumes, each with a tag or digest.
    pub images: Vec<String>,
    /// Namespace.
    pub namespace: Arc<str>,
    /// Labels some selector looks at, sorted by key: see `LabelKeys`.
    pub labels: Labels,
    /// Terms on other pods.
    pub affinity: PodAffinity,
    /// Constraints on how equal pods are spread.
    pub spread: Spread,
    /// What owns the pods, if they say nothing of their spread and default spreading goes by it.
    pub controller: Option<(OwnerKind, Box<str>)>,
    /// Number of containers and init containers.
    pub containers: usize,
    /// Has resource claims.
    pub resource_claims: bool,
    /// Features its node must declare.
    pub features: Vec<&'static str>,
    /// Its volumes.
    pub volumes: VolumeSpec,
    /// `spec.nodeName` of a pod that asks what other nodes say; `None` for queued and accounted pods.
    pub node_name: Option<Box<str>>,
}

/// One pod as the queue and the cache know it.
#[derive(Clone, Debug)]
pub struct Pod {
    /// Namespace.
    pub namespace: Arc<str>,
    /// Name.
    pub name: Arc<str>,
    /// Uid; `namespace/name` where an object carries none.
    pub uid: Arc<str>,
    /// `spec.priority`.
    pub priority: i32,
    /// `spec.preemptionPolicy` is `Never`.
    pub never_preempts: bool,
    /// Has scheduling gates.
    pub gated: bool,
    /// Was marked for deletion.
    pub deleting: bool,
    /// Was chosen as a victim of preemption: its condition `DisruptionTarget` says so.
    pub preempted: bool,
    /// `status.startTime` in nanoseconds since 1970.
    pub started: Option<i64>,
    /// `status.nominatedNodeName`.
    pub nominated: Option<Arc<str>>,
    /// Succeeded or failed.
    pub terminal: bool,
    /// `spec.schedulerName`.
    pub scheduler_name: Box<str>,
    /// `spec.nodeName`.
    pub node_name: Option<Arc<str>>,
    /// Labels that are no part of the class.
    pub rest: Rest,
    /// What `print` said of its object, where that was asked.
    pub print: Option<u64>,
    /// The claims its volumes use, in their order.
    pub claims: Box<[PodClaim]>,
}

/// A pod object read: the pod and its class.
pub struct PodInput {
    /// The pod.
    pub pod: Pod,
    /// Its class, not yet shared.
    pub class: PodClass,
}

impl PodInput {
    /// Reads a pod.
    ///
    /// # Errors
    /// `Malformed` if a field has the wrong type.
    pub fn read(object: &Object, names: &mut ResourceNames) -> Result<Self, SchedulerError> {
        let mut spec: RawSpec = part(object, object.spec())?;
        let status: RawStatus = part(object, object.status())?;
        let requests = Requests::of(&spec, &status, names);
        let (images, features) = (images(&spec), spec.features());
        let volumes = std::mem::take(&mut spec.volumes);
        let (volumes, claims) = VolumeSpec::read(object.name(), volumes);
        let uid = match object.uid() {
            "" => format!("{}/{}", object.namespace(), object.name()).into(),
            uid => uid.into(),
        };
        let pod = Pod {
            namespace: object.namespace().into(),
            name: object.name().into(),
            uid,
            priority: spec.priority.unwrap_or(0),
            never_preempts: spec.preemption_policy.as_deref() == Some("Never"),
            gated: !spec.scheduling_gates.is_empty(),
            deleting: object.deleting(),
            preempted: status.preempted_by_scheduler(),
            started: status
                .start_time
                .as_deref()
                .and_then(super::instant::nanoseconds),
            nominated: status
                .nominated_node_name
                .filter(|n| !n.is_empty())
                .map(Into::into),
            terminal: matches!(status.phase.as_deref(), Some("Succeeded" | "Failed")),
            scheduler_name: spec
                .scheduler_name
                .as_deref()
                .filter(|n| !n.is_empty())
                .unwrap_or("default-scheduler")
                .into(),
            node_name: spec
                .node_name
                .as_deref()
                .filter(|n| !n.is_empty())
                .map(Into::into),
            claims: claims.into(),
            rest: Rest::default(),
            print: None,
        };
        let namespace = Arc::clone(&pod.namespace);
        let mut class = PodClass {
            features,
            images,
            volumes,
            ..class(spec, requests, namespace, object.labels())
        };
        if class.spread.constraints.is_empty() {
            class.controller = controller(object);
        }
        Ok(Self { pod, class })
    }
}

fn controller(object: &Object) -> Option<(OwnerKind, Box<str>)> {
    let owners = object.owner_references();
    let owner = owners.iter().find(|o| o.controller == Some(true))?;
    let kind = OwnerKind::of(&owner.api_version, &owner.kind)?;
    Some((kind, owner.name.as_str().into()))
}

/// Reads `spec` or `status`; one that is absent or null has no fields.
fn part<T: Default + DeserializeOwned>(object: &Object, json: &[u8]) -> Result<T, SchedulerError> {
    if json.is_empty() {
        return Ok(T::default());
    }
    serde_json::from_slice(json).map_err(|e| SchedulerError::malformed("Pod", object, &e))
}

/// A hash of all that is read of a pod, and of `sign`; `None` if its status is malformed.
#[must_use]
pub fn print(object: &Object, sign: &str) -> Option<u64> {
    let status: RawStatus = part(object, object.status()).ok()?;
    let mut state = FixedState::default().build_hasher();
    (object.spec(), object.labels(), object.deleting(), sign).hash(&mut state);
    status.hash_facts(&mut state);
    if object.owned() {
        let owners = path::lookup(object.slim(), &["metadata", "ownerReferences"]);
        owners.hash(&mut state);
    }
    Some(state.finish())
}

/// The `spec.schedulerName` of a pod, found without reading the rest; `None` if it names none or has a node.
#[must_use]
pub fn awaited_scheduler(object: &Object) -> Option<String> {
    let named = |field| path::scalar(object.spec(), &[field]).filter(|name| !name.is_empty());
    let scheduler = named("schedulerName")?;
    named("nodeName").is_none().then_some(scheduler)
}

/// Images of containers and of image volumes.
fn images(spec: &RawSpec) -> Vec<String> {
    let containers = spec.containers.iter().chain(&spec.init_containers);
    let volumes = spec.volumes.iter().filter_map(|v| v.image.as_ref());
    containers
        .map(|c| c.image.as_deref().unwrap_or_default())
        .chain(volumes.map(|i| i.reference.as_str()))
        .map(tagged)
        .collect()
}

fn class(
    spec: RawSpec,
    requests: Requests,
    namespace: Arc<str>,
    labels: &[(Box<str>, Box<str>)],
) -> PodClass {
    let mut host_ports: Vec<HostPort> = spec
        .containers
        .iter()
        .chain(
            spec.init_containers
                .iter()
                .filter(|c| c.restart_policy == "Always"),
        )
        .flat_map(|c| &c.ports)
        .filter(|p| p.host_port > 0)
        .map(|p| HostPort {
            ip: if p.host_ip.is_empty() {
                "0.0.0.0"
            } else {
                &p.host_ip
            }
            .into(),
            protocol: if p.protocol.is_empty() {
                "TCP"
            } else {
                &p.protocol
            }
            .into(),
            port: p.host_port,
        })
        .collect();
    host_ports.sort();
    host_ports.dedup();
    let RawAffinity {
        node_affinity: affinity,
        pod_affinity,
        pod_anti_affinity,
    } = spec.affinity;
    PodClass {
        profile: 0,
        sign: Box::default(),
        priority: spec.priority.unwrap_or(0),
        affinity: PodAffinity::read(pod_affinity, pod_anti_affinity, &namespace, labels),
        spread: Spread::read(spec.topology_spread_constraints, labels),
        labels: labels.into(),
        namespace,
        node_name: None,
        containers: spec.containers.len() + spec.init_containers.len(),
        resource_claims: !spec.resource_claims.is_empty(),
        features: Vec::new(),
        volumes: VolumeSpec::default(),
        controller: None,
        requests: requests.real,
        nonzero_incoming: requests.incoming,
        nonzero_accounted: requests.accounted,
        node_selector: spec.node_selector.into_iter().collect(),
        required: affinity.required.map(|r| r.node_selector_terms),
        preferred: affinity
            .preferred
            .into_iter()
            .map(|p| (p.weight, p.preference))
            .collect(),
        tolerations: spec.tolerations,
        host_ports,
        images: Vec::new(),
    }
}

/// `image` with `:latest` where it has neither tag nor digest.
fn tagged(image: &str) -> String {
    let after = |c| image.rfind(c).map_or(0, |at| at + 1);
    if after(':') <= after('/') {
        format!("{image}:latest")
    } else {
        image.to_owned()
    }
}
