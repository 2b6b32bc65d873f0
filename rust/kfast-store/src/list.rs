//! Lists: at the newest or an earlier revision, by namespace and selectors, in pages.

use crate::filter::Filter;
use crate::state::State;
use crate::table::{Row, Table};
use crate::{Result, StoreError};
use kfast_core::{Object, Pieces, Revision};
use kfast_selector::{FieldSelector, LabelSelector};
use std::ops::Bound;

/// What to list.
#[derive(Clone, Debug, Default)]
pub struct ListOptions {
    /// Only this namespace.
    pub namespace: Option<Box<str>>,
    /// Only objects of these labels.
    pub labels: LabelSelector,
    /// Only objects of these field values.
    pub fields: FieldSelector,
    /// Objects a page; 0: all.
    pub limit: usize,
    /// `Page::next_start` of the page before.
    pub start: Box<str>,
    /// The revision to read at; 0: the newest.
    pub revision: Revision,
}

/// One page of a list, in order of `namespace/name`.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The revision the page is true at.
    pub revision: Revision,
    /// The objects.
    pub objects: Vec<Object>,
    /// Where the next page starts; `None` on the last.
    pub next_start: Option<String>,
    /// Objects after this page; `None` if selectors leave it unknown, or there are none.
    pub remaining: Option<usize>,
}

impl Page {
    /// The length of `write_items`.
    #[must_use]
    pub fn items_len(&self, with_type: bool) -> usize {
        let items: usize = self
            .objects
            .iter()
            .map(|o| {
                let (head, body) = item(o, with_type);
                head.len() + body.total()
            })
            .sum();
        items + self.objects.len().saturating_sub(1)
    }

    /// The items joined by commas, without `apiVersion` and `kind` unless `with_type`.
    ///
    /// # Panics
    /// If `out` is not `items_len` long.
    pub fn write_items(&self, with_type: bool, out: &mut [u8]) {
        let mut at = 0;
        let mut put = |bytes: &[u8]| {
            out[at..at + bytes.len()].copy_from_slice(bytes);
            at += bytes.len();
        };
        for (i, object) in self.objects.iter().enumerate() {
            if i > 0 {
                put(b",");
            }
            let (head, body) = item(object, with_type);
            put(head);
            body.for_each(&mut put);
        }
    }
}

fn item(object: &Object, with_type: bool) -> (&'static [u8], Pieces<'_>) {
    match object.bare() {
        Some(bare) if !with_type => (b"{", bare),
        _ => (b"", object.pieces()),
    }
}

impl State {
    /// Reads a page.
    ///
    /// # Errors
    /// `Compacted`, `Future`, `UnknownField`.
    pub(crate) fn list(&self, resource: &str, options: &ListOptions) -> Result<Page> {
        let revision = self.readable(options.revision)?;
        let mut page = Page {
            revision,
            ..Page::default()
        };
        let Some(table) = self.table(resource) else {
            return Ok(page);
        };
        let namespace = options.namespace.as_deref();
        let filter = Filter::new(&table.fields, namespace, &options.labels, &options.fields)?;
        let range = Range::new(&filter, &options.start);
        // The indexes know the newest state only.
        let narrowed = (table.touched <= revision)
            .then(|| table.candidates(&filter))
            .flatten();
        match narrowed {
            Some(ids) => {
                let mut rows: Vec<&Row> = ids.iter().map(|id| table.row(id)).collect();
                rows.retain(|row| range.contains(row.key()));
                rows.sort_unstable_by(|a, b| a.key().cmp(b.key()));
                page.fill(rows.into_iter(), &filter, options.limit);
            }
            None => page.fill(range.rows(table), &filter, options.limit),
        }
        Ok(page)
    }

    fn readable(&self, requested: Revision) -> Result<Revision> {
        match requested {
            0 => Ok(self.revision),
            r if r < self.compacted => Err(StoreError::Compacted {
                requested,
                compacted: self.compacted,
            }),
            r if r > self.revision => Err(StoreError::Future {
                requested,
                current: self.revision,
            }),
            r => Ok(r),
        }
    }
}

impl Page {
    fn fill<'a>(&mut self, rows: impl Iterator<Item = &'a Row>, filter: &Filter, limit: usize) {
        let mut last = "";
        let all = filter.selects_all();
        let mut after = 0;
        for row in rows {
            let Some(version) = row.at(self.revision).filter(|v| all || filter.matches(v)) else {
                continue;
            };
            if limit == 0 || self.objects.len() < limit {
                self.objects.push(version.object.clone());
                last = row.key();
                continue;
            }
            after += 1;
            if !all {
                break;
            }
        }
        if after > 0 {
            self.next_start = Some(format!("{last}\0"));
            self.remaining = all.then_some(after);
        }
    }
}

/// The keys a list may meet.
struct Range {
    from: String,
    to: Option<String>,
}

impl Range {
    fn new(filter: &Filter, start: &str) -> Self {
        // '0' follows '/': the range holds exactly the keys that begin with `namespace/`.
        let (from, to) = match &filter.namespace {
            Some(ns) => (format!("{ns}/"), Some(format!("{ns}0"))),
            None => (String::new(), None),
        };
        Self {
            from: from.max(start.to_owned()),
            to,
        }
    }

    fn contains(&self, key: &str) -> bool {
        key >= self.from.as_str() && self.to.as_deref().is_none_or(|to| key < to)
    }

    fn rows<'a>(&self, table: &'a Table) -> impl Iterator<Item = &'a Row> + use<'a> {
        let to = self.to.as_deref().filter(|to| *to > self.from.as_str());
        let empty = self.to.is_some() && to.is_none();
        let rows = table.range(
            Bound::Included(&self.from),
            to.map_or(Bound::Unbounded, Bound::Excluded),
        );
        rows.take(if empty { 0 } else { usize::MAX })
    }
}
