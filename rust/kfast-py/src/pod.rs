//! `PodRules` and `TemplateRules`: what pods and pod templates are, on trees and for dicts that hold a template.

use crate::schema::PySchema;
use crate::tree::PyTree;
use crate::value::{from_py, to_py};
use kfast_pod as rules;
use kfast_pod::admission::Usage;
use kfast_schema::Value;
use kfast_schema::field::{Errors, Path};
use kfast_schema::model::Type;
use kfast_schema::validate::Violation;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::collections::BTreeMap;

/// (path, cause reason, message)
pub type Violated = (String, &'static str, String);

/// Adds the classes.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PodRules>()?;
    m.add_class::<TemplateRules>()
}

/// Violations as Python takes them.
pub fn violated(errors: Errors<'_>) -> Vec<Violated> {
    let tuple = |v: Violation| (v.path, v.reason, v.message);
    errors.found().into_iter().map(tuple).collect()
}

/// (amounts, (scope, value) pairs, containers that state no amount by resource)
pub type Used = (
    BTreeMap<String, String>,
    Vec<(&'static str, String)>,
    BTreeMap<&'static str, Vec<String>>,
);

/// Usage as Python takes it.
pub fn used(usage: Usage) -> Used {
    (usage.amounts, usage.scopes, usage.missing)
}

fn judged(tree: &PyTree, judge: impl FnOnce(&Value<'_>, &mut Errors<'_>)) -> Vec<Violated> {
    let mut errors = Errors::new(&tree.schema().set);
    judge(tree.value(), &mut errors);
    violated(errors)
}

/// The rules of pods.
#[pyclass(frozen, name = "PodRules", module = "kfast._native")]
struct PodRules;

#[pymethods]
impl PodRules {
    /// Fills in what upstream defaults.
    #[staticmethod]
    fn defaults(pod: &mut PyTree) {
        pod.change(rules::defaults::pod);
    }

    /// Sets the status of a new pod and what else upstream's strategy does; returns warnings.
    #[staticmethod]
    fn prepare_create(pod: &mut PyTree) -> Vec<String> {
        pod.change(rules::prepare_create)
    }

    /// Warnings about a new pod.
    #[staticmethod]
    fn warnings(pod: &PyTree) -> Vec<String> {
        rules::pod_warnings(pod.value())
    }

    /// Violations of a new pod, besides those of its metadata.
    #[staticmethod]
    fn validate_create(pod: &PyTree) -> Vec<Violated> {
        judged(pod, rules::validate_create)
    }

    /// Violations of an update, besides those of its metadata.
    #[staticmethod]
    fn validate_update(new: &PyTree, old: &PyTree) -> Vec<Violated> {
        judged(new, |new, errors| {
            rules::validate_update(new, old.value(), errors)
        })
    }

    /// Keeps what a write of the status leaves out.
    #[staticmethod]
    fn prepare_status(new: &mut PyTree, old: &PyTree) {
        new.change(|new| rules::prepare_status(new, old.value()));
    }

    /// Violations of a write of the status, besides those of its metadata.
    #[staticmethod]
    fn validate_status(new: &PyTree, old: &PyTree) -> Vec<Violated> {
        judged(new, |new, errors| {
            rules::validate_status(new, old.value(), errors)
        })
    }

    /// Warnings about a write of the status.
    #[staticmethod]
    fn status_warnings(new: &PyTree) -> Vec<String> {
        rules::status_warnings(new.value())
    }

    /// The pod a write to the ephemeralcontainers subresource leaves.
    #[staticmethod]
    fn prepare_ephemeral(py: Python<'_>, new: &PyTree, old: &PyTree) -> PyTree {
        let merged = rules::prepare_ephemeral(new.value(), old.value());
        new.sibling(py, merged.into_owned())
    }

    /// Violations of a write to the ephemeralcontainers subresource.
    #[staticmethod]
    fn validate_ephemeral(new: &PyTree, old: &PyTree) -> Vec<Violated> {
        judged(new, |new, errors| {
            rules::validate_ephemeral(new, old.value(), errors)
        })
    }

    /// The pod a write to the resize subresource leaves.
    #[staticmethod]
    fn prepare_resize(py: Python<'_>, new: &PyTree, old: &PyTree) -> PyTree {
        let merged = rules::prepare_resize(new.value(), old.value());
        new.sibling(py, merged.into_owned())
    }

    /// Violations of a write to the resize subresource.
    #[staticmethod]
    fn validate_resize(new: &PyTree, old: &PyTree) -> Vec<Violated> {
        judged(new, |new, errors| {
            rules::validate_resize(new, old.value(), errors)
        })
    }

    /// What a pod asks for while it runs, by resource.
    #[staticmethod]
    fn requests(pod: &PyTree) -> BTreeMap<String, String> {
        rules::requests(pod.value())
    }

    /// What a pod takes from quotas: (amounts, (scope, value) pairs, containers that state no amount by resource).
    /// `over`: its grace period has passed.
    #[staticmethod]
    fn usage(pod: &PyTree, over: bool) -> Used {
        used(rules::admission::usage(pod.value(), over))
    }

    /// The quality-of-service class of a pod.
    #[staticmethod]
    fn qos_class(pod: &PyTree) -> &'static str {
        let spec = pod.value().get(kfast_schema::names::SPEC);
        rules::qos::class(spec.unwrap_or(&Value::Null))
    }
}

/// The rules of the pod templates of workloads, given as dicts.
#[pyclass(frozen, name = "TemplateRules", module = "kfast._native")]
struct TemplateRules {
    schema: Py<PySchema>,
    template: Type,
    claim: Type,
    volume: Type,
    affinity: Type,
}

#[pymethods]
impl TemplateRules {
    #[new]
    fn new(schema: Py<PySchema>) -> PyResult<Self> {
        let named = |name: &str| {
            let missing = || PyValueError::new_err(format!("the schema has no {name}"));
            let found = schema
                .get()
                .set
                .named(&format!("io.k8s.api.core.v1.{name}"));
            found.map(Type::Struct).ok_or_else(missing)
        };
        Ok(Self {
            template: named("PodTemplateSpec")?,
            claim: named("PersistentVolumeClaimSpec")?,
            volume: named("PersistentVolumeSpec")?,
            affinity: named("NodeAffinity")?,
            schema,
        })
    }

    /// The template with defaults filled in, without what is behind feature gates that are off.
    fn defaults<'py>(&self, template: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.changed(&self.template, template, |value| {
            rules::defaults::template(value)
        })
    }

    /// The spec of a persistent volume claim with defaults filled in.
    fn claim_defaults<'py>(&self, spec: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.changed(&self.claim, spec, |value| {
            rules::defaults::claim_spec(value)
        })
    }

    /// The spec of a persistent volume with the defaults of its source filled in.
    fn volume_defaults<'py>(&self, spec: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.changed(&self.volume, spec, |value| {
            rules::defaults::disk_source(value)
        })
    }

    /// Violations of a template at the path; what the old one has, an update may keep.
    #[pyo3(signature = (template, path, old = None))]
    fn validate(
        &self,
        template: &Bound<'_, PyAny>,
        path: &str,
        old: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Vec<Violated>> {
        let template = self.read(&self.template, template)?;
        let old = old.map(|old| self.read(&self.template, old)).transpose()?;
        let mut errors = Errors::new(&self.schema.get().set);
        let path = Path::Field(&Path::Root, path);
        rules::validate_template(&template, old.as_ref(), &path, &mut errors);
        Ok(violated(errors))
    }

    /// Violations of a node affinity at the path.
    fn validate_node_affinity(
        &self,
        affinity: &Bound<'_, PyAny>,
        path: &str,
    ) -> PyResult<Vec<Violated>> {
        let affinity = self.read(&self.affinity, affinity)?;
        let mut errors = Errors::new(&self.schema.get().set);
        let path = Path::Field(&Path::Root, path);
        rules::validate_node_affinity(&affinity, false, &path, &mut errors);
        Ok(violated(errors))
    }

    /// Warnings about a name that pods' host names are made of.
    #[staticmethod]
    fn name_warnings(name: &str, used: &str) -> Vec<String> {
        rules::name_warnings(name, used)
    }

    /// Warnings about a template at the path.
    fn warnings(&self, template: &Bound<'_, PyAny>, path: &str) -> PyResult<Vec<String>> {
        let template = self.read(&self.template, template)?;
        Ok(rules::template_warnings(
            &template,
            &Path::Field(&Path::Root, path),
        ))
    }
}

impl TemplateRules {
    fn read(&self, ty: &Type, object: &Bound<'_, PyAny>) -> PyResult<Value<'static>> {
        from_py(&self.schema.get().set, ty, object)
    }

    fn changed<'py>(
        &self,
        ty: &Type,
        object: &Bound<'py, PyAny>,
        change: impl FnOnce(&mut Value<'static>),
    ) -> PyResult<Bound<'py, PyAny>> {
        let mut value = self.read(ty, object)?;
        change(&mut value);
        to_py(object.py(), &self.schema.get().names, &value)
    }
}
