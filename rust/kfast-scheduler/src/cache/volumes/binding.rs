//! Claims that are being bound for a pod whose node is chosen.

use super::{Matcher, Volumes};
use crate::model::volumes::{Claim, ClaimRef, PersistentVolume, VolumeDemand};
use crate::model::{NodeSpec, Pod};
use std::sync::Arc;

/// What is bound for a pod.
#[derive(Clone, Debug, Default)]
pub struct PodBinding {
    /// The node.
    pub node: Arc<str>,
    /// Volumes with the claims they are reserved to.
    pub fixed: Vec<(Arc<str>, Arc<Claim>)>,
    /// Claims for which volumes are made on the node.
    pub made: Vec<Arc<Claim>>,
}

/// How far the binding of a pod's claims is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VolumesBound {
    /// All are bound.
    Yes,
    /// Not yet.
    NotYet,
    /// It came to nothing, for this reason.
    Failed(String),
}

impl Volumes {
    /// Reserves volumes for the claims of a pod on a node. Whether there was anything to reserve.
    ///
    /// # Errors
    /// The claims cannot be bound on the node.
    pub fn reserve(
        &mut self,
        pod: &Pod,
        demand: &VolumeDemand,
        node: &NodeSpec,
    ) -> Result<bool, String> {
        let claims = self.delayed_claims(pod);
        if claims.is_empty() {
            return Ok(false);
        }
        let found = Matcher::new(self, demand).find(node);
        let Some(found) = found.ok().filter(|_| claims.len() == demand.delayed.len()) else {
            return Err(format!("no pod volume found for node \"{}\"", node.name));
        };
        let mut binding = PodBinding {
            node: Arc::clone(&node.name),
            ..PodBinding::default()
        };
        for (at, volume) in found.fixed {
            let claim = &claims[at];
            let volume_name = Arc::clone(&volume.name);
            self.suppose_reserved(&volume, claim);
            binding.fixed.push((volume_name, Arc::clone(claim)));
        }
        for (at, _) in found.made {
            self.suppose_selected(&claims[at], &node.name);
            binding.made.push(Arc::clone(&claims[at]));
        }
        self.bindings.insert(Arc::clone(&pod.uid), binding);
        Ok(true)
    }

    /// Gives up what was reserved for a pod; what was written meanwhile stays.
    pub fn unreserve(&mut self, uid: &str) {
        let Some(binding) = self.bindings.remove(uid) else {
            return;
        };
        for (volume, _) in binding.fixed {
            self.suppose_volume(&volume, None);
        }
        for claim in binding.made {
            let state = self.claims.id(&claim.namespace, &claim.name);
            if let Some(stored) = state
                .and_then(|id| self.claims.get_mut(id))
                .and_then(|s| s.object.as_mut())
            {
                stored.supposed = None;
            }
        }
    }

    /// The pod is bound: there is nothing to give back any more.
    pub fn settle(&mut self, uid: &str) {
        self.bindings.remove(uid);
    }

    /// What is being bound for a pod.
    #[must_use]
    pub fn binding(&self, uid: &str) -> Option<&PodBinding> {
        self.bindings.get(uid)
    }

    /// How far the binding of a pod's claims is, by what was read since; `node` is the one chosen.
    #[must_use]
    pub fn bound(&self, uid: &str, node: Option<&NodeSpec>, migrated: &[Box<str>]) -> VolumesBound {
        let Some(binding) = self.bindings.get(uid) else {
            return VolumesBound::Failed("pod does not exist any more".to_owned());
        };
        let Some(node) = node else {
            let text = format!("failed to get node \"{}\": node not found", binding.node);
            return VolumesBound::Failed(text);
        };
        let fixed = binding
            .fixed
            .iter()
            .map(|(volume, claim)| self.is_fixed(volume, claim, node, migrated));
        let made = binding
            .made
            .iter()
            .map(|claim| self.is_made(claim, node, migrated));
        match fixed.chain(made).find(|bound| *bound != Ok(true)) {
            Some(Err(text)) => VolumesBound::Failed(text),
            Some(Ok(_)) => VolumesBound::NotYet,
            None => VolumesBound::Yes,
        }
    }

    fn is_fixed(
        &self,
        volume: &str,
        claim: &Claim,
        node: &NodeSpec,
        migrated: &[Box<str>],
    ) -> Result<bool, String> {
        let Some(stored) = self.volumes.get(volume) else {
            return Err(format!(
                "failed to check binding: persistentvolume \"{volume}\" not found"
            ));
        };
        let now = self.read_claim(claim, "failed to check binding")?;
        if stored.supposed.is_some() {
            return Ok(false);
        }
        check_topology(&stored.read, node, migrated)?;
        if stored.read.claim.as_ref().is_none_or(|c| c.uid.is_empty()) {
            return Err(format!("ClaimRef got reset for pv \"{volume}\""));
        }
        Ok(now.is_bound())
    }

    fn is_made(
        &self,
        claim: &Claim,
        node: &NodeSpec,
        migrated: &[Box<str>],
    ) -> Result<bool, String> {
        let now = self.read_claim(claim, "failed to check provisioning pvc")?;
        let state = self.claims.find(&claim.namespace, &claim.name);
        if state
            .and_then(|s| s.object.as_ref())
            .is_some_and(|o| o.supposed.is_some())
        {
            return Ok(false);
        }
        // A provisioner that fails takes the annotation away.
        if now.selected_node.as_deref() != Some(&*node.name) {
            return Err(format!("provisioning failed for PVC \"{}\"", claim.name));
        }
        if !now.volume.is_empty() {
            let Some(volume) = self.volumes.get(&now.volume) else {
                return Ok(false);
            };
            check_topology(&volume.read, node, migrated)?;
        }
        Ok(now.is_bound())
    }

    fn read_claim(&self, claim: &Claim, what: &str) -> Result<&Arc<Claim>, String> {
        let (namespace, name) = (&claim.namespace, &claim.name);
        let state = self.claims.find(namespace, name);
        let stored = state.and_then(|s| s.object.as_ref());
        stored.map(|s| &s.read).ok_or_else(|| {
            format!("{what}: persistentvolumeclaims \"{namespace}/{name}\" not found")
        })
    }

    fn suppose_reserved(&mut self, volume: &PersistentVolume, claim: &Claim) {
        let reference = ClaimRef {
            namespace: (&*claim.namespace).into(),
            name: (&*claim.name).into(),
            uid: claim.uid.clone(),
        };
        if volume.claim.as_ref() == Some(&reference) {
            return;
        }
        let supposed = PersistentVolume {
            claim: Some(reference),
            ..volume.clone()
        };
        self.suppose_volume(&volume.name, Some(supposed));
    }

    fn suppose_selected(&mut self, claim: &Claim, node: &Arc<str>) {
        let supposed = Claim {
            selected_node: Some(Arc::clone(node)),
            ..claim.clone()
        };
        let id = self.claims.id(&claim.namespace, &claim.name);
        if let Some(stored) = id
            .and_then(|id| self.claims.get_mut(id))
            .and_then(|s| s.object.as_mut())
        {
            stored.supposed = Some(Arc::new(supposed));
        }
    }
}

fn check_topology(
    volume: &PersistentVolume,
    node: &NodeSpec,
    migrated: &[Box<str>],
) -> Result<(), String> {
    let Some(topology) = &volume.topology else {
        return Ok(());
    };
    match topology.allows(node, migrated) {
        Ok(true) => Ok(()),
        Ok(false) => Err(format!(
            "pv \"{}\" node affinity doesn't match node \"{}\": no matching NodeSelectorTerms",
            volume.name, node.name
        )),
        Err(text) => Err(format!(
            "failed to translate pv to csi: could not translate pv: {text}"
        )),
    }
}
