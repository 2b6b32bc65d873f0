//! What an expression asks the caller's authorizer.

use crate::types::Opaque;
use std::fmt;
use std::sync::Arc;

/// Answers questions of expressions.
pub trait Authorizer: Send + Sync {
    /// Whether the check's subject may do `verb`.
    fn authorize(&self, check: &Check, verb: &str) -> Decision;
}

/// An authorizer's answer.
#[derive(Clone, Debug, Default)]
pub struct Decision {
    /// Whether it is allowed.
    pub allowed: bool,
    /// Why, if it is said.
    pub reason: String,
    /// What went wrong, empty if nothing did.
    pub error: String,
}

/// Who is asked about.
#[derive(Clone, Debug)]
pub enum Subject {
    /// The one who sent the request.
    Requester,
    /// A service account.
    ServiceAccount {
        /// Its namespace.
        namespace: Arc<str>,
        /// Its name.
        name: Arc<str>,
    },
}

/// A question as an expression puts it together; just the authorizer at first.
#[derive(Clone)]
pub struct Check {
    /// Who answers.
    pub authorizer: Arc<dyn Authorizer>,
    /// Who is asked about.
    pub subject: Subject,
    /// The path, of questions about paths.
    pub path: Option<Arc<str>>,
    /// The API group, of questions about resources.
    pub group: Option<Arc<str>>,
    /// The resource.
    pub resource: Option<Arc<str>>,
    /// The subresource, empty if none.
    pub subresource: Arc<str>,
    /// The namespace, empty if none.
    pub namespace: Arc<str>,
    /// The object's name, empty if none.
    pub name: Arc<str>,
    /// The field selector, empty if none.
    pub field_selector: Arc<str>,
    /// The label selector, empty if none.
    pub label_selector: Arc<str>,
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check")
            .field("subject", &self.subject)
            .field("path", &self.path)
            .field("group", &self.group)
            .field("resource", &self.resource)
            .finish_non_exhaustive()
    }
}

impl Check {
    /// The variable `authorizer`.
    #[must_use]
    pub fn new(authorizer: Arc<dyn Authorizer>) -> Self {
        let empty: Arc<str> = Arc::from("");
        Self {
            authorizer,
            subject: Subject::Requester,
            path: None,
            group: None,
            resource: None,
            subresource: empty.clone(),
            namespace: empty.clone(),
            name: empty.clone(),
            field_selector: empty.clone(),
            label_selector: empty,
        }
    }

    pub(crate) fn kind(&self) -> Opaque {
        match (&self.path, &self.group, &self.resource) {
            (Some(_), ..) => Opaque::PathCheck,
            (_, _, Some(_)) => Opaque::ResourceCheck,
            (_, Some(_), _) => Opaque::GroupCheck,
            _ => Opaque::Authorizer,
        }
    }
}
