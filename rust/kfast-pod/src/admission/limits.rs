//! LimitRanges: what containers ask for by default, and at least and at most (plugin LimitRanger).

use super::or_default;
use crate::totals::{self, Totals, list};
use kfast_core::quantity::Quantity;
use kfast_schema::names as n;
use kfast_schema::{NameId, Value};
use serde::Deserialize;
use std::collections::BTreeMap;

const ANNOTATION: &str = "kubernetes.io/limit-ranger";
/// Up to here amounts are compared in thousandths.
const MOST_MILLI: i64 = i64::MAX / 1000;

/// The limits of one LimitRange.
#[derive(Clone, Debug, Default)]
pub struct LimitRange {
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Spec {
    #[serde(default, deserialize_with = "or_default")]
    limits: Vec<Stated>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Stated {
    #[serde(deserialize_with = "or_default")]
    r#type: String,
    #[serde(deserialize_with = "or_default")]
    min: BTreeMap<String, String>,
    #[serde(deserialize_with = "or_default")]
    max: BTreeMap<String, String>,
    #[serde(deserialize_with = "or_default")]
    default: BTreeMap<String, String>,
    #[serde(deserialize_with = "or_default")]
    default_request: BTreeMap<String, String>,
    #[serde(deserialize_with = "or_default")]
    max_limit_request_ratio: BTreeMap<String, String>,
}

#[derive(Clone, Debug)]
struct Item {
    of: String,
    min: Totals,
    max: Totals,
    default: BTreeMap<String, String>,
    default_request: BTreeMap<String, String>,
    ratio: Totals,
}

fn amounts(stated: BTreeMap<String, String>) -> Totals {
    let read = |(name, text): (String, String)| Some((name, Quantity::parse(&text).ok()?));
    stated.into_iter().filter_map(read).collect()
}

impl LimitRange {
    /// Reads the JSON of a LimitRange's spec.
    ///
    /// # Errors
    /// If it is none.
    pub fn parse(spec: &[u8]) -> Result<Self, serde_json::Error> {
        let spec: Spec = serde_json::from_slice(spec)?;
        let item = |stated: Stated| Item {
            of: stated.r#type,
            min: amounts(stated.min),
            max: amounts(stated.max),
            default: stated.default,
            default_request: stated.default_request,
            ratio: amounts(stated.max_limit_request_ratio),
        };
        Ok(Self {
            items: spec.limits.into_iter().map(item).collect(),
        })
    }

    fn of<'s>(&'s self, of: &'s str) -> impl Iterator<Item = &'s Item> {
        self.items.iter().filter(move |item| item.of == of)
    }

    /// Fills in what the containers of a pod do not ask for.
    pub fn complete(&self, pod: &mut Value<'_>) {
        let (mut requests, mut limits) = (BTreeMap::new(), BTreeMap::new());
        for item in self.of("Container") {
            requests.extend(&item.default_request);
            limits.extend(&item.default);
        }
        if requests.is_empty() && limits.is_empty() {
            return;
        }
        let mut set = Vec::new();
        let spec = pod.object_at(n::SPEC);
        for (group, kind) in [
            (n::CONTAINERS, "container"),
            (n::INIT_CONTAINERS, "init container"),
        ] {
            for container in spec.list_mut(group) {
                for (which, defaults, what) in [
                    (n::REQUESTS, &requests, "request"),
                    (n::LIMITS, &limits, "limit"),
                ] {
                    let names = fill(container, which, defaults);
                    if !names.is_empty() {
                        let of = container.text(n::NAME);
                        set.push(format!("{} {what} for {kind} {of}", names.join(", ")));
                    }
                }
            }
        }
        if !set.is_empty() {
            let text = format!("LimitRanger plugin set: {}", set.join("; "));
            let annotations = pod.object_at(n::METADATA).object_at(n::ANNOTATIONS);
            annotations.put(ANNOTATION.into(), Value::Text(text.into()));
        }
    }

    /// Whether a pod keeps to the limits.
    ///
    /// # Errors
    /// All it violates.
    pub fn check(&self, pod: &Value<'_>) -> Result<(), String> {
        let spec = pod.get(n::SPEC).unwrap_or(&Value::Null);
        let mut found = Vec::new();
        for item in &self.items {
            match item.of.as_str() {
                "Container" => {
                    for group in [n::CONTAINERS, n::INIT_CONTAINERS] {
                        for container in spec.list(group) {
                            let (requests, limits) =
                                (list(container, n::REQUESTS), list(container, n::LIMITS));
                            item.check(&requests, &limits, &mut found);
                        }
                    }
                }
                "Pod" => {
                    let (requests, limits) = (of_pod(spec, n::REQUESTS), of_pod(spec, n::LIMITS));
                    item.check(&requests, &limits, &mut found);
                }
                _ => {}
            }
        }
        aggregate(found)
    }

    /// Whether the requests of a volume claim, (resource, amount), keep to the limits.
    ///
    /// # Errors
    /// All they violate.
    pub fn check_claim<'r>(
        &self,
        requests: impl IntoIterator<Item = (&'r str, &'r str)>,
    ) -> Result<(), String> {
        let read =
            |(name, text): (&str, &str)| Some((name.to_owned(), Quantity::parse(text).ok()?));
        let (requests, none) = (
            requests.into_iter().filter_map(read).collect(),
            Totals::new(),
        );
        let mut found = Vec::new();
        for item in self.of("PersistentVolumeClaim") {
            found.extend(item.below(&requests, &none));
            for (name, most) in &item.max {
                found.extend(item.above_request(name, most, &requests));
            }
        }
        aggregate(found)
    }
}

/// Sets the amounts whose names are not there; returns those names.
fn fill<'d>(
    container: &mut Value<'_>,
    which: NameId,
    defaults: &BTreeMap<&'d String, &'d String>,
) -> Vec<&'d str> {
    let stated = container
        .look(&[n::RESOURCES, which])
        .unwrap_or(&Value::Null);
    let missing = defaults
        .iter()
        .filter(|(name, _)| stated.at(name).is_none());
    let missing: Vec<_> = missing.map(|(name, amount)| (*name, *amount)).collect();
    for (name, amount) in &missing {
        let list = container.object_at(n::RESOURCES).object_at(which);
        list.put(
            (*name).clone().into(),
            Value::Text((*amount).clone().into()),
        );
    }
    missing.into_iter().map(|(name, _)| name.as_str()).collect()
}

/// What the containers ask for together, or the pod in their place.
fn of_pod(spec: &Value<'_>, which: NameId) -> Totals {
    let mut totals = totals::of_containers(spec, which);
    let own = list(spec, which).into_iter();
    totals.extend(own.filter(|(name, _)| matches!(name.as_str(), "cpu" | "memory")));
    totals
}

/// Several failures in one text, each once.
fn aggregate(found: Vec<String>) -> Result<(), String> {
    let mut texts: Vec<String> = Vec::new();
    for text in found {
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    match texts.len() {
        0 => Ok(()),
        1 => Err(texts.remove(0)),
        _ => Err(format!("[{}]", texts.join(", "))),
    }
}

/// The three in the finest unit in which all fit.
fn comparable(
    request: Option<&Quantity>,
    limit: Option<&Quantity>,
    enforced: &Quantity,
) -> [i64; 3] {
    let zero = |quantity: Option<&Quantity>, unit: fn(&Quantity) -> i64| quantity.map_or(0, unit);
    let whole = [
        zero(request, Quantity::value),
        zero(limit, Quantity::value),
        enforced.value(),
    ];
    if whole.iter().any(|value| *value > MOST_MILLI) {
        return whole;
    }
    [
        zero(request, Quantity::milli_value),
        zero(limit, Quantity::milli_value),
        enforced.milli_value(),
    ]
}

/// Request and limit of a resource.
type Usage<'q> = (Option<&'q Quantity>, Option<&'q Quantity>);

impl Item {
    fn check(&self, requests: &Totals, limits: &Totals, found: &mut Vec<String>) {
        found.extend(self.below(requests, limits));
        for (name, most) in &self.max {
            found.extend(self.above(name, most, (requests.get(name), limits.get(name))));
        }
        for (name, most) in &self.ratio {
            found.extend(self.apart(name, most, (requests.get(name), limits.get(name))));
        }
    }

    fn below(&self, requests: &Totals, limits: &Totals) -> Vec<String> {
        let violation = |(name, least): (&String, &Quantity)| {
            let (request, limit) = (requests.get(name), limits.get(name));
            let [asked, limited, enforced] = comparable(request, limit, least);
            let rule = format!("minimum {name} usage per {} is {least}", self.of);
            match (request, limit) {
                (None, _) => Some(format!("{rule}.  No request is specified")),
                (Some(request), _) if asked < enforced => {
                    Some(format!("{rule}, but request is {request}"))
                }
                (_, Some(limit)) if limited < enforced => {
                    Some(format!("{rule}, but limit is {limit}"))
                }
                _ => None,
            }
        };
        self.min.iter().filter_map(violation).collect()
    }

    fn above(&self, name: &str, most: &Quantity, (request, limit): Usage<'_>) -> Option<String> {
        let [asked, limited, enforced] = comparable(request, limit, most);
        let rule = format!("maximum {name} usage per {} is {most}", self.of);
        match (request, limit) {
            (_, None) => Some(format!("{rule}.  No limit is specified")),
            (_, Some(limit)) if limited > enforced => Some(format!("{rule}, but limit is {limit}")),
            (Some(request), _) if asked > enforced => {
                Some(format!("{rule}, but request is {request}"))
            }
            _ => None,
        }
    }

    fn above_request(&self, name: &str, most: &Quantity, requests: &Totals) -> Option<String> {
        let request = requests.get(name);
        let [asked, _, enforced] = comparable(request, None, most);
        let rule = format!("maximum {name} usage per {} is {most}", self.of);
        match request {
            None => Some(format!("{rule}.  No request is specified")),
            Some(request) if asked > enforced => Some(format!("{rule}, but request is {request}")),
            _ => None,
        }
    }

    #[allow(clippy::cast_precision_loss)] // as upstream
    fn apart(&self, name: &str, most: &Quantity, (request, limit): Usage<'_>) -> Option<String> {
        let [asked, limited, _] = comparable(request, limit, most);
        let rule = format!(
            "{name} max limit to request ratio per {} is {most}",
            self.of
        );
        if asked == 0 {
            return Some(format!(
                "{rule}, but no request is specified or request is 0"
            ));
        }
        if limited == 0 {
            return Some(format!("{rule}, but no limit is specified or limit is 0"));
        }
        let ratio = limited as f64 / asked as f64;
        let above = if most.value() <= MOST_MILLI {
            ratio * 1000.0 > most.milli_value() as f64
        } else {
            ratio > most.value() as f64
        };
        above.then(|| format!("{rule}, but provided ratio is {ratio:.6}"))
    }
}
