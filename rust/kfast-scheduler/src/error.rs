//! What the scheduler cannot read.

/// An object is no pod or node, or a profile cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SchedulerError {
    /// The JSON does not have the shape of the kind.
    #[error("{kind} {namespace}/{name}: {cause}")]
    Malformed {
        /// `Pod` or `Node`.
        kind: &'static str,
        /// Namespace of the object.
        namespace: String,
        /// Name of the object.
        name: String,
        /// What the decoder met.
        cause: String,
    },
    /// A profile cannot be made.
    #[error("profile {profile}: {cause}")]
    Profile {
        /// Its `schedulerName`.
        profile: String,
        /// What is wrong.
        cause: String,
    },
}

impl SchedulerError {
    pub(crate) fn malformed(
        kind: &'static str,
        object: &kfast_core::Object,
        cause: &dyn std::fmt::Display,
    ) -> Self {
        Self::Malformed {
            kind,
            namespace: object.namespace().to_owned(),
            name: object.name().to_owned(),
            cause: cause.to_string(),
        }
    }
}
