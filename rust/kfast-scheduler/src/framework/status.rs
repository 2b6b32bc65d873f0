//! Verdicts of plugins.

use crate::model::volumes::Fault;
use crate::model::{ResourceId, ResourceNames};
use smallvec::SmallVec;

/// How final a rejection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// Removing pods might help.
    Unschedulable,
    /// Removing pods cannot help.
    UnschedulableAndUnresolvable,
    /// Something went wrong: nothing is known of the pod.
    Error,
}

impl Code {
    /// Upstream's name of the code.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unschedulable => "Unschedulable",
            Self::UnschedulableAndUnresolvable => "UnschedulableAndUnresolvable",
            Self::Error => "Error",
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
        Self::with(plugin, Code::UnschedulableAndUnresolvable, reason)
    }

    /// What went wrong in a plugin.
    #[must_use]
    pub fn error(plugin: &'static str, text: &str) -> Self {
        Self::with(plugin, Code::Error, text)
    }

    /// The same for a fault of a pod's claims; most are states of the cluster that other objects may lift.
    #[must_use]
    pub fn of_fault(plugin: &'static str, fault: &Fault) -> Self {
        if fault.error {
            Self::error(plugin, &fault.text)
        } else {
            Self::made(plugin, &fault.text)
        }
    }

    fn with(plugin: &'static str, code: Code, text: &str) -> Self {
        Self {
            plugin,
            code,
            reasons: SmallVec::from_iter([Reason::Made(text.into())]),
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
