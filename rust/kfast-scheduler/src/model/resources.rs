//! Resource vectors: small sorted lists of (resource, amount) and the numbering of resource names.

use smallvec::SmallVec;
use std::collections::HashMap;
use std::sync::Arc;

/// Number of a resource: the column it has in the cache.
pub type ResourceId = u16;

/// `cpu`, in thousandths.
pub const CPU: ResourceId = 0;
/// `memory`, in bytes.
pub const MEMORY: ResourceId = 1;
/// `ephemeral-storage`, in bytes.
pub const EPHEMERAL_STORAGE: ResourceId = 2;

/// Names of all resources met so far.
#[derive(Debug)]
pub struct ResourceNames {
    names: Vec<Arc<str>>,
    ids: HashMap<Arc<str>, ResourceId>,
}

impl Default for ResourceNames {
    fn default() -> Self {
        let mut names = Self {
            names: Vec::new(),
            ids: HashMap::new(),
        };
        for name in ["cpu", "memory", "ephemeral-storage"] {
            names.intern(name);
        }
        names
    }
}

impl ResourceNames {
    /// The number of a resource the scheduler counts: cpu, memory, ephemeral-storage, huge pages and
    /// extended resources; `None` for all others (`pods` is counted apart) and beyond 65,000 names.
    pub fn id(&mut self, name: &str) -> Option<ResourceId> {
        if let Some(&id) = self.ids.get(name) {
            return Some(id);
        }
        let scalar = name.contains('/')
            || name.starts_with("hugepages-")
            || name.starts_with("attachable-volumes-");
        (scalar && self.names.len() < usize::from(u16::MAX)).then(|| self.intern(name))
    }

    /// The number of a resource met before.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<ResourceId> {
        self.ids.get(name).copied()
    }

    /// All names, by number.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(AsRef::as_ref)
    }

    /// The name of a resource.
    #[must_use]
    pub fn name(&self, id: ResourceId) -> &str {
        &self.names[usize::from(id)]
    }

    fn intern(&mut self, name: &str) -> ResourceId {
        let id = ResourceId::try_from(self.names.len()).unwrap_or(ResourceId::MAX);
        let name: Arc<str> = name.into();
        self.names.push(Arc::clone(&name));
        self.ids.insert(name, id);
        id
    }
}

/// Amounts per resource, sorted by resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Resources(SmallVec<[(ResourceId, i64); 3]>);

impl Resources {
    /// The amount of one resource, 0 if absent.
    #[must_use]
    pub fn get(&self, id: ResourceId) -> i64 {
        self.find(id).map_or(0, |at| self.0[at].1)
    }

    /// Whether the resource is named at all, be it with 0.
    #[must_use]
    pub fn has(&self, id: ResourceId) -> bool {
        self.find(id).is_ok()
    }

    /// Sets one amount.
    pub fn set(&mut self, id: ResourceId, amount: i64) {
        match self.find(id) {
            Ok(at) => self.0[at].1 = amount,
            Err(at) => self.0.insert(at, (id, amount)),
        }
    }

    /// Adds all amounts of `other`.
    pub fn add(&mut self, other: &Self) {
        for &(id, amount) in &other.0 {
            self.set(id, self.get(id).saturating_add(amount));
        }
    }

    /// Raises every amount to at least that of `other`.
    pub fn raise(&mut self, other: &Self) {
        for &(id, amount) in &other.0 {
            let own = self.get(id);
            self.set(id, own.max(amount));
        }
    }

    /// The same without zero and negative amounts.
    #[must_use]
    pub fn positive(&self) -> Self {
        Self(self.0.iter().copied().filter(|&(_, a)| a > 0).collect())
    }

    /// All entries, by resource.
    pub fn iter(&self) -> impl Iterator<Item = (ResourceId, i64)> + '_ {
        self.0.iter().copied()
    }

    fn find(&self, id: ResourceId) -> Result<usize, usize> {
        self.0.binary_search_by_key(&id, |&(r, _)| r)
    }
}
