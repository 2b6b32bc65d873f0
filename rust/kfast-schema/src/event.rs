//! Creates of Events that are right: both event kinds, from the body to the bytes of the core form they are stored in. What is not
//! plainly right is left to the rules the kinds are declared with, which say why.
//!
//! Source: `pkg/apis/core/validation/events.go`, `pkg/apis/events/v1/conversion.go` of Kubernetes v1.36.

use crate::apply::Kind;
use crate::field::Errors;
use crate::metadata::{self, Creation, NameRule};
use crate::model::NameId;
use crate::names as n;
use crate::validate::Validator;
use crate::value::{Name, Value};
use crate::{Empties, MediaType, SchemaSet, Source, Validation};
use kfast_core::names::qualified_name;
use kfast_core::with_managed_fields;

/// Fields of events.k8s.io and what the core group calls them.
const OF_CORE: [(NameId, NameId); 7] = [
    (n::REGARDING, n::INVOLVED_OBJECT),
    (n::NOTE, n::MESSAGE),
    (n::REPORTING_CONTROLLER, n::REPORTING_COMPONENT),
    (n::DEPRECATED_SOURCE, n::SOURCE),
    (n::DEPRECATED_FIRST_TIMESTAMP, n::FIRST_TIMESTAMP),
    (n::DEPRECATED_LAST_TIMESTAMP, n::LAST_TIMESTAMP),
    (n::DEPRECATED_COUNT, n::COUNT),
];
/// Characters a field may have.
const LIMITS: [(NameId, usize); 4] = [
    (n::REPORTING_INSTANCE, 128),
    (n::ACTION, 128),
    (n::REASON, 128),
    (n::MESSAGE, 1024),
];

/// A body and what the system adds to it.
#[derive(Clone, Copy, Debug)]
pub struct NewEvent<'e> {
    /// `v1` or `events.k8s.io/v1`.
    pub api_version: &'static str,
    /// The body.
    pub body: &'e [u8],
    /// Its format.
    pub media: MediaType,
    /// What to do about unknown fields.
    pub validation: Validation,
    /// What the system writes into the metadata.
    pub creation: Creation<'e>,
    /// Ends the name of an event that states a prefix only.
    pub suffix: &'e str,
    /// The field manager.
    pub manager: &'e str,
}

/// An event as it is stored.
#[derive(Debug, PartialEq, Eq)]
pub struct Prepared {
    /// Its name.
    pub name: String,
    /// Whether the name is made of a prefix.
    pub generated: bool,
    /// The canonical JSON, of the core group.
    pub bytes: Vec<u8>,
    /// Unknown fields, owners stated twice.
    pub warnings: Vec<String>,
}

/// The event to store; `None` if anything about it has to be looked at closely.
#[must_use]
pub fn prepare(set: &SchemaSet, validator: &Validator, new: &NewEvent<'_>) -> Option<Prepared> {
    let core = new.api_version == "v1";
    let key = if core {
        "v1/Event"
    } else {
        "events.k8s.io/v1/Event"
    };
    let source = Source::read(key, new.body, new.media).ok()?;
    let (mut event, mut warnings) = source
        .decode(set, key, new.body, new.validation, &mut Empties::Dropped)
        .ok()?;
    let stated = |name, wanted: &str| event.text(name).is_empty() || event.text(name) == wanted;
    if !stated(n::API_VERSION, new.api_version) || !stated(n::KIND, "Event") {
        return None;
    }
    if event.look(&[n::METADATA, n::MANAGED_FIELDS]).is_some() {
        return None;
    }
    event.set(n::API_VERSION, Value::fixed(new.api_version));
    event.set(n::KIND, Value::fixed("Event"));
    warnings.append(&mut metadata::begin_create(&mut event, &new.creation).ok()?);
    let generated = metadata::generate_name(&mut event, new.suffix, false);
    event.object_at(if core {
        n::SOURCE
    } else {
        n::DEPRECATED_SOURCE
    });
    let kind = Kind {
        set,
        id: set.kind(key)?,
    };
    let now = new.creation.timestamp;
    let managed = kind.creation(&event, new.manager, new.api_version, now);
    let mut errors = Errors::new(set);
    metadata::validate_create(&event, true, NameRule::Subdomain, &mut errors);
    let sound = errors.is_empty() && validator.validate(set, key, &&event).is_empty();
    if !sound || !(core || is_complete(&event)) {
        return None;
    }
    if !core {
        to_core(&mut event);
    }
    if !is_right(&event) {
        return None;
    }
    let name = event.get(n::METADATA)?.text(n::NAME).to_owned();
    Some(Prepared {
        name,
        generated,
        bytes: with_managed_fields(&event.canonical(set), &managed),
        warnings,
    })
}

/// What events.k8s.io asks for besides, nothing of the older form among it. Series are left to the other way.
fn is_complete(event: &Value<'_>) -> bool {
    let older = [
        n::DEPRECATED_FIRST_TIMESTAMP,
        n::DEPRECATED_LAST_TIMESTAMP,
        n::DEPRECATED_COUNT,
        n::DEPRECATED_SOURCE,
    ];
    !event.text(n::EVENT_TIME).is_empty()
        && matches!(event.get(n::SERIES), None | Some(Value::Null))
        && matches!(event.text(n::TYPE), "Normal" | "Warning")
        && older
            .iter()
            .all(|name| event.get(*name).is_none_or(is_unset))
}

fn is_unset(value: &Value<'_>) -> bool {
    match value {
        Value::Null => true,
        Value::Int(number) => *number == 0,
        Value::Text(text) => text.is_empty(),
        Value::Object(entries) => entries.iter().all(|(_, value)| is_unset(value)),
        _ => false,
    }
}

fn to_core(event: &mut Value<'_>) {
    event.set(n::API_VERSION, Value::fixed("v1"));
    if let Value::Object(entries) = event {
        for (name, _) in entries {
            let core = OF_CORE
                .iter()
                .find(|(other, _)| *name == Name::Known(*other));
            if let Some((_, core)) = core {
                *name = Name::Known(*core);
            }
        }
    }
    event.object_at(n::INVOLVED_OBJECT);
}

/// The rules of both kinds, on the core form.
fn is_right(event: &Value<'_>) -> bool {
    let namespace = event.get(n::METADATA).map_or("", |m| m.text(n::NAMESPACE));
    let involved = event
        .get(n::INVOLVED_OBJECT)
        .map_or("", |o| o.text(n::NAMESPACE));
    if event.text(n::EVENT_TIME).is_empty() {
        return namespace == involved || (involved.is_empty() && namespace == "default");
    }
    let placed = !involved.is_empty() || matches!(namespace, "default" | "kube-system");
    let reporter = event.text(n::REPORTING_COMPONENT);
    let said = [n::REPORTING_INSTANCE, n::ACTION, n::REASON];
    placed
        && !reporter.is_empty()
        && qualified_name(reporter).is_empty()
        && said.iter().all(|name| !event.text(*name).is_empty())
        && LIMITS
            .iter()
            .all(|(name, most)| event.text(*name).chars().count() <= *most)
}
