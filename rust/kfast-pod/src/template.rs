//! Pod templates (core/validation `ValidatePodTemplateSpec`).

use crate::scope::{Scope, Tolerated};
use crate::update::tolerated;
use crate::{annotations, spec, warnings};
use kfast_schema::Value;
use kfast_schema::field::{Errors, Path};
use kfast_schema::metadata::{validate_annotations, validate_labels};
use kfast_schema::names as n;

/// The rules of a template, defaults filled in; what the old one may keep, an update may.
pub fn validate_template(
    template: &Value<'_>,
    old: Option<&Value<'_>>,
    path: &Path<'_>,
    errors: &mut Errors<'_>,
) {
    let metadata = template.get(n::METADATA).unwrap_or(&Value::Null);
    let spec = template.get(n::SPEC).unwrap_or(&Value::Null);
    let mut scope = Scope::new(spec, None);
    scope.tolerated = old.map_or_else(Tolerated::default, tolerated);
    if let Some(labels) = metadata.get(n::LABELS) {
        validate_labels(labels, &path.child(n::LABELS), errors);
    }
    if let Some(annotations) = metadata.get(n::ANNOTATIONS) {
        let at = path.child(n::ANNOTATIONS);
        validate_annotations(annotations, &at, errors);
        annotations::validate(annotations, &scope, &at, errors);
    }
    let at = path.child(n::SPEC);
    spec::validate(&mut scope, &at, errors);
    let annotations = metadata.get(n::ANNOTATIONS).unwrap_or(&Value::Null);
    annotations::agree(annotations, spec, &at, errors);
    if !spec.list(n::EPHEMERAL_CONTAINERS).is_empty() {
        let detail = "ephemeral containers not allowed in pod template";
        errors.forbidden(&at.child(n::EPHEMERAL_CONTAINERS), detail);
    }
}

/// Warnings about a template at the path.
#[must_use]
pub fn template_warnings(template: &Value<'_>, path: &Path<'_>) -> Vec<String> {
    warnings::of_spec(template, path, true)
}
