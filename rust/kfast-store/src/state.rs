//! What is committed: tables, history and watches, all at one revision.

use crate::event::Event;
use crate::filter::{Field, Fields};
use crate::history::{History, Limits};
use crate::hub::Hub;
use crate::table::Table;
use crate::watch::{Cursor, WatchId, WatchOptions};
use crate::{Result, StoreError, filter::Filter};
use foldhash::HashMap;
use kfast_core::Revision;
use std::sync::Arc;

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) revision: Revision,
    pub(crate) compacted: Revision,
    pub(crate) hub: Hub,
    tables: HashMap<Arc<str>, Table>,
    history: History,
    limits: Limits,
}

impl State {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            // etcd's first revision: an empty store is at 1.
            revision: 1,
            compacted: 1,
            hub: Hub::default(),
            tables: HashMap::default(),
            history: History::default(),
            limits,
        }
    }

    pub(crate) fn table(&self, resource: &str) -> Option<&Table> {
        self.tables.get(resource)
    }

    /// The shared name of a resource and its fields.
    pub(crate) fn known(&self, resource: &str) -> Option<(Arc<str>, Arc<Fields>)> {
        let (name, table) = self.tables.get_key_value(resource)?;
        Some((name.clone(), table.fields.clone()))
    }

    /// The shared name of a resource, known from now on.
    pub(crate) fn name(&mut self, resource: &str) -> Arc<str> {
        if let Some((name, _)) = self.tables.get_key_value(resource) {
            return name.clone();
        }
        let name: Arc<str> = resource.into();
        self.tables.insert(name.clone(), Table::default());
        name
    }

    pub(crate) fn table_mut(&mut self, resource: &Arc<str>) -> &mut Table {
        self.tables.entry(resource.clone()).or_default()
    }

    /// Declares the fields of a resource. If they change, its watches are lost: they were resolved against the old.
    pub(crate) fn declare(&mut self, resource: &str, declared: &[Field]) -> Vec<WatchId> {
        let name = self.name(resource);
        let table = self.table_mut(&name);
        if !table.declare(declared) {
            return Vec::new();
        }
        let fields = table.fields.clone();
        self.history.rebuild(resource, |old| {
            let renew =
                |v: &Option<crate::Version>| v.as_ref().map(|v| fields.version(v.object.clone()));
            let (previous, next) = (renew(&old.previous), renew(&old.next));
            Event::new(
                old.revision,
                old.resource.clone(),
                old.key.clone(),
                previous,
                next,
            )
        });
        let cursors = self.hub.clear(resource);
        let lost = cursors.iter().filter(|c| c.lose(self.revision));
        lost.map(|c| c.id).collect()
    }

    /// Makes a write visible. Writes come in order of revision.
    pub(crate) fn apply(&mut self, event: Arc<Event>, ready: &mut Vec<WatchId>) {
        debug_assert!(event.revision > self.revision);
        self.revision = event.revision;
        self.table_mut(&event.resource).apply(&event);
        self.hub.publish(&event, self.limits.events, ready);
        self.history.push(event);
        while self.history.exceeds(self.limits) {
            self.forget_if(|_| true);
        }
    }

    /// Takes up a write of an earlier run, without history.
    pub(crate) fn load(&mut self, event: &Event) {
        self.revision = event.revision;
        self.compacted = event.revision;
        let table = self.table_mut(&event.resource);
        table.apply(event);
        table.forget(event);
    }

    /// Forgets history below `revision`.
    pub(crate) fn compact(&mut self, revision: Revision) {
        let revision = revision.min(self.revision);
        while self.forget_if(|event| event.revision <= revision) {}
        self.compacted = self.compacted.max(revision);
    }

    fn forget_if(&mut self, wanted: impl FnOnce(&Event) -> bool) -> bool {
        let Some(event) = self.history.pop_if(wanted) else {
            return false;
        };
        self.compacted = event.revision;
        self.table_mut(&event.resource).forget(&event);
        true
    }

    /// A cursor that has been offered everything since `options.since`.
    pub(crate) fn watch(&mut self, resource: &str, options: &WatchOptions) -> Result<Arc<Cursor>> {
        let name = self.name(resource);
        let since = match options.since {
            0 => self.revision,
            since => since,
        };
        if since < self.compacted {
            return Err(StoreError::Compacted {
                requested: since,
                compacted: self.compacted,
            });
        }
        let fields = self.table_mut(&name).fields.clone();
        let namespace = options.namespace.as_deref();
        let filter = Filter::new(&fields, namespace, &options.labels, &options.fields)?;
        let cursor = Arc::new(Cursor::new(self.hub.next_id(), filter, since));
        for event in self.history.after(resource, since) {
            cursor.offer(event, usize::MAX);
        }
        self.hub.add(resource, cursor.clone());
        Ok(cursor)
    }
}
