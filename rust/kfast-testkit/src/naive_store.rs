//! The store as its contract reads: a full copy of everything at every revision. Slow and plainly right.

use kfast_core::{Object, Revision, splice_revision};
use kfast_store::{EventKind, Write};
use std::collections::BTreeMap;

/// Why a write is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Create met a live object.
    AlreadyExists,
    /// Nothing to update or delete.
    Absent,
    /// Another revision was expected.
    Modified,
}

type State = BTreeMap<String, Object>;

/// One write.
#[derive(Clone, Debug)]
pub struct NaiveEvent {
    /// Its revision.
    pub revision: Revision,
    /// The state before.
    pub previous: Option<Object>,
    /// The state after.
    pub next: Option<Object>,
}

impl NaiveEvent {
    /// What a watch with a selector sees of it: the kind and the object's bytes.
    pub fn seen(&self, selects: impl Fn(&Object) -> bool) -> Option<(EventKind, Vec<u8>)> {
        let previous = self.previous.as_ref().filter(|o| selects(o));
        let next = self.next.as_ref().filter(|o| selects(o));
        match (previous, next) {
            (None, Some(next)) => Some((EventKind::Added, next.bytes().to_vec())),
            (Some(_), Some(next)) => Some((EventKind::Modified, next.bytes().to_vec())),
            (Some(last), None) => {
                let old = format!("\"resourceVersion\":\"{}\"", last.revision());
                let new = format!("\"resourceVersion\":\"{}\"", self.revision);
                let text = String::from_utf8_lossy(&last.bytes()).replacen(&old, &new, 1);
                Some((EventKind::Deleted, text.into_bytes()))
            }
            (None, None) => None,
        }
    }
}

/// The reference model of one resource.
#[derive(Clone, Debug)]
pub struct NaiveStore {
    /// States by revision; the first is revision 1.
    states: Vec<State>,
    events: Vec<NaiveEvent>,
}

impl Default for NaiveStore {
    fn default() -> Self {
        Self {
            states: vec![State::new()],
            events: Vec::new(),
        }
    }
}

impl NaiveStore {
    /// The newest revision.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.states.len() as Revision
    }

    /// The newest state of a key.
    #[must_use]
    pub fn get(&self, namespace: &str, name: &str) -> Option<&Object> {
        self.states.last()?.get(&format!("{namespace}/{name}"))
    }

    /// Applies a write.
    ///
    /// # Errors
    /// As the store's contract says.
    ///
    /// # Panics
    /// If the body is no object.
    pub fn write(&mut self, namespace: &str, name: &str, write: Write<'_>) -> Result<(), Refusal> {
        let current = self.get(namespace, name).cloned();
        let body = match (write, &current) {
            (Write::Create(_), Some(_)) => return Err(Refusal::AlreadyExists),
            (Write::Create(body), None) => Some(body),
            (_, None) => return Err(Refusal::Absent),
            (Write::Update(_, expected) | Write::Delete(expected), Some(object))
                if object.revision() != expected =>
            {
                return Err(Refusal::Modified);
            }
            (Write::Update(body, _), _) => Some(body),
            (Write::Delete(_), _) => None,
        };
        let revision = self.revision() + 1;
        let next = body.map(|b| Object::parse(splice_revision(b, revision).unwrap()).unwrap());
        let mut state = self.states.last().cloned().unwrap_or_default();
        let key = format!("{namespace}/{name}");
        match &next {
            Some(object) => state.insert(key, object.clone()),
            None => state.remove(&key),
        };
        self.states.push(state);
        self.events.push(NaiveEvent {
            revision,
            previous: current,
            next,
        });
        Ok(())
    }

    /// The keys and objects at a revision, in order of key.
    pub fn at(&self, revision: Revision) -> impl Iterator<Item = (&str, &Object)> {
        let state = &self.states[revision as usize - 1];
        state.iter().map(|(k, o)| (k.as_str(), o))
    }

    /// The writes after a revision.
    pub fn after(&self, revision: Revision) -> impl Iterator<Item = &NaiveEvent> {
        self.events.iter().filter(move |e| e.revision > revision)
    }
}
