//! Writes: what is asked for, whether it fits the current state, what it makes of it.

use crate::durable::Record;
use crate::event::Event;
use crate::pending::Ticket;
use crate::state::State;
use crate::{Result, StoreError};
use kfast_core::{FieldTexts, Object, ObjectError, Revision, splice_revision};

/// One write to one key. Bodies are canonical JSON without `metadata.resourceVersion`.
#[derive(Clone, Copy, Debug)]
pub enum Write<'a> {
    /// Stores a new object.
    Create(&'a [u8]),
    /// Replaces the state of the revision given.
    Update(&'a [u8], Revision),
    /// Removes the state of the revision given.
    Delete(Revision),
}

/// How far a write is when `Store::write` returns.
#[derive(Debug)]
pub enum Submitted {
    /// Visible.
    Done(Object),
    /// On its way to the log: `Store::completions` will name this ticket.
    Pending(Ticket),
}

/// The outcome of a pending write: the new state, of a delete the last one under the delete's revision.
#[derive(Debug)]
pub struct Completion {
    /// The write.
    pub ticket: Ticket,
    /// What became of it.
    pub result: Result<Object>,
}

pub(crate) fn key(namespace: &str, name: &str) -> String {
    [namespace, "/", name].concat()
}

/// How messages call an object.
pub(crate) fn label(resource: &str, key: &str) -> String {
    format!("{resource} {}", key.trim_start_matches('/'))
}

/// The body to store, `None` of a delete, if the write fits the current state.
pub(crate) fn checked<'a>(
    resource: &str,
    key: &str,
    write: Write<'a>,
    current: Option<&Object>,
) -> Result<Option<&'a [u8]>> {
    let named = || label(resource, key);
    let (body, expected) = match (write, current) {
        (Write::Create(_), Some(_)) => return Err(StoreError::AlreadyExists(named())),
        (Write::Create(body), None) => return Ok(Some(body)),
        (_, None) => return Err(StoreError::Absent(named())),
        (Write::Update(body, expected), Some(_)) => (Some(body), expected),
        (Write::Delete(expected), Some(_)) => (None, expected),
    };
    match current {
        Some(object) if object.revision() != expected => Err(StoreError::Modified {
            key: named(),
            expected,
            current: object.clone(),
        }),
        _ => Ok(body),
    }
}

/// A body as it is stored under a revision.
pub(crate) fn numbered(body: &[u8], revision: Revision) -> Result<Object> {
    Ok(Object::parse(splice_revision(body, revision)?)?)
}

/// The object, if it is the one of the key.
pub(crate) fn named(object: Object, namespace: &str, name: &str) -> Result<Object> {
    if object.name() != name || object.namespace() != namespace {
        let found = key(object.namespace(), object.name());
        let wanted = key(namespace, name);
        let message = format!("the body is of {found}, not {wanted}");
        return Err(ObjectError::Malformed(message).into());
    }
    Ok(object)
}

/// The event a record stands for.
pub(crate) fn revive(state: &mut State, texts: &mut FieldTexts, record: &Record) -> Result<Event> {
    let resource = state.name(&record.resource);
    let table = state.table_mut(&resource);
    let next = match &record.value {
        Some(bytes) => Some(
            table
                .fields
                .version(Object::parse(bytes.as_slice())?.sharing(texts)),
        ),
        None => None,
    };
    let previous = table.get(&record.key).cloned();
    Ok(Event::new(
        record.revision,
        resource,
        record.key.as_str().into(),
        previous,
        next,
    ))
}
