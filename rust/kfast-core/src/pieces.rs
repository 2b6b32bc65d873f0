//! The JSON of an object whose managers' fields are kept apart from it.

use crate::field_texts::FieldTexts;
use crate::managed::fields_of_managers;
use std::ops::Range;
use std::sync::Arc;

/// The fields of a manager, as other objects have them, too.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    /// Which entry of `metadata.managedFields` they are of.
    entry: u32,
    /// Where their `{}` stands.
    at: u32,
    text: Arc<[u8]>,
}

/// What stands for a shared text.
const HOLE: &[u8] = b"{}";

/// The JSON of an object, in pieces: together they are all of it.
#[derive(Clone, Debug)]
pub struct Pieces<'a> {
    slim: &'a [u8],
    /// Where `slim` starts in the whole of it.
    from: usize,
    shared: &'a [Shared],
    text: Option<&'a [u8]>,
}

impl<'a> Pieces<'a> {
    /// From a place in `slim` before any hole.
    pub(crate) fn new(slim: &'a [u8], shared: &'a [Shared], from: usize) -> Self {
        Self {
            slim: &slim[from..],
            from,
            shared,
            text: None,
        }
    }

    /// Bytes to come.
    #[must_use]
    pub fn total(&self) -> usize {
        let shared = self.shared.iter().map(|s| s.text.len() - HOLE.len());
        self.text.map_or(0, <[u8]>::len) + self.slim.len() + shared.sum::<usize>()
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if let Some(text) = self.text.take() {
            return Some(text);
        }
        let Some((next, later)) = self.shared.split_first() else {
            let rest = std::mem::take(&mut self.slim);
            return (!rest.is_empty()).then_some(rest);
        };
        let (before, after) = self.slim.split_at(next.at as usize - self.from);
        self.slim = &after[HOLE.len()..];
        self.from = next.at as usize + HOLE.len();
        self.shared = later;
        self.text = Some(&next.text);
        Some(before)
    }
}

impl Shared {
    #[cfg(test)]
    pub(crate) fn text(&self) -> &Arc<[u8]> {
        &self.text
    }
}

/// JSON with `{}` in the place of what managers own, and that.
pub(crate) type Apart = (Box<[u8]>, Box<[Shared]>);

/// Keeps what managers own apart; `None` if nothing is worth it.
pub(crate) fn apart(whole: &[u8], texts: &mut FieldTexts) -> Option<Apart> {
    let mut slim = Vec::new();
    let mut shared = Vec::new();
    let mut from = 0;
    fields_of_managers(whole, |entry, place| {
        if place.len() < FieldTexts::WORTH {
            return;
        }
        if slim.is_empty() {
            slim.reserve_exact(whole.len() - place.len() + HOLE.len());
        }
        slim.extend_from_slice(&whole[from..place.start]);
        shared.push(Shared {
            entry: offset(entry),
            at: offset(slim.len()),
            text: texts.share(&whole[place.clone()]),
        });
        slim.extend_from_slice(HOLE);
        from = place.end;
    });
    if shared.is_empty() {
        return None;
    }
    slim.extend_from_slice(&whole[from..]);
    Some((slim.into(), shared.into()))
}

/// Where a place of the whole JSON, in no shared text, is in the slim one.
pub(crate) fn in_slim(shared: &[Shared], at: u32) -> u32 {
    shared.iter().fold(at, |at, text| match at > text.at {
        true => at - offset(text.text.len() - HOLE.len()),
        false => at,
    })
}

/// Finds the holes again in other JSON with the same managers.
pub(crate) fn find_holes(shared: &mut [Shared], slim: &[u8]) {
    if shared.is_empty() {
        return;
    }
    fields_of_managers(slim, |entry, place| {
        if let Some(shared) = shared.iter_mut().find(|s| s.entry as usize == entry) {
            shared.at = offset(place.start);
        }
    });
}

/// Takes the holes to where `moved` says their places are.
pub(crate) fn move_holes(shared: &mut [Shared], moved: impl Fn(&Range<u32>) -> Range<u32>) {
    for shared in shared {
        shared.at = moved(&(shared.at..shared.at + HOLE.len() as u32)).start;
    }
}

/// As places are kept.
pub(crate) fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
