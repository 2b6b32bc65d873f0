//! Brings each event to the watches it concerns, without asking the others.

use crate::event::Event;
use crate::filter::Filter;
use crate::watch::{Cursor, WatchId};
use foldhash::HashMap;
use std::sync::Arc;

type Cursors = Vec<Arc<Cursor>>;

/// The watches of one resource. Each stands in exactly one list: the narrowest its filter allows.
#[derive(Debug, Default)]
struct Routes {
    all: Cursors,
    by_namespace: HashMap<Box<str>, Cursors>,
    by_name: HashMap<Box<str>, Cursors>,
    by_field: HashMap<usize, HashMap<Box<str>, Cursors>>,
}

#[derive(Debug, Default)]
pub(crate) struct Hub {
    routes: HashMap<Box<str>, Routes>,
    last: WatchId,
}

impl Hub {
    pub(crate) fn next_id(&mut self) -> WatchId {
        self.last += 1;
        self.last
    }

    pub(crate) fn add(&mut self, resource: &str, cursor: Arc<Cursor>) {
        let routes = self.routes.entry(resource.into()).or_default();
        routes.list(&cursor.filter).push(cursor.clone());
    }

    pub(crate) fn remove(&mut self, resource: &str, cursor: &Cursor) {
        if let Some(routes) = self.routes.get_mut(resource) {
            routes
                .list(&cursor.filter)
                .retain(|other| other.id != cursor.id);
            routes.prune(&cursor.filter);
        }
    }

    /// Takes out all watches of a resource.
    pub(crate) fn clear(&mut self, resource: &str) -> Cursors {
        let routes = self.routes.remove(resource).unwrap_or_default();
        let maps = [routes.by_namespace, routes.by_name];
        let fields = routes.by_field.into_values();
        let narrow = maps
            .into_iter()
            .chain(fields)
            .flat_map(HashMap::into_values);
        routes.all.into_iter().chain(narrow.flatten()).collect()
    }

    /// Queues the event where it matters; `ready` gets the watches somebody waits for.
    pub(crate) fn publish(&self, event: &Arc<Event>, limit: usize, ready: &mut Vec<WatchId>) {
        let Some(routes) = self.routes.get(event.resource.as_ref()) else {
            return;
        };
        let mut offer = |cursors: &Cursors| {
            for cursor in cursors {
                if cursor.offer(event, limit) {
                    ready.push(cursor.id);
                }
            }
        };
        offer(&routes.all);
        if let Some(cursors) = routes.by_namespace.get(event.namespace()) {
            offer(cursors);
        }
        if let Some(cursors) = routes.by_name.get(event.name()) {
            offer(cursors);
        }
        for (field, by_value) in &routes.by_field {
            let value = |v: &Option<crate::Version>| v.as_ref().map(|v| v.fields[*field].clone());
            let (old, new) = (value(&event.previous), value(&event.next));
            if let Some(cursors) = new.as_deref().and_then(|v| by_value.get(v)) {
                offer(cursors);
            }
            if old != new
                && let Some(cursors) = old.as_deref().and_then(|v| by_value.get(v))
            {
                offer(cursors);
            }
        }
    }
}

impl Routes {
    fn list(&mut self, filter: &Filter) -> &mut Cursors {
        if let Some(name) = filter.name() {
            return self.by_name.entry(name.into()).or_default();
        }
        if let Some((field, value)) = filter.equalities().next() {
            let by_value = self.by_field.entry(field).or_default();
            return by_value.entry(value.into()).or_default();
        }
        match &filter.namespace {
            Some(namespace) => self.by_namespace.entry(namespace.clone()).or_default(),
            None => &mut self.all,
        }
    }

    /// Drops the filter's list if it is empty.
    fn prune(&mut self, filter: &Filter) {
        if !self.list(filter).is_empty() {
            return;
        }
        if let Some(name) = filter.name() {
            self.by_name.remove(name);
        } else if let Some((field, value)) = filter.equalities().next() {
            if let Some(by_value) = self.by_field.get_mut(&field) {
                by_value.remove(value);
                if by_value.is_empty() {
                    self.by_field.remove(&field);
                }
            }
        } else if let Some(namespace) = &filter.namespace {
            self.by_namespace.remove(namespace);
        }
    }
}
