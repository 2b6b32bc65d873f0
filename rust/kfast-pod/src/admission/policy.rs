//! The Pod Security Standards a namespace enforces, has violations of audited and warned of (plugin PodSecurity).

use crate::pod_security::{Finding, Level, details, evaluate};
use kfast_schema::Value;

/// A level as of a version, and how messages call it; `None` of `level` is `privileged`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standard {
    /// The level.
    pub level: Option<Level>,
    /// The minor version of Kubernetes, `u32::MAX` for the latest.
    pub minor: u32,
    /// `baseline:latest`, `restricted:v1.25`.
    pub text: String,
}

impl Standard {
    /// What in a pod or template is against it.
    #[must_use]
    pub fn evaluate(&self, pod: &Value<'_>) -> Vec<Finding> {
        self.level
            .map_or_else(Vec::new, |level| evaluate(level, self.minor, pod))
    }

    fn complaint(&self, pod: &Value<'_>, verb: &str) -> Option<String> {
        let findings = self.evaluate(pod);
        let text = || {
            format!(
                "{verb} PodSecurity \"{}\": {}",
                self.text,
                details(&findings)
            )
        };
        (!findings.is_empty()).then(text)
    }
}

/// The standards of a namespace in the three modes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// What violates it is refused.
    pub enforce: Standard,
    /// What violates it is noted.
    pub audit: Standard,
    /// Who violates it is told.
    pub warn: Standard,
}

/// What a policy says to a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Why it is refused.
    pub refused: Option<String>,
    /// What is to be noted.
    pub audit: Option<String>,
    /// What its creator is told, unless it is refused.
    pub warning: Option<String>,
}

impl Policy {
    /// The verdict on a pod.
    #[must_use]
    pub fn judge(&self, pod: &Value<'_>) -> Verdict {
        let refused = self.enforce.complaint(pod, "violates");
        let verdict = self.judge_template(pod);
        Verdict {
            warning: verdict.warning.filter(|_| refused.is_none()),
            refused,
            ..verdict
        }
    }

    /// The verdict on the pods that a template is for: they are not refused here.
    #[must_use]
    pub fn judge_template(&self, template: &Value<'_>) -> Verdict {
        Verdict {
            refused: None,
            audit: self.audit.complaint(template, "would violate"),
            warning: self.warn.complaint(template, "would violate"),
        }
    }
}
