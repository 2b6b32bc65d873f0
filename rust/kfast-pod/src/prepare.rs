//! A whole create between the body and the store, in one go: for pods that nobody else has a say in but the plugins the
//! core knows.

use crate::admission::{Admission, Left, Usage, usage};
use crate::create::{prepare_create, validate_create};
use crate::defaults;
use crate::warnings::pod_warnings;
use kfast_core::with_managed_fields;
use kfast_schema::apply::Kind;
use kfast_schema::field::Errors;
use kfast_schema::metadata::{self, Creation, NameRule, Refused};
use kfast_schema::names as n;
use kfast_schema::validate::Violation;
use kfast_schema::{DecodeError, Empties, MediaType, SchemaSet, Source, Validation, Value};

const KEY: &str = "v1/Pod";

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
    /// Ends the name of a pod that states a prefix only, and that of the volume with its token.
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
    /// The canonical JSON; empty if it is refused.
    pub bytes: Vec<u8>,
    /// Unknown fields, owners stated twice, and what else is to be told.
    pub warnings: Vec<String>,
    /// What is wrong with it.
    pub violations: Vec<Violation>,
    /// Why a plugin refuses it: before its rules are looked at, or after.
    pub refused: Option<(bool, String)>,
    /// What is to be noted in the audit log of its violations of Pod Security.
    pub audit: Option<String>,
    /// What it takes from quotas, if it is to be charged.
    pub usage: Option<Usage>,
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
    /// A plugin has to look at it.
    #[error(transparent)]
    Left(#[from] Left),
    /// Its metadata is out of the question.
    #[error(transparent)]
    Refused(#[from] Refused),
}

/// Reads, completes and judges a pod.
///
/// # Errors
/// If there is no pod to be judged, or a plugin must do it.
pub fn prepare(
    set: &SchemaSet,
    admission: &Admission,
    new: &NewPod<'_>,
) -> Result<Prepared, Unprepared> {
    let id = set
        .kind(KEY)
        .ok_or_else(|| DecodeError::UnknownKind(KEY.to_owned()))?;
    let kind = Kind { set, id };
    let source = Source::read(KEY, new.body, new.media)?;
    let mut empties = Empties::Kept(false);
    let (mut pod, mut warnings) =
        source.decode(set, KEY, new.body, new.validation, &mut empties)?;
    let stated = |name, wanted: &str| pod.text(name).is_empty() || pod.text(name) == wanted;
    if !stated(n::API_VERSION, "v1") || !stated(n::KIND, "Pod") {
        return Err(Unprepared::OtherKind);
    }
    if pod.look(&[n::METADATA, n::MANAGED_FIELDS]).is_some() {
        return Err(Unprepared::Tracked);
    }
    pod.set(n::API_VERSION, Value::fixed("v1"));
    pod.set(n::KIND, Value::fixed("Pod"));
    warnings.append(&mut metadata::begin_create(&mut pod, &new.creation)?);
    let generated = metadata::generate_name(&mut pod, new.suffix, false);
    defaults::pod(&mut pod);
    let now = new.creation.timestamp;
    let managed = if empties == Empties::Kept(true) {
        kind.creation(&stored(kind, &pod), new.manager, "v1", now)
    } else {
        kind.creation(&pod, new.manager, "v1", now)
    };
    let refused = admission.complete(&mut pod, new.suffix)?;
    let mut prepared = Prepared {
        name: String::new(),
        generated,
        bytes: Vec::new(),
        warnings,
        violations: Vec::new(),
        refused: refused.map(|why| (true, why)),
        audit: None,
        usage: None,
    };
    if prepared.refused.is_none() {
        settle(set, admission, &mut pod, &mut prepared);
    }
    if prepared.violations.is_empty() && prepared.refused.is_none() {
        if empties == Empties::Kept(true) {
            set.drop_empties(id, &mut pod);
        }
        prepared.bytes = with_managed_fields(&pod.canonical(set), &managed);
    }
    let metadata = pod.get(n::METADATA);
    prepared.name = metadata
        .map_or("", |metadata| metadata.text(n::NAME))
        .to_owned();
    Ok(prepared)
}

/// The pod without the empty lists and maps that storage does not keep.
fn stored<'a>(kind: Kind<'_>, pod: &Value<'a>) -> Value<'a> {
    let mut stored = pod.clone();
    kind.set.drop_empties(kind.id, &mut stored);
    stored
}

/// Its status, its rules, what the plugins say to the outcome, and its bytes.
fn settle(set: &SchemaSet, admission: &Admission, pod: &mut Value<'_>, prepared: &mut Prepared) {
    prepared.warnings.append(&mut prepare_create(pod));
    let mut errors = Errors::new(set);
    metadata::validate_create(pod, true, NameRule::Subdomain, &mut errors);
    validate_create(pod, &mut errors);
    prepared.violations = errors.found();
    if !prepared.violations.is_empty() {
        return;
    }
    prepared.warnings.append(&mut pod_warnings(pod));
    let judgement = admission.judge(pod);
    prepared.warnings.extend(judgement.warning);
    prepared.audit = judgement.audit;
    prepared.refused = judgement.refused.map(|why| (false, why));
    prepared.usage = admission.quotas.then(|| usage(pod, false));
}
