//! What the claims of a pod come to.

use super::{ClaimState, Volumes};
use crate::model::Pod;
use crate::model::volumes::{
    Claim, ClaimId, Delayed, DriverId, Fault, PodClaim, VolumeDemand, VolumeId, VolumeSpec,
};
use smallvec::SmallVec;
use std::sync::Arc;

/// A claim of a pod, looked up.
struct Looked<'a> {
    claim: &'a PodClaim,
    state: Option<&'a ClaimState>,
    object: Option<&'a Arc<Claim>>,
}

impl Volumes {
    /// The demand of a pod, `None` if it has no volumes that matter. Depends on all claims, volumes, classes and
    /// drivers there are, on who uses them, and on the nodes on which others use the pod's volumes.
    #[must_use]
    pub fn demand(&self, pod: &Pod, spec: &VolumeSpec) -> Option<VolumeDemand> {
        if !spec.attaches() {
            return None;
        }
        let claims = self.looked_up(pod);
        let mut demand = VolumeDemand {
            unknown_claim: claims.iter().find_map(Looked::unknown),
            unusable_claim: claims.iter().find_map(|c| c.unusable(pod)),
            uncountable: spec
                .inline_fault
                .clone()
                .map(|text| Fault { text, error: true }),
            ..VolumeDemand::default()
        };
        self.restrict(&claims, &mut demand);
        self.count(pod, spec, &claims, &mut demand);
        if demand.unusable_claim.is_none() {
            self.bind(&claims, &mut demand);
        }
        self.locate(&claims, &mut demand);
        Some(demand)
    }

    /// The claims of a pod that are to be bound once a node is chosen, in the order of its demand's.
    #[must_use]
    pub fn delayed_claims(&self, pod: &Pod) -> Vec<Arc<Claim>> {
        let claims = self.looked_up(pod);
        let objects = claims.iter().filter_map(|c| c.object);
        objects.filter(|c| !c.is_bound()).cloned().collect()
    }

    fn looked_up<'a>(&'a self, pod: &'a Pod) -> SmallVec<[Looked<'a>; 2]> {
        let claims = pod.claims.iter();
        claims
            .map(|claim| {
                let state = self.claims.find(&pod.namespace, &claim.name);
                Looked {
                    claim,
                    state,
                    object: state.and_then(ClaimState::current),
                }
            })
            .collect()
    }

    fn restrict(&self, claims: &[Looked<'_>], demand: &mut VolumeDemand) {
        for looked in claims.iter().filter(|c| !c.claim.ephemeral) {
            let (Some(state), Some(claim)) = (looked.state, looked.object) else {
                continue;
            };
            if claim.once() && state.in_use > 0 {
                demand
                    .once
                    .extend(self.claims.id(&claim.namespace, &claim.name));
            }
        }
        demand.once.sort_unstable();
        demand.once.dedup();
    }

    fn count(
        &self,
        pod: &Pod,
        spec: &VolumeSpec,
        claims: &[Looked<'_>],
        demand: &mut VolumeDemand,
    ) {
        let mut own: SmallVec<[VolumeId; 2]> = SmallVec::new();
        for looked in claims {
            let Some(state) = looked.state.filter(|_| looked.object.is_some()) else {
                let (namespace, name) = (&pod.namespace, &looked.claim.name);
                let text = format!("looking up PVC {namespace}/{name}: {}", not_found(name));
                demand.uncountable.get_or_insert(Fault::state(text));
                continue;
            };
            if let Some(fault) = looked.foreign(pod) {
                demand.uncountable.get_or_insert(Fault::error(fault));
            }
            let Some(volume) = state.volume else { continue };
            let driver = self.countable.driver_of(volume);
            if own.contains(&volume) {
                continue;
            }
            own.push(volume);
            // The claim itself is the one holder.
            if self.countable.holds(volume) == 1 && state.only_used_by(&pod.uid) {
                add(&mut demand.fresh, driver);
            } else {
                demand.shared.push((driver, volume));
            }
        }
        for inline in &spec.inline {
            let Some(volume) = self.countable.find(&inline.driver, &inline.handle) else {
                continue;
            };
            if !own.contains(&volume) {
                own.push(volume);
                demand
                    .shared
                    .push((self.countable.driver_of(volume), volume));
            }
        }
        self.forgive_sharing(demand);
        demand.fresh.sort_unstable();
        demand.shared.sort_unstable();
    }

    /// A volume that others use counts less where they run, which matters only on a node so full that the pod fits
    /// for that reason alone. Where there is none, the volume is as good as a fresh one, and the pod's class is not
    /// its own.
    fn forgive_sharing(&self, demand: &mut VolumeDemand) {
        if demand.shared.is_empty() {
            return;
        }
        let wanted = |driver: DriverId| {
            let fresh = demand.fresh.iter().find(|(d, _)| *d == driver);
            let shared = demand.shared.iter().filter(|(d, _)| *d == driver).count();
            i64::from(fresh.map_or(0, |(_, n)| *n)) + i64::try_from(shared).unwrap_or(i64::MAX)
        };
        let tight = |&(driver, volume): &(DriverId, VolumeId)| {
            let name = self.countable.driver_name(driver);
            self.rows.of(volume).iter().any(|&row| {
                let here = self.rows.get(row);
                let limit = here.csi().and_then(|csi| csi.limit(name));
                limit.is_some_and(|l| i64::from(here.count(driver)) + wanted(driver) > l)
            })
        };
        if !demand.shared.iter().any(tight) {
            for (driver, _) in std::mem::take(&mut demand.shared) {
                add(&mut demand.fresh, driver);
            }
        }
    }

    fn bind(&self, claims: &[Looked<'_>], demand: &mut VolumeDemand) {
        for claim in claims.iter().filter_map(|c| c.object) {
            if claim.is_bound() {
                match self.volume(&claim.volume) {
                    None => demand.bound.push(None),
                    Some(volume) => demand.bound.extend(volume.topology.clone().map(Some)),
                }
                continue;
            }
            let class = self.class(&claim.class).filter(|_| !claim.class.is_empty());
            match class {
                Some(class) if class.wait_for_consumer.is_none() => {
                    let name = &class.name;
                    let text = format!("VolumeBindingMode not set for StorageClass \"{name}\"");
                    demand.unusable_claim = Some(Fault::error(text));
                    return;
                }
                Some(class) if class.wait_for_consumer == Some(true) && claim.volume.is_empty() => {
                    let class = Arc::clone(class);
                    let capacity_checked =
                        claim.size.is_some() && self.checks_capacity(&class.provisioner);
                    demand.delayed.push(Arc::new(Delayed {
                        size: claim.size,
                        access_modes: claim.access_modes.clone(),
                        block: claim.block,
                        selector: claim.selector.clone(),
                        attributes_class: claim.attributes_class.clone(),
                        selected_node: claim.selected_node.clone(),
                        reserved: self.reserved_for(claim),
                        capacity_checked,
                        version: if capacity_checked || self.by_class.contains_key(&class.name) {
                            self.version(&class.name)
                        } else {
                            0
                        },
                        class,
                    }));
                }
                _ => {
                    let text = "pod has unbound immediate PersistentVolumeClaims";
                    demand.unusable_claim = Some(Fault::state(text.to_owned()));
                }
            }
        }
    }

    fn reserved_for(&self, claim: &Claim) -> Option<ClaimId> {
        if self.reserved.is_empty() {
            return None;
        }
        let key = (Box::from(&*claim.namespace), Box::from(&*claim.name));
        self.reserved.get(&key)?;
        self.claims.id(&claim.namespace, &claim.name)
    }

    fn locate(&self, claims: &[Looked<'_>], demand: &mut VolumeDemand) {
        for looked in claims.iter().filter(|c| !c.claim.ephemeral) {
            match self.zones_of(looked) {
                Ok(Some(name)) => match self.volume(name) {
                    Some(volume) => demand.zones.extend(volume.zones.iter().cloned()),
                    None => {
                        let text = format!("persistentvolume \"{name}\" not found");
                        demand.unknown_zone.get_or_insert(Fault::state(text));
                    }
                },
                Ok(None) => {}
                Err(text) => drop(demand.unknown_zone.get_or_insert(Fault::state(text))),
            }
        }
    }

    /// The volume whose zones count for a claim, `None` if it will be chosen by node.
    fn zones_of<'a>(&self, looked: &Looked<'a>) -> Result<Option<&'a str>, String> {
        if looked.claim.name.is_empty() {
            return Err("PersistentVolumeClaim had no name".to_owned());
        }
        let claim = looked.object.ok_or_else(|| not_found(&looked.claim.name))?;
        if !claim.volume.is_empty() {
            return Ok(Some(&claim.volume));
        }
        let name = &claim.class;
        if name.is_empty() {
            return Err("PersistentVolumeClaim had no pv name and storageClass name".to_owned());
        }
        let class = self.class(name);
        match class.map(|c| c.wait_for_consumer) {
            None => Err(format!("storageclass.storage.k8s.io \"{name}\" not found")),
            Some(None) => Err(format!(
                "VolumeBindingMode not set for StorageClass \"{name}\""
            )),
            Some(Some(true)) => Ok(None),
            Some(Some(false)) => Err("PersistentVolume had no name".to_owned()),
        }
    }
}

fn not_found(claim: &str) -> String {
    format!("persistentvolumeclaim \"{claim}\" not found")
}

fn add(counts: &mut SmallVec<[(DriverId, u32); 1]>, driver: DriverId) {
    match counts.iter_mut().find(|(d, _)| *d == driver) {
        Some((_, count)) => *count += 1,
        None => counts.push((driver, 1)),
    }
}

impl Looked<'_> {
    /// VolumeRestrictions must see a claim's access modes.
    fn unknown(&self) -> Option<Fault> {
        (self.object.is_none() && !self.claim.ephemeral)
            .then(|| Fault::state(not_found(&self.claim.name)))
    }

    /// Why VolumeBinding cannot use the claim.
    fn unusable(&self, pod: &Pod) -> Option<Fault> {
        let name = &self.claim.name;
        let Some(claim) = self.object else {
            return Some(Fault::state(if self.claim.ephemeral {
                format!(
                    "waiting for ephemeral volume controller to create the persistentvolumeclaim \"{name}\""
                )
            } else {
                not_found(name)
            }));
        };
        if claim.lost {
            let volume = &claim.volume;
            return Some(Fault::state(format!(
                "persistentvolumeclaim \"{name}\" bound to non-existent persistentvolume \"{volume}\""
            )));
        }
        if claim.deleting {
            let text = format!("persistentvolumeclaim \"{name}\" is being deleted");
            return Some(Fault::state(text));
        }
        self.foreign(pod).map(Fault::state)
    }

    /// Why an ephemeral claim is not the pod's.
    fn foreign(&self, pod: &Pod) -> Option<String> {
        let claim = self.object.filter(|_| self.claim.ephemeral)?;
        let own = claim.controller.as_deref() == Some(&*pod.uid);
        let (namespace, name) = (&pod.namespace, &pod.name);
        (!own).then(|| {
            format!(
                "PVC {namespace}/{} was not created for pod {namespace}/{name} (pod is not owner)",
                claim.name
            )
        })
    }
}
