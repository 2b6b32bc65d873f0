//! The versions of one resource's objects, with their indexes.

use crate::event::{Event, Version};
use crate::filter::{Field, Fields, Filter};
use foldhash::HashMap;
use kfast_core::Revision;
use roaring::RoaringBitmap;
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

/// Where one key is kept: the bit of the indexes.
pub(crate) type RowId = u32;

/// All retained versions of one key, oldest first; `None` is a tombstone.
#[derive(Debug, Default)]
pub(crate) struct Row {
    key: Box<str>,
    versions: SmallVec<[(Revision, Option<Version>); 1]>,
}

impl Row {
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    pub(crate) fn newest(&self) -> Option<&Version> {
        self.versions.last()?.1.as_ref()
    }

    pub(crate) fn at(&self, revision: Revision) -> Option<&Version> {
        let versions = self.versions.iter().rev();
        versions
            .skip_while(|(r, _)| *r > revision)
            .map(|(_, v)| v)
            .next()?
            .as_ref()
    }
}

type Index = HashMap<Arc<str>, RoaringBitmap>;

/// One resource. Keys are `namespace/name`, which sorts as upstream's storage does.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) fields: Arc<Fields>,
    /// The revision of the last write to this resource.
    pub(crate) touched: Revision,
    keys: BTreeMap<Box<str>, RowId>,
    rows: Vec<Row>,
    free: Vec<RowId>,
    by_label: HashMap<Arc<str>, Index>,
    by_field: Vec<Index>,
}

impl Table {
    /// Declares the selectable fields; false if they were declared so already.
    pub(crate) fn declare(&mut self, declared: &[Field]) -> bool {
        let fields = Fields::new(declared);
        if fields.declared == self.fields.declared {
            return false;
        }
        self.by_field = vec![Index::default(); fields.declared.len()];
        for (id, row) in (0..).zip(&mut self.rows) {
            for (_, version) in &mut row.versions {
                if let Some(version) = version {
                    *version = fields.version(version.object.clone());
                }
            }
            if let Some(newest) = row.newest() {
                index_fields(&mut self.by_field, newest, id);
            }
        }
        self.fields = Arc::new(fields);
        true
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Version> {
        self.rows[*self.keys.get(key)? as usize].newest()
    }

    pub(crate) fn row(&self, id: RowId) -> &Row {
        &self.rows[id as usize]
    }

    /// Rows in key order.
    pub(crate) fn range<'a>(
        &'a self,
        from: Bound<&str>,
        to: Bound<&str>,
    ) -> impl Iterator<Item = &'a Row> + use<'a> {
        self.keys
            .range::<str, _>((from, to))
            .map(|(_, id)| &self.rows[*id as usize])
    }

    /// Adds the newest version of a key.
    pub(crate) fn apply(&mut self, event: &Event) {
        self.touched = event.revision;
        let id = match self.keys.get(event.key.as_ref()) {
            Some(id) => *id,
            None => self.insert(event.key.clone()),
        };
        if let Some(previous) = &event.previous {
            self.unindex(previous, id);
        }
        if let Some(next) = &event.next {
            self.index(next, id);
        }
        self.rows[id as usize]
            .versions
            .push((event.revision, event.next.clone()));
    }

    fn insert(&mut self, key: Box<str>) -> RowId {
        let id = self.free.pop().unwrap_or_else(|| {
            self.rows.push(Row::default());
            (self.rows.len() - 1) as RowId
        });
        self.rows[id as usize].key.clone_from(&key);
        self.keys.insert(key, id);
        id
    }

    /// Forgets the version an old event superseded, and the key if the event's tombstone is all that is left.
    pub(crate) fn forget(&mut self, event: &Event) {
        let Some(id) = self.keys.get(event.key.as_ref()).copied() else {
            return;
        };
        let row = &mut self.rows[id as usize];
        row.versions.retain(|(r, _)| *r >= event.revision);
        if matches!(row.versions.as_slice(), [(_, None)]) {
            self.keys.remove(event.key.as_ref());
            self.rows[id as usize] = Row::default();
            self.free.push(id);
        } else if row.versions.len() == 1 {
            row.versions.shrink_to_fit();
        }
    }

    fn index(&mut self, version: &Version, id: RowId) {
        for (key, value) in version.object.labels() {
            let values = match self.by_label.get_mut(key.as_ref()) {
                Some(values) => values,
                None => self.by_label.entry(key.as_ref().into()).or_default(),
            };
            match values.get_mut(value.as_ref()) {
                Some(bits) => bits.insert(id),
                None => values.entry(value.as_ref().into()).or_default().insert(id),
            };
        }
        index_fields(&mut self.by_field, version, id);
    }

    fn unindex(&mut self, version: &Version, id: RowId) {
        for (key, value) in version.object.labels() {
            if let Some(values) = self.by_label.get_mut(key.as_ref()) {
                remove(values, value, id);
                if values.is_empty() {
                    self.by_label.remove(key.as_ref());
                }
            }
        }
        for (index, value) in self.by_field.iter_mut().zip(version.fields.iter()) {
            remove(index, value, id);
        }
    }

    /// The rows whose newest version may pass, as far as the indexes know; `None` if they know nothing.
    pub(crate) fn candidates(&self, filter: &Filter) -> Option<RoaringBitmap> {
        let mut found: Option<RoaringBitmap> = None;
        let mut narrow = |bits: RoaringBitmap| match &mut found {
            Some(found) => *found &= bits,
            None => found = Some(bits),
        };
        for (field, value) in filter.equalities() {
            narrow(self.by_field[field].get(value).cloned().unwrap_or_default());
        }
        for requirement in filter.labels.requirements() {
            if let Some(values) = requirement.one_of() {
                let index = self.by_label.get(requirement.key());
                let bits = |v: &str| index.and_then(|index| index.get(v));
                narrow(
                    values
                        .iter()
                        .filter_map(|v| bits(v))
                        .fold(RoaringBitmap::new(), |all, bits| all | bits),
                );
            }
        }
        found
    }
}

fn index_fields(indexes: &mut [Index], version: &Version, id: RowId) {
    for (index, value) in indexes.iter_mut().zip(version.fields.iter()) {
        match index.get_mut(value) {
            Some(bits) => bits.insert(id),
            None => index.entry(value.clone()).or_default().insert(id),
        };
    }
}

fn remove(index: &mut Index, value: &str, id: RowId) {
    if let Some(bits) = index.get_mut(value) {
        bits.remove(id);
        if bits.is_empty() {
            index.remove(value);
        }
    }
}
