//! Named formats of text.

use super::strings::texts;
use super::url::Url;
use crate::functions::{Failure, Function, Outcome};
use crate::time::Instant;
use crate::value::{OpaqueValue, Value};
use base64::Engine;
use kfast_core::names;

pub(crate) const FUNCTIONS: &[Function] = &[
    (
        "format.named",
        &["format-named: (string) -> optional(kubernetes.NamedFormat)"],
        |args| {
            let name = args[0].as_str().ok_or(Failure::NoOverload)?;
            let found = FORMATS.iter().find(|format| format.name == name);
            Ok(Value::Optional(found.map(|f| value(f).into())))
        },
    ),
    (
        "validate",
        &["format-validate: kubernetes.NamedFormat.(string) -> optional(list(string))"],
        |args| {
            let (Value::Opaque(OpaqueValue::NamedFormat(format)), Value::String(text)) =
                (&args[0], &args[1])
            else {
                return Err(Failure::NoOverload);
            };
            let wrong = (format.check)(text);
            let found = (!wrong.is_empty()).then(|| texts(wrong.into_iter()).into());
            Ok(Value::Optional(found))
        },
    ),
    (
        "format.dns1123Label",
        &["format.dns1123Label: () -> kubernetes.NamedFormat"],
        |_| named(0),
    ),
    (
        "format.dns1123Subdomain",
        &["format.dns1123Subdomain: () -> kubernetes.NamedFormat"],
        |_| named(1),
    ),
    (
        "format.dns1035Label",
        &["format.dns1035Label: () -> kubernetes.NamedFormat"],
        |_| named(2),
    ),
    (
        "format.qualifiedName",
        &["format.qualifiedName: () -> kubernetes.NamedFormat"],
        |_| named(3),
    ),
    (
        "format.dns1123LabelPrefix",
        &["format.dns1123LabelPrefix: () -> kubernetes.NamedFormat"],
        |_| named(4),
    ),
    (
        "format.dns1123SubdomainPrefix",
        &["format.dns1123SubdomainPrefix: () -> kubernetes.NamedFormat"],
        |_| named(5),
    ),
    (
        "format.dns1035LabelPrefix",
        &["format.dns1035LabelPrefix: () -> kubernetes.NamedFormat"],
        |_| named(6),
    ),
    (
        "format.labelValue",
        &["format.labelValue: () -> kubernetes.NamedFormat"],
        |_| named(7),
    ),
    (
        "format.uri",
        &["format.uri: () -> kubernetes.NamedFormat"],
        |_| named(8),
    ),
    (
        "format.uuid",
        &["format.uuid: () -> kubernetes.NamedFormat"],
        |_| named(9),
    ),
    (
        "format.byte",
        &["format.byte: () -> kubernetes.NamedFormat"],
        |_| named(10),
    ),
    (
        "format.date",
        &["format.date: () -> kubernetes.NamedFormat"],
        |_| named(11),
    ),
    (
        "format.datetime",
        &["format.datetime: () -> kubernetes.NamedFormat"],
        |_| named(12),
    ),
];

/// A named format.
#[derive(Debug)]
pub struct NamedFormat {
    pub(crate) name: &'static str,
    /// What is wrong with a text.
    check: fn(&str) -> Vec<String>,
    /// The length of the regular expression upstream matches it with, or reckons it costs as much as.
    pub(crate) regex_size: u64,
}

/// In the order of their functions.
static FORMATS: [NamedFormat; 13] = [
    format("dns1123Label", names::dns_label, 30),
    format("dns1123Subdomain", names::dns_subdomain, 60),
    format("dns1035Label", names::dns_label_1035, 30),
    format("qualifiedName", names::qualified_name, 60),
    format(
        "dns1123LabelPrefix",
        |text| prefix(text, names::dns_label),
        30,
    ),
    format(
        "dns1123SubdomainPrefix",
        |text| prefix(text, names::dns_subdomain),
        60,
    ),
    format(
        "dns1035LabelPrefix",
        |text| prefix(text, names::dns_label_1035),
        30,
    ),
    format("labelValue", names::label_value, 40),
    format(
        "uri",
        |text| Url::parse(text).err().into_iter().collect(),
        1104,
    ),
    format(
        "uuid",
        |text| complaint(is_uuid(text), "does not match the UUID format"),
        72,
    ),
    format(
        "byte",
        |text| complaint(is_base64(text), "invalid base64"),
        84,
    ),
    format(
        "date",
        |text| complaint(Instant::parse_date(text).is_some(), "invalid date"),
        72,
    ),
    format(
        "datetime",
        |text| complaint(is_date_time(text), "invalid datetime"),
        72,
    ),
];

const fn format(
    name: &'static str,
    check: fn(&str) -> Vec<String>,
    regex_size: u64,
) -> NamedFormat {
    NamedFormat {
        name,
        check,
        regex_size,
    }
}

fn value<'a>(format: &'static NamedFormat) -> Value<'a> {
    Value::Opaque(OpaqueValue::NamedFormat(format))
}

fn named<'a>(at: usize) -> Outcome<'a> {
    Ok(value(&FORMATS[at]))
}

fn complaint(right: bool, message: &str) -> Vec<String> {
    if right {
        Vec::new()
    } else {
        vec![message.to_owned()]
    }
}

/// What a name is generated from may end with a dash.
fn prefix(text: &str, rule: fn(&str) -> Vec<String>) -> Vec<String> {
    match text.strip_suffix('-') {
        Some(start) => rule(&format!("{start}a")),
        None => rule(text),
    }
}

fn is_uuid(text: &str) -> bool {
    let hex: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = hex.iter().map(|part| part.len()).collect();
    let digits = hex
        .iter()
        .all(|part| part.bytes().all(|b| b.is_ascii_hexdigit()));
    digits && (lengths == [8, 4, 4, 4, 12] || lengths == [32])
}

fn is_base64(text: &str) -> bool {
    !text.is_empty()
        && base64::engine::general_purpose::STANDARD
            .decode(text)
            .is_ok()
}

fn is_date_time(text: &str) -> bool {
    Instant::parse(&text.replacen('t', "T", 1).replace('z', "Z")).is_some()
}
