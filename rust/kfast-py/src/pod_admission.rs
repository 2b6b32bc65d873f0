//! `PodAdmission`: what the plugins that the core knows do to the new pods of a namespace.

use crate::new_bodies;
use crate::object::PyObjectHandle;
use crate::pod::{Used, Violated, used};
use crate::schema::PySchema;
use crate::tree::PyTree;
use crate::value::from_py;
use kfast_pod as rules;
use kfast_pod::admission::{Account, Admission, LimitRange, Policy, Standard, Verdict};
use kfast_pod::pod_security::{Level, details};
use kfast_schema::metadata::Creation;
use kfast_schema::model::Type;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};
use std::collections::BTreeMap;

/// Adds the class.
pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PodAdmission>()?;
    m.add_class::<PodStandard>()
}

/// A level of the Pod Security Standards as of a version.
#[pyclass(
    frozen,
    name = "PodStandard",
    module = "kfast._native",
    skip_from_py_object
)]
#[derive(Clone)]
struct PodStandard(Standard);

#[pymethods]
impl PodStandard {
    /// `level` is privileged, baseline or restricted, `version` latest or v1.N. ValueError if not.
    #[new]
    fn new(level: &str, version: &str) -> PyResult<Self> {
        let unknown =
            || PyValueError::new_err(format!("no Pod Security level {level:?} as of {version:?}"));
        let minor = match version.strip_prefix("v1.") {
            _ if version == "latest" => u32::MAX,
            Some(minor) => minor.parse().map_err(|_| unknown())?,
            None => return Err(unknown()),
        };
        let level_of = match level {
            "privileged" => None,
            "baseline" => Some(Level::Baseline),
            "restricted" => Some(Level::Restricted),
            _ => return Err(unknown()),
        };
        Ok(Self(Standard {
            level: level_of,
            minor,
            text: format!("{level}:{version}"),
        }))
    }

    /// What in a pod is against it: the reasons alone, and with details; empty if nothing is.
    fn evaluate(&self, pod: &PyTree) -> (String, String) {
        let findings = self.0.evaluate(pod.value());
        let reasons: Vec<&str> = findings.iter().map(|f| f.reason.as_str()).collect();
        (reasons.join(", "), details(&findings))
    }

    fn __str__(&self) -> &str {
        &self.0.text
    }
}

/// (why it is refused and whether before its rules are looked at, for the audit log, what it takes from quotas)
type Admitted = (Option<(bool, String)>, Option<String>, Option<Used>);

/// A pod to be stored, or what is wrong with it.
#[derive(IntoPyObject)]
struct PreparedPod(
    String,
    bool,
    Py<PyBytes>,
    Vec<String>,
    Vec<Violated>,
    Admitted,
);

/// What is known of a namespace, for the plugins that run. Immutable.
#[pyclass(frozen, name = "PodAdmission", module = "kfast._native")]
struct PodAdmission(Admission);

#[pymethods]
impl PodAdmission {
    /// `accounts` None: ServiceAccount does not run. `policy`: the standards that are enforced, audited and warned of.
    #[new]
    #[pyo3(signature = (*, limits, accounts, policy, priority, toleration_seconds, quotas))]
    fn new(
        limits: Vec<PyRef<'_, PyObjectHandle>>,
        accounts: Option<Vec<PyRef<'_, PyObjectHandle>>>,
        policy: Option<(
            PyRef<'_, PodStandard>,
            PyRef<'_, PodStandard>,
            PyRef<'_, PodStandard>,
        )>,
        priority: bool,
        toleration_seconds: Option<i64>,
        quotas: bool,
    ) -> PyResult<Self> {
        let malformed = |error: serde_json::Error| PyValueError::new_err(error.to_string());
        let limits = limits.iter().map(|range| LimitRange::parse(range.0.spec()));
        let account = |found: &PyRef<'_, PyObjectHandle>| {
            let account = Account::parse(found.0.slim())?;
            Ok((account.name().to_owned(), account))
        };
        let accounts = accounts.map(|known| known.iter().map(account).collect::<Result<_, _>>());
        let policy = policy.map_or_else(Policy::default, |(enforce, audit, warn)| Policy {
            enforce: enforce.0.clone(),
            audit: audit.0.clone(),
            warn: warn.0.clone(),
        });
        Ok(Self(Admission {
            limits: limits.collect::<Result<_, _>>().map_err(malformed)?,
            accounts: accounts.transpose().map_err(malformed)?,
            policy,
            priority,
            toleration_seconds,
            quotas,
        }))
    }

    /// Creates between the bodies and the store: for each body (name, whether it was generated, canonical bytes,
    /// warnings, violations, what the plugins say), or None for a body that is to be refused as a whole, or that plugins
    /// have to look at. A body takes its uid and the ending of a generated name from the other lists; `manager` is the
    /// field manager.
    #[pyo3(
        signature = (schema, *new),
        text_signature = "($self, schema, bodies, media_type, validation, namespace, timestamp, uids, suffixes, manager)"
    )]
    fn prepare(
        &self,
        py: Python<'_>,
        schema: &Bound<'_, PySchema>,
        new: &Bound<'_, PyTuple>,
    ) -> PyResult<Vec<Option<PreparedPod>>> {
        let set = &schema.get().set;
        let prepared = new_bodies::prepare(py, new, |new| {
            let creation = Creation {
                namespace: Some(new.namespace),
                uid: new.uid,
                timestamp: new.timestamp,
                generation: true,
                drops_status: true,
            };
            let pod = rules::NewPod {
                body: new.body,
                media: new.media,
                validation: new.validation,
                creation,
                suffix: new.suffix,
                manager: new.manager,
            };
            rules::prepare(set, &self.0, &pod).ok()
        })?;
        let tuple = |p: rules::Prepared| {
            let bytes = PyBytes::new(py, &p.bytes).unbind();
            let violations = p
                .violations
                .into_iter()
                .map(|v| (v.path, v.reason, v.message));
            let admitted = (p.refused, p.audit, p.usage.map(used));
            PreparedPod(
                p.name,
                p.generated,
                bytes,
                p.warnings,
                violations.collect(),
                admitted,
            )
        };
        Ok(prepared.into_iter().map(|p| p.map(tuple)).collect())
    }

    /// LimitRanger: fills in what the containers of a pod do not ask for.
    fn fill_limits(&self, pod: &mut PyTree) {
        pod.change(|pod| self.0.fill_limits(pod));
    }

    /// LimitRanger: what the pod violates, if anything.
    fn check_limits(&self, pod: &PyTree) -> Option<String> {
        self.0
            .limits
            .iter()
            .find_map(|range| range.check(pod.value()).err())
    }

    /// LimitRanger: what the requests of a volume claim violate, if anything.
    fn check_claim(&self, requests: BTreeMap<String, String>) -> Option<String> {
        let check = |range: &LimitRange| {
            let requests = requests
                .iter()
                .map(|(name, amount)| (name.as_str(), amount.as_str()));
            range.check_claim(requests).err()
        };
        self.0.limits.iter().find_map(check)
    }

    /// ServiceAccount: gives the pod what it has of the account.
    #[staticmethod]
    fn give_account(pod: &mut PyTree, account: &PyObjectHandle, suffix: &str) -> PyResult<()> {
        let account = parse(account)?;
        pod.change(|pod| rules::admission::complete_account(pod, &account, suffix));
        Ok(())
    }

    /// ServiceAccount: why the pod may not run as the account, if so.
    #[staticmethod]
    fn check_account(pod: &PyTree, account: &PyObjectHandle) -> PyResult<Option<String>> {
        Ok(rules::admission::check_account(pod.value(), &parse(account)?).err())
    }

    /// ServiceAccount: why the mirror pod is refused, if so.
    #[staticmethod]
    fn check_mirror(pod: &PyTree) -> Option<String> {
        rules::admission::check_mirror(pod.value()).err()
    }

    /// PodSecurity: (why it is refused, for the audit log, a warning).
    fn judge(&self, pod: &PyTree) -> (Option<String>, Option<String>, Option<String>) {
        said(self.0.policy.judge(pod.value()))
    }

    /// PodSecurity: the same of a template, given as a dict, which nobody refuses.
    fn judge_template(
        &self,
        schema: &Bound<'_, PySchema>,
        template: &Bound<'_, PyAny>,
    ) -> PyResult<(Option<String>, Option<String>, Option<String>)> {
        let set = &schema.get().set;
        let missing = || PyValueError::new_err("the schema has no PodTemplateSpec");
        let id = set
            .named("io.k8s.api.core.v1.PodTemplateSpec")
            .ok_or_else(missing)?;
        let template = from_py(set, &Type::Struct(id), template)?;
        Ok(said(self.0.policy.judge_template(&template)))
    }
}

fn said(verdict: Verdict) -> (Option<String>, Option<String>, Option<String>) {
    (verdict.refused, verdict.audit, verdict.warning)
}

fn parse(account: &PyObjectHandle) -> PyResult<Account> {
    let malformed = |error: serde_json::Error| PyValueError::new_err(error.to_string());
    Account::parse(account.0.slim()).map_err(malformed)
}
