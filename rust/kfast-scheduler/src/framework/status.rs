//! Verdicts of plugins.

use crate::model::{ResourceId, ResourceNames};
use smallvec::SmallVec;

/// How final a rejection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// Removing pods might help.
    Unschedulable,
    /// Removing pods cannot help.
    UnschedulableAndUnresolvable,
}

impl Code {
    /// Upstream's name of the code.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unschedulable => "Unschedulable",
            Self::UnschedulableAndUnresolvable => "UnschedulableAndUnresolvable",
        }
    }
}

/// One reason as messages count it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// A fixed text.
    Text(&'static str),
    /// `Insufficient <resource>`.
    Insufficient(ResourceId),
    /// A text made for the occasion.
    Made(Box<str>),
}

impl Reason {
    /// The text users see.
    #[must_use]
    pub fn text(&self, names: &ResourceNames) -> String {
        match self {
            Self::Text(text) => (*text).to_owned(),
            Self::Insufficient(id) => format!("Insufficient {}", names.name(*id)),
            Self::Made(text) => text.to_string(),
        }
    }
}

/// All reasons of one rejection.
pub type Reasons = SmallVec<[Reason; 1]>;

/// Why a plugin rejects a pod on a node, or altogether.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rejection {
    /// The plugin.
    pub plugin: &'static str,
    /// How final it is.
    pub code: Code,
    /// Reasons in the plugin's order.
    pub reasons: Reasons,
}

impl Rejection {
    /// A rejection that other pods' leaving may lift.
    #[must_use]
    pub fn unschedulable(plugin: &'static str, reason: &'static str) -> Self {
        Self::new(plugin, Code::Unschedulable, reason)
    }

    /// A rejection that no other pod's leaving lifts.
    #[must_use]
    pub fn unresolvable(plugin: &'static str, reason: &'static str) -> Self {
        Self::new(plugin, Code::UnschedulableAndUnresolvable, reason)
    }

    /// An unresolvable rejection in words made for the occasion.
    #[must_use]
    pub fn made(plugin: &'static str, reason: &str) -> Self {
        Self {
            plugin,
            code: Code::UnschedulableAndUnresolvable,
            reasons: SmallVec::from_iter([Reason::Made(reason.into())]),
        }
    }

    fn new(plugin: &'static str, code: Code, reason: &'static str) -> Self {
        Self {
            plugin,
            code,
            reasons: SmallVec::from_iter([Reason::Text(reason)]),
        }
    }
}
