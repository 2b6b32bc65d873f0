//! The slices of a service: existing ones are kept, filled and emptied with as few writes as possible.

use crate::EndpointsError;
use crate::error::read;
use crate::pod::Pod;
use crate::ports::{Port, ports_on};
use crate::service::{Family, Service, json_map};
use crate::slice::{Endpoint, Identity, Slice};
use kfast_core::Object;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Endpoints in a slice.
const MAX_ENDPOINTS: usize = 100;
const SERVICE_NAME: &str = "kubernetes.io/service-name";
const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
const CONTROLLER: &str = "endpointslice-controller.k8s.io";

/// The writes that bring a service's slices up to date.
#[derive(Debug, Default)]
pub struct SlicePlan {
    /// New slices.
    pub creates: Vec<Value>,
    /// Existing slices with their new content.
    pub updates: Vec<Value>,
    /// Names of slices to delete.
    pub deletes: Vec<String>,
}

/// Plans the slices of `service` for its selected `pods`. `existing` are the slices this controller made for it;
/// `zones` maps every node to its zone, or to "". A service that is not for this controller gets an empty plan.
///
/// # Errors
/// An object is not of the shape of its kind.
pub fn plan_slices(
    service: &Object,
    pods: &[Object],
    existing: &[Object],
    zones: &HashMap<String, String>,
) -> Result<SlicePlan, EndpointsError> {
    let service = Service::read(service)?;
    let mut plan = SlicePlan::default();
    if !service.is_ours() {
        return Ok(plan);
    }
    let pods = pods.iter().map(Pod::read).collect::<Result<Vec<_>, _>>()?;
    let live = existing.iter().filter(|o| !o.deleting());
    let mut slices = live
        .map(|object| Ok((object, Slice::read(object)?)))
        .collect::<Result<Vec<_>, EndpointsError>>()?;
    for family in service.families() {
        let (of_family, rest) = slices
            .into_iter()
            .partition(|(_, s)| s.address_type == family.name());
        slices = rest;
        FamilyPlan {
            service: &service,
            family,
            labels: labels(&service),
        }
        .run(
            desired(&service, &pods, family, zones),
            of_family,
            &mut plan,
        )?;
    }
    plan.deletes
        .extend(slices.into_iter().map(|(_, slice)| slice.name));
    Ok(plan)
}

fn labels(service: &Service<'_>) -> BTreeMap<String, String> {
    let mut labels = service.labels(&[SERVICE_NAME, MANAGED_BY]);
    labels.insert(SERVICE_NAME.to_owned(), service.object.name().to_owned());
    labels.insert(MANAGED_BY.to_owned(), CONTROLLER.to_owned());
    labels
}

type Desired = BTreeMap<Vec<Port>, Vec<Endpoint>>;

/// The endpoints wanted, by the ports they have.
fn desired(
    service: &Service<'_>,
    pods: &[Pod<'_>],
    family: Family,
    zones: &HashMap<String, String>,
) -> Desired {
    let mut desired = Desired::new();
    for pod in pods {
        if let Some(endpoint) = Endpoint::of(service, pod, family, zones) {
            desired
                .entry(ports_on(service, pod))
                .or_default()
                .push(endpoint);
        }
    }
    desired
}

/// A slice while its content is decided.
struct Draft<'a> {
    object: Option<&'a Object>,
    endpoints: Vec<Endpoint>,
    changed: bool,
}

struct FamilyPlan<'a> {
    service: &'a Service<'a>,
    family: Family,
    labels: BTreeMap<String, String>,
}

impl FamilyPlan<'_> {
    fn run(
        &self,
        desired: Desired,
        existing: Vec<(&Object, Slice)>,
        plan: &mut SlicePlan,
    ) -> Result<(), EndpointsError> {
        let mut by_ports: BTreeMap<Vec<Port>, Vec<(&Object, Slice)>> = BTreeMap::new();
        for (object, slice) in existing {
            by_ports
                .entry(slice.ports.clone())
                .or_default()
                .push((object, slice));
        }
        let any = !desired.is_empty();
        for (ports, endpoints) in desired {
            let slices = by_ports.remove(&ports).unwrap_or_default();
            for draft in self.fill(endpoints, slices, plan) {
                self.write(&ports, &draft, plan)?;
            }
        }
        let mut surplus: Vec<(&Object, Slice)> = by_ports.into_values().flatten().collect();
        if !any {
            self.placeholder(&mut surplus, plan)?;
        }
        plan.deletes
            .extend(surplus.into_iter().map(|(_, slice)| slice.name));
        Ok(())
    }

    /// A service without endpoints still has one slice: empty, without ports.
    fn placeholder(
        &self,
        surplus: &mut Vec<(&Object, Slice)>,
        plan: &mut SlicePlan,
    ) -> Result<(), EndpointsError> {
        let empty = |s: &Slice| s.endpoints.is_empty() && s.ports.is_empty();
        let kept = surplus.iter().position(|(_, s)| empty(s));
        let kept = kept.map(|at| surplus.swap_remove(at));
        let draft = Draft {
            changed: kept.as_ref().is_none_or(|(_, s)| s.labels != self.labels),
            object: kept.map(|(object, _)| object),
            endpoints: Vec::new(),
        };
        self.write(&[], &draft, plan)
    }

    /// Keeps what stays where it is, then puts new endpoints where the fewest writes are: into slices changed
    /// anyway, else all into the fullest slice with room for them, else into new slices.
    fn fill<'a>(
        &self,
        endpoints: Vec<Endpoint>,
        slices: Vec<(&'a Object, Slice)>,
        plan: &mut SlicePlan,
    ) -> Vec<Draft<'a>> {
        let mut order = Vec::with_capacity(endpoints.len());
        let mut missing: HashMap<Identity, Endpoint> = HashMap::with_capacity(endpoints.len());
        for endpoint in endpoints {
            let identity = endpoint.identity();
            if missing.insert(identity.clone(), endpoint).is_none() {
                order.push(identity);
            }
        }
        let mut drafts = Vec::new();
        for (object, slice) in slices {
            let before = slice.endpoints.len();
            let mut changed = slice.labels != self.labels;
            let kept: Vec<Endpoint> = slice
                .endpoints
                .into_iter()
                .filter_map(|old| {
                    let new = missing.remove(&old.identity())?;
                    changed |= new != old;
                    Some(new)
                })
                .collect();
            changed |= kept.len() != before;
            if kept.is_empty() {
                plan.deletes.push(slice.name);
            } else {
                drafts.push(Draft {
                    object: Some(object),
                    endpoints: kept,
                    changed,
                });
            }
        }
        let new: HashSet<Identity> = missing.keys().cloned().collect();
        let mut rest: Vec<Endpoint> = order
            .into_iter()
            .filter(|i| new.contains(i))
            .filter_map(|i| missing.remove(&i))
            .collect();
        place(&mut rest, &mut drafts);
        drafts.extend(rest.chunks(MAX_ENDPOINTS).map(|chunk| Draft {
            object: None,
            endpoints: chunk.to_vec(),
            changed: true,
        }));
        drafts
    }

    fn write(
        &self,
        ports: &[Port],
        draft: &Draft<'_>,
        plan: &mut SlicePlan,
    ) -> Result<(), EndpointsError> {
        let content = [
            ("addressType", json!(self.family.name())),
            ("endpoints", json!(draft.endpoints)),
            ("ports", json!(ports)),
        ];
        let content = content.into_iter().map(|(k, v)| (k.to_owned(), v));
        match draft.object {
            Some(_) if !draft.changed => {}
            Some(object) => {
                let mut slice: Map<String, Value> = read("EndpointSlice", object)?;
                if let Some(metadata) = slice.get_mut("metadata") {
                    metadata["labels"] = json_map(&self.labels).into();
                }
                slice.extend(content);
                plan.updates.push(slice.into());
            }
            None => {
                let service = self.service.object;
                let metadata = json!({
                    "generateName": format!("{}-", service.name()),
                    "namespace": service.namespace(),
                    "labels": json_map(&self.labels),
                    "ownerReferences": [self.service.owner_reference()],
                });
                let head = [
                    ("apiVersion".to_owned(), json!("discovery.k8s.io/v1")),
                    ("kind".to_owned(), json!("EndpointSlice")),
                    ("metadata".to_owned(), metadata),
                ];
                plan.creates
                    .push(Value::Object(head.into_iter().chain(content).collect()));
            }
        }
        Ok(())
    }
}

/// Moves endpoints out of `rest` into drafts that exist.
fn place(rest: &mut Vec<Endpoint>, drafts: &mut [Draft<'_>]) {
    for draft in drafts.iter_mut().filter(|d| d.changed) {
        let room = MAX_ENDPOINTS
            .saturating_sub(draft.endpoints.len())
            .min(rest.len());
        draft.endpoints.extend(rest.drain(..room));
    }
    // What fills whole slices goes to new ones; the remainder to one that needs a write then.
    let remainder = rest.len() % MAX_ENDPOINTS;
    let roomy = drafts
        .iter_mut()
        .filter(|d| !d.changed && d.endpoints.len() + remainder <= MAX_ENDPOINTS)
        .max_by_key(|d| d.endpoints.len());
    if let Some(draft) = roomy.filter(|_| remainder > 0) {
        draft.endpoints.extend(rest.drain(rest.len() - remainder..));
        draft.changed = true;
    }
}
