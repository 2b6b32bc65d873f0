//! A whole create between the body and the store, in one go: for pods that nobody else has a say in.

use crate::create::{prepare_create, validate_create};
use crate::defaults;
use crate::warnings::pod_warnings;
use kfast_schema::apply::Kind;
use kfast_schema::field::Errors;
use kfast_schema::metadata::{self, Creation, NameRule, Refused};
use kfast_schema::names as n;
use kfast_schema::validate::Violation;
use kfast_schema::{DecodeError, MediaType, NameId, SchemaSet, Source, Validation, Value};

const KEY: &str = "v1/Pod";
const PRIORITY: [NameId; 3] = [n::PRIORITY_CLASS_NAME, n::PRIORITY, n::PREEMPTION_POLICY];

/// A body and what the system adds to it.
#[derive(Clone, Copy, Debug)]
pub struct NewPod<'r> {
    /// The body.
    pub body: &'r [u8],
    /// Its format.
    pub media: MediaType,
    /// What to do about unknown fields.
    pub validation: Validation,
    /// What the system writes into the metadata.
    pub creation: Creation<'r>,
    /// Ends the name of a pod that states a prefix only.
    pub suffix: &'r str,
    /// The field manager.
    pub manager: &'r str,
}

/// A pod as it is to be stored, or why it is not.
#[derive(Debug)]
pub struct Prepared {
    /// Its name.
    pub name: String,
    /// Whether the name is made of a prefix, so that another one will do as well.
    pub generated: bool,
    /// The canonical JSON; empty if there are violations.
    pub bytes: Vec<u8>,
    /// Unknown fields, owners stated twice, and what else is to be told.
    pub warnings: Vec<String>,
    /// What is wrong with it.
    pub violations: Vec<Violation>,
}

/// Why a body is no pod to be created.
#[derive(Debug, thiserror::Error)]
pub enum Unprepared {
    /// It cannot be read.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// It says that it is something else.
    #[error("the body is of another kind or version")]
    OtherKind,
    /// It states managed fields, which take more than its own rules.
    #[error("the body states managed fields")]
    Tracked,
    /// It states its priority, which takes the priority classes.
    #[error("the body states a priority or its class")]
    Prioritized,
    /// Its metadata is out of the question.
    #[error(transparent)]
    Refused(#[from] Refused),
}

/// Reads, completes and judges a pod, with the priority that the Priority plugin gives where there is neither a class nor
/// a global default.
///
/// # Errors
/// If there is no pod to be judged.
pub fn prepare(set: &SchemaSet, new: &NewPod<'_>) -> Result<Prepared, Unprepared> {
    let source = Source::read(KEY, new.body, new.media)?;
    let (mut pod, mut warnings) = source.decode(set, KEY, new.body, new.validation)?;
    let stated = |name, wanted: &str| pod.text(name).is_empty() || pod.text(name) == wanted;
    if !stated(n::API_VERSION, "v1") || !stated(n::KIND, "Pod") {
        return Err(Unprepared::OtherKind);
    }
    if pod.look(&[n::METADATA, n::MANAGED_FIELDS]).is_some() {
        return Err(Unprepared::Tracked);
    }
    if PRIORITY
        .iter()
        .any(|name| pod.look(&[n::SPEC, *name]).is_some())
    {
        return Err(Unprepared::Prioritized);
    }
    pod.set(n::API_VERSION, Value::fixed("v1"));
    pod.set(n::KIND, Value::fixed("Pod"));
    warnings.append(&mut metadata::begin_create(&mut pod, &new.creation)?);
    let generated = metadata::generate_name(&mut pod, new.suffix, false);
    defaults::pod(&mut pod);
    if let Some(id) = set.kind(KEY) {
        metadata::track_creation(
            &mut pod,
            Kind { set, id },
            new.manager,
            new.creation.timestamp,
        );
    }
    let spec = pod.object_at(n::SPEC);
    spec.set(n::PRIORITY, Value::Int(0));
    spec.set(n::PREEMPTION_POLICY, Value::fixed("PreemptLowerPriority"));
    warnings.append(&mut prepare_create(&mut pod));
    let mut errors = Errors::new(set);
    metadata::validate_create(&pod, true, NameRule::Subdomain, &mut errors);
    validate_create(&pod, &mut errors);
    let violations = errors.found();
    let name = pod
        .get(n::METADATA)
        .map_or("", |metadata| metadata.text(n::NAME))
        .to_owned();
    let mut bytes = Vec::new();
    if violations.is_empty() {
        warnings.append(&mut pod_warnings(&pod));
        bytes = pod.canonical(set);
    }
    Ok(Prepared {
        name,
        generated,
        bytes,
        warnings,
        violations,
    })
}
