//! One write as everybody sees it: the log, the history, the watches.

use crate::filter::Filter;
use crate::{Result, StoreError};
use kfast_core::{Object, Revision};
use std::sync::{Arc, OnceLock};

/// What a write did to an object, as seen through a selector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// Created, or entered the selector.
    Added,
    /// Changed inside the selector.
    Modified,
    /// Deleted, or left the selector.
    Deleted,
}

impl EventKind {
    /// The `type` of a watch event.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "ADDED",
            Self::Modified => "MODIFIED",
            Self::Deleted => "DELETED",
        }
    }
}

/// One state of an object with the values of its resource's selectable fields.
#[derive(Clone, Debug)]
pub struct Version {
    /// The state.
    pub object: Object,
    /// One value a declared field, in order.
    pub(crate) fields: Arc<[Arc<str>]>,
}

/// One committed (or soon to be committed) write. Its revision is unique over all resources.
#[derive(Debug)]
pub struct Event {
    /// The revision the write took.
    pub revision: Revision,
    /// The resource, e.g. `deployments.apps`.
    pub resource: Arc<str>,
    /// `namespace/name`.
    pub key: Box<str>,
    /// The state replaced or removed; `None` of a create.
    pub previous: Option<Version>,
    /// The new state; `None` of a delete.
    pub next: Option<Version>,
    departed: OnceLock<Object>,
}

impl Event {
    pub(crate) fn new(
        revision: Revision,
        resource: Arc<str>,
        key: Box<str>,
        previous: Option<Version>,
        next: Option<Version>,
    ) -> Self {
        Self {
            revision,
            resource,
            key,
            previous,
            next,
            departed: OnceLock::new(),
        }
    }

    /// `metadata.namespace`, empty of a cluster-scoped object.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.key.split_once('/').map_or("", |(ns, _)| ns)
    }

    /// `metadata.name`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.key.split_once('/').map_or(&self.key, |(_, name)| name)
    }

    /// The last state carrying this event's revision: the object of a DELETED. `None` of a create.
    pub fn departed(&self) -> Option<&Object> {
        let previous = self.previous.as_ref()?;
        Some(
            self.departed
                .get_or_init(|| previous.object.with_revision(self.revision)),
        )
    }

    /// What the write's caller gets back: the new state, of a delete the last one.
    fn outcome(&self) -> Option<Object> {
        match &self.next {
            Some(next) => Some(next.object.clone()),
            None => self.departed().cloned(),
        }
    }

    /// `outcome`, or that there was nothing to delete.
    pub(crate) fn settled(&self) -> Result<Object> {
        self.outcome()
            .ok_or_else(|| StoreError::Absent(self.key.to_string()))
    }

    /// What the write is through a filter, `None` if nothing.
    pub(crate) fn seen_through(&self, filter: &Filter) -> Option<EventKind> {
        let holds = |v: &Option<Version>| v.as_ref().is_some_and(|v| filter.matches(v));
        match (holds(&self.previous), holds(&self.next)) {
            (false, true) => Some(EventKind::Added),
            (true, true) => Some(EventKind::Modified),
            (true, false) => Some(EventKind::Deleted),
            (false, false) => None,
        }
    }
}
