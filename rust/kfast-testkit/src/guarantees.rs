//! What a watch promises, one promise and one check each. The texts of the errors are the promises.

use kfast_core::Revision;
use kfast_store::EventKind;

/// One event as a watch handed it out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The revision of the write.
    pub revision: Revision,
    /// What it was.
    pub kind: EventKind,
    /// The bytes of the object.
    pub object: Vec<u8>,
}

/// What one watch handed out, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observation {
    /// An event.
    Event(Seen),
    /// `Watch::revision` at this point.
    Bookmark(Revision),
    /// The watch was given up and opened again at this revision.
    Resumed(Revision),
}

/// A broken promise and where it shows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// See text.
    #[error("ordered: events come in order of revision; {1} came after {0}")]
    Ordered(Revision, Revision),
    /// See text.
    #[error("unique: no event comes twice; {0} did")]
    Unique(Revision),
    /// See text.
    #[error("atomic: an event carries the state its write made, whole; {0} does not")]
    Atomic(Revision),
    /// See text.
    #[error("reliable: no event between two that came is left out; {0} was")]
    Reliable(Revision),
    /// See text.
    #[error(
        "resumable: a watch goes on exactly behind the revision given; resumed at {0}, {1} came or is missing"
    )]
    Resumable(Revision, Revision),
    /// See text.
    #[error(
        "bookmarkable: nothing up to a bookmark comes after it or is missing before it; bookmark {0}, event {1}"
    )]
    Bookmarkable(Revision, Revision),
}

fn events(observed: &[Observation]) -> impl Iterator<Item = &Seen> {
    observed.iter().filter_map(|o| match o {
        Observation::Event(seen) => Some(seen),
        _ => None,
    })
}

/// Events come in order of revision.
///
/// # Errors
/// `Ordered`.
pub fn ordered(observed: &[Observation]) -> Result<(), Broken> {
    let all: Vec<_> = events(observed).map(|e| e.revision).collect();
    match all.windows(2).find(|pair| pair[0] > pair[1]) {
        Some(pair) => Err(Broken::Ordered(pair[0], pair[1])),
        None => Ok(()),
    }
}

/// No event comes twice.
///
/// # Errors
/// `Unique`.
pub fn unique(observed: &[Observation]) -> Result<(), Broken> {
    let mut all: Vec<_> = events(observed).map(|e| e.revision).collect();
    all.sort_unstable();
    match all.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Broken::Unique(pair[0])),
        None => Ok(()),
    }
}

/// An event carries the whole state its write made; `truth` are the writes as the watch's selectors see them.
///
/// # Errors
/// `Atomic`.
pub fn atomic(observed: &[Observation], truth: &[Seen]) -> Result<(), Broken> {
    match events(observed).find(|seen| !truth.contains(seen)) {
        Some(seen) => Err(Broken::Atomic(seen.revision)),
        None => Ok(()),
    }
}

/// No event between two that came is left out.
///
/// # Errors
/// `Reliable`.
pub fn reliable(observed: &[Observation], truth: &[Seen]) -> Result<(), Broken> {
    let came: Vec<_> = events(observed).map(|e| e.revision).collect();
    let (Some(first), Some(last)) = (came.iter().min(), came.iter().max()) else {
        return Ok(());
    };
    let between = |e: &&Seen| e.revision >= *first && e.revision <= *last;
    match truth
        .iter()
        .filter(between)
        .find(|e| !came.contains(&e.revision))
    {
        Some(left_out) => Err(Broken::Reliable(left_out.revision)),
        None => Ok(()),
    }
}

/// The first event after a resumption is the first true one behind its revision.
///
/// # Errors
/// `Resumable`.
pub fn resumable(observed: &[Observation], truth: &[Seen]) -> Result<(), Broken> {
    for (i, observation) in observed.iter().enumerate() {
        let Observation::Resumed(at) = observation else {
            continue;
        };
        let Some(came) = events(&observed[i..]).next() else {
            continue;
        };
        let due = truth.iter().find(|e| e.revision > *at);
        if due.map(|e| e.revision) != Some(came.revision) {
            return Err(Broken::Resumable(*at, came.revision));
        }
    }
    Ok(())
}

/// All events up to a bookmark came before it, none after.
///
/// # Errors
/// `Bookmarkable`.
pub fn bookmarkable(
    observed: &[Observation],
    since: Revision,
    truth: &[Seen],
) -> Result<(), Broken> {
    for (i, observation) in observed.iter().enumerate() {
        let Observation::Bookmark(at) = observation else {
            continue;
        };
        if let Some(late) = events(&observed[i..]).find(|e| e.revision <= *at) {
            return Err(Broken::Bookmarkable(*at, late.revision));
        }
        let before: Vec<_> = events(&observed[..i]).map(|e| e.revision).collect();
        let due = |e: &&Seen| e.revision > since && e.revision <= *at;
        if let Some(missing) = truth
            .iter()
            .filter(due)
            .find(|e| !before.contains(&e.revision))
        {
            return Err(Broken::Bookmarkable(*at, missing.revision));
        }
    }
    Ok(())
}

/// All promises of a watch opened at `since`.
///
/// # Errors
/// The first broken one.
pub fn all(observed: &[Observation], since: Revision, truth: &[Seen]) -> Result<(), Broken> {
    ordered(observed)?;
    unique(observed)?;
    atomic(observed, truth)?;
    reliable(observed, truth)?;
    resumable(observed, truth)?;
    bookmarkable(observed, since, truth)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(revision: Revision) -> Seen {
        Seen {
            revision,
            kind: EventKind::Added,
            object: revision.to_string().into_bytes(),
        }
    }

    fn event(revision: Revision) -> Observation {
        Observation::Event(seen(revision))
    }

    #[test]
    fn each_check_finds_what_it_is_named_for() {
        use Observation::{Bookmark, Resumed};
        let truth: Vec<Seen> = (2..=6).map(seen).collect();
        let good = [
            event(3),
            Bookmark(3),
            event(4),
            Resumed(4),
            event(5),
            event(6),
            Bookmark(9),
        ];
        assert_eq!(all(&good, 2, &truth), Ok(()));
        assert_eq!(ordered(&[event(4), event(3)]), Err(Broken::Ordered(4, 3)));
        assert_eq!(
            unique(&[event(3), event(4), event(3)]),
            Err(Broken::Unique(3))
        );
        let mut half = seen(3);
        half.object.clear();
        let half = [Observation::Event(half)];
        assert_eq!(atomic(&half, &truth), Err(Broken::Atomic(3)));
        assert_eq!(
            reliable(&[event(3), event(5)], &truth),
            Err(Broken::Reliable(4))
        );
        let gap = [event(3), Resumed(3), event(5)];
        assert_eq!(resumable(&gap, &truth), Err(Broken::Resumable(3, 5)));
        let again = [event(3), Resumed(3), event(3)];
        assert_eq!(resumable(&again, &truth), Err(Broken::Resumable(3, 3)));
        let late = [event(3), Bookmark(4), event(4)];
        assert_eq!(
            bookmarkable(&late, 2, &truth),
            Err(Broken::Bookmarkable(4, 4))
        );
        let early = [event(3), Bookmark(4)];
        assert_eq!(
            bookmarkable(&early, 2, &truth),
            Err(Broken::Bookmarkable(4, 4))
        );
    }
}
