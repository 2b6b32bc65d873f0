//! What the rules of one pod spec need to know of it as a whole.

use kfast_schema::field::Path;
use kfast_schema::names as n;
use kfast_schema::{NameId, Value};

pub(crate) const GROUPS: [NameId; 3] = [n::INIT_CONTAINERS, n::CONTAINERS, n::EPHEMERAL_CONTAINERS];

/// What an update may keep although a new pod may not have it: the old one did.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tolerated {
    pub deletion_cost: bool,
    pub huge_pages: bool,
    pub selector_values: bool,
    pub node_affinity_values: bool,
    pub spread_selector: bool,
    pub spread_keys: bool,
    pub token_path: bool,
    pub host_sysctls: bool,
    pub init_restarts: bool,
    pub mapped_devices: bool,
    pub host_network_users: bool,
    pub comparisons: bool,
}

/// A spec under validation.
pub(crate) struct Scope<'v> {
    pub spec: &'v Value<'v>,
    /// The metadata of the pod; `None` for a template.
    pub metadata: Option<&'v Value<'v>>,
    pub tolerated: Tolerated,
    /// Volumes without errors.
    pub volumes: Vec<&'v Value<'v>>,
}

impl<'v> Scope<'v> {
    pub(crate) fn new(spec: &'v Value<'v>, metadata: Option<&'v Value<'v>>) -> Self {
        Self {
            spec,
            metadata,
            tolerated: Tolerated::default(),
            volumes: Vec::new(),
        }
    }

    /// Whether it is a pod's own spec.
    pub(crate) fn is_pod(&self) -> bool {
        self.metadata.is_some()
    }

    /// The pod's name, empty in templates.
    pub(crate) fn pod_name(&self) -> &'v str {
        self.metadata.map_or("", |metadata| metadata.text(n::NAME))
    }

    pub(crate) fn volume(&self, name: &str) -> Option<&'v Value<'v>> {
        self.volumes
            .iter()
            .copied()
            .find(|volume| volume.text(n::NAME) == name)
    }

    /// The operating system the pod states, if any.
    pub(crate) fn os(&self) -> Option<&'v str> {
        self.spec.get(n::OS).map(|os| os.text(n::NAME))
    }

    /// Whether the containers share the host's user namespace.
    pub(crate) fn host_users(&self) -> bool {
        self.spec.bool(n::HOST_USERS) != Some(false)
    }

    pub(crate) fn grace_period(&self) -> Option<i64> {
        self.spec.int(n::TERMINATION_GRACE_PERIOD_SECONDS)
    }

    /// Names of the pod's resource claims.
    pub(crate) fn claims(&self) -> impl Iterator<Item = &'v str> {
        let claims = self.spec.list(n::RESOURCE_CLAIMS).iter();
        claims
            .map(|claim| claim.text(n::NAME))
            .filter(|name| !name.is_empty())
    }
}

/// Visits the containers of all kinds with their paths.
pub(crate) fn each_container<'v>(
    spec: &'v Value<'v>,
    path: &Path<'_>,
    mut visit: impl FnMut(&'v Value<'v>, &Path<'_>),
) {
    for group in GROUPS {
        let list = path.child(group);
        for (i, container) in spec.list(group).iter().enumerate() {
            visit(container, &list.item(i));
        }
    }
}
