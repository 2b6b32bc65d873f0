//! Warnings about pods and pod templates (api/pod/warnings.go).

use crate::affinity::{PREFERRED, REQUIRED};
use crate::amount::milli;
use crate::annotations::{APP_ARMOR, SECCOMP_CONTAINER, SECCOMP_POD};
use crate::scope::each_container;
use crate::{create, dns, port_warnings, virtual_paths};
use kfast_core::names::{dns_label, label_value};
use kfast_core::quote;
use kfast_schema::field::Path;
use kfast_schema::names as n;
use kfast_schema::{NameId, Value};

const NODE_LABELS: [(&str, &str); 8] = [
    (
        "beta.kubernetes.io/arch",
        "deprecated since v1.14; use \"kubernetes.io/arch\" instead",
    ),
    (
        "beta.kubernetes.io/os",
        "deprecated since v1.14; use \"kubernetes.io/os\" instead",
    ),
    (
        "failure-domain.beta.kubernetes.io/region",
        "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead",
    ),
    (
        "failure-domain.beta.kubernetes.io/zone",
        "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead",
    ),
    (
        "beta.kubernetes.io/instance-type",
        "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead",
    ),
    ("app.kubernetes.io/created-by", "deprecated since v1.9"),
    (
        "scheduler.alpha.kubernetes.io/preferAvoidPods",
        "deprecated since v1.22; use Taints and Tolerations instead",
    ),
    (
        "node-role.kubernetes.io/master",
        "use \"node-role.kubernetes.io/control-plane\" instead",
    ),
];
const ANNOTATIONS: [(&str, &str); 3] = [
    (
        "scheduler.alpha.kubernetes.io/critical-pod",
        "non-functional in v1.16+; use the \"priorityClassName\" field instead",
    ),
    (
        "security.alpha.kubernetes.io/sysctls",
        "non-functional in v1.11+; use the \"sysctls\" field instead",
    ),
    (
        "security.alpha.kubernetes.io/unsafe-sysctls",
        "non-functional in v1.11+; use the \"sysctls\" field instead",
    ),
];
/// Volumes of the past: (source, its name in the message, message).
const VOLUMES: [(NameId, &str, &str); 9] = [
    (
        n::PHOTON_PERSISTENT_DISK,
        "photonPersistentDisk",
        "deprecated in v1.11, non-functional in v1.16+",
    ),
    (
        n::GIT_REPO,
        "gitRepo",
        "deprecated in v1.11, and disabled by default in v1.33+",
    ),
    (
        n::SCALE_IO,
        "scaleIO",
        "deprecated in v1.16, non-functional in v1.22+",
    ),
    (
        n::FLOCKER,
        "flocker",
        "deprecated in v1.22, non-functional in v1.25+",
    ),
    (
        n::STORAGEOS,
        "storageOS",
        "deprecated in v1.22, non-functional in v1.25+",
    ),
    (
        n::QUOBYTE,
        "quobyte",
        "deprecated in v1.22, non-functional in v1.25+",
    ),
    (
        n::GLUSTERFS,
        "glusterfs",
        "deprecated in v1.25, non-functional in v1.26+",
    ),
    (
        n::CEPHFS,
        "cephfs",
        "deprecated in v1.28, non-functional in v1.31+",
    ),
    (
        n::RBD,
        "rbd",
        "deprecated in v1.28, non-functional in v1.31+",
    ),
];
const NO_SELECTOR: &str = "a null labelSelector results in matching no pod";

/// A name that is no DNS label is awkward where host names come from it; `used` says where.
#[must_use]
pub fn name_warnings(name: &str, used: &str) -> Vec<String> {
    let problems = if name.is_empty() {
        Vec::new()
    } else {
        dns_label(name)
    };
    if problems.is_empty() {
        return Vec::new();
    }
    vec![format!(
        "metadata.name: this is used in {used}, which can result in surprising behavior; a DNS label is recommended: [{}]",
        problems.join(" ")
    )]
}

/// Warnings about a pod to be created.
#[must_use]
pub fn pod_warnings(pod: &Value<'_>) -> Vec<String> {
    let name = pod
        .get(n::METADATA)
        .map_or("", |metadata| metadata.text(n::NAME));
    let mut warnings = name_warnings(name, "the Pod's hostname");
    warnings.append(&mut of_spec(pod, &Path::Root, false));
    warnings
}

/// What has been found.
struct Found(Vec<String>);

impl Found {
    fn add(&mut self, path: &Path<'_>, message: &str) {
        self.0.push(format!("{path}: {message}"));
    }
}

fn node_label(key: &str) -> Option<&'static str> {
    NODE_LABELS
        .iter()
        .find(|(label, _)| *label == key)
        .map(|(_, message)| *message)
}

/// Warnings about a pod or template at the path.
pub(crate) fn of_spec(holder: &Value<'_>, path: &Path<'_>, is_template: bool) -> Vec<String> {
    let mut found = Found(Vec::new());
    let spec = holder.get(n::SPEC).unwrap_or(&Value::Null);
    let metadata = holder.get(n::METADATA).unwrap_or(&Value::Null);
    let annotations = metadata.get(n::ANNOTATIONS).unwrap_or(&Value::Null);
    let (at, metadata) = (path.child(n::SPEC), path.child(n::METADATA));
    let annotated = metadata.child(n::ANNOTATIONS);
    placement(spec, &at, &mut found);
    for (key, message) in ANNOTATIONS {
        if annotations.at(key).is_some() {
            found.add(&annotated.key(key), message);
        }
    }
    volumes(spec, &at, &mut found);
    virtual_paths::warnings(spec, &mut found.0);
    repeated(spec, &at, &mut found);
    if let Some(overhead) = spec.get(n::OVERHEAD) {
        for name in ["memory", "ephemeral-storage"] {
            fraction(Some(overhead), name, &at.child(n::OVERHEAD), &mut found);
        }
    }
    let profiled = |holder: &Value<'_>| {
        holder
            .look(&[n::SECURITY_CONTEXT, n::SECCOMP_PROFILE])
            .is_some()
    };
    let unused = "non-functional in v1.27+; use the \"seccompProfile\" field instead";
    if !profiled(spec) && annotations.at(SECCOMP_POD).is_some() {
        found.add(&annotated.key(SECCOMP_POD), unused);
    }
    each_container(spec, &at, |container, place| {
        if !annotations.entries().is_empty() {
            let key = format!("{SECCOMP_CONTAINER}{}", container.text(n::NAME));
            if !profiled(container) && annotations.at(&key).is_some() {
                found.add(&annotated.key(&key), unused);
            }
            if is_template {
                app_armor(container, spec, annotations, &annotated, &mut found);
            }
        }
        self::container(container, place, &mut found);
    });
    port_warnings::warnings(spec, &at, &mut found.0);
    if spec
        .int(n::TERMINATION_GRACE_PERIOD_SECONDS)
        .is_some_and(|s| s < 0)
    {
        let message = "must be >= 0; negative values are invalid and will be treated as 1";
        found.add(&at.child(n::TERMINATION_GRACE_PERIOD_SECONDS), message);
    }
    pod_affinity(spec, &at, &mut found);
    addresses(spec, &at, &mut found);
    found.0
}

fn placement(spec: &Value<'_>, at: &Path<'_>, found: &mut Found) {
    let selector = spec.get(n::NODE_SELECTOR).unwrap_or(&Value::Null);
    for (key, _) in selector.texts() {
        if let Some(message) = node_label(key) {
            let place = at.child(n::NODE_SELECTOR);
            found.add(&place.key(key), message);
        }
    }
    if let Some(nodes) = spec.look(&[n::AFFINITY, n::NODE_AFFINITY]) {
        let affinity = at.child(n::AFFINITY);
        let here = affinity.child(n::NODE_AFFINITY);
        let required = here.child(REQUIRED);
        let list = required.child(n::NODE_SELECTOR_TERMS);
        let terms = nodes
            .look(&[REQUIRED, n::NODE_SELECTOR_TERMS])
            .map_or(&[][..], Value::items);
        for (i, term) in terms.iter().enumerate() {
            node_term(term, false, &list.item(i), found);
        }
        let list = here.child(PREFERRED);
        for (i, weighted) in nodes.list(PREFERRED).iter().enumerate() {
            let (item, term) = (list.item(i), weighted.get(n::PREFERENCE));
            node_term(
                term.unwrap_or(&Value::Null),
                true,
                &item.child(n::PREFERENCE),
                found,
            );
        }
    }
    let list = at.child(n::TOPOLOGY_SPREAD_CONSTRAINTS);
    for (i, constraint) in spec.list(n::TOPOLOGY_SPREAD_CONSTRAINTS).iter().enumerate() {
        let (item, key) = (list.item(i), constraint.text(n::TOPOLOGY_KEY));
        if let Some(message) = node_label(key) {
            found.add(&item.child(n::TOPOLOGY_KEY), &format!("{key} is {message}"));
        }
        if constraint.get(n::LABEL_SELECTOR).is_none() {
            found.add(&item.child(n::LABEL_SELECTOR), NO_SELECTOR);
        }
    }
}

/// A preferred term may have values that are no label values; it then never matches.
fn node_term(term: &Value<'_>, checks_values: bool, at: &Path<'_>, found: &mut Found) {
    let list = at.child(n::MATCH_EXPRESSIONS);
    for (i, expression) in term.list(n::MATCH_EXPRESSIONS).iter().enumerate() {
        let (item, key) = (list.item(i), expression.text(n::KEY));
        if let Some(message) = node_label(key) {
            found.add(&item.child(n::KEY), &format!("{key} is {message}"));
        }
        if !checks_values {
            continue;
        }
        let values = item.child(n::VALUES);
        for (j, value) in expression
            .list(n::VALUES)
            .iter()
            .filter_map(Value::as_text)
            .enumerate()
        {
            for problem in label_value(value) {
                found.add(&values.item(j), &format!("{value} is invalid, {problem}"));
            }
        }
    }
}

fn volumes(spec: &Value<'_>, at: &Path<'_>, found: &mut Found) {
    let list = at.child(n::VOLUMES);
    for (i, volume) in spec.list(n::VOLUMES).iter().enumerate() {
        let item = list.item(i);
        for (source, shown, message) in VOLUMES {
            if volume.get(source).is_some() {
                found.add(&item.named(shown), message);
            }
        }
        let template = volume.look(&[n::EPHEMERAL, n::VOLUME_CLAIM_TEMPLATE]);
        let Some(resources) = template.and_then(|t| t.look(&[n::SPEC, n::RESOURCES])) else {
            continue;
        };
        let (ephemeral, claim) = (item.child(n::EPHEMERAL), n::VOLUME_CLAIM_TEMPLATE);
        let template = ephemeral.child(claim);
        let spec = template.child(n::SPEC);
        let place = spec.child(n::RESOURCES);
        for which in [n::REQUESTS, n::LIMITS] {
            fraction(resources.get(which), "storage", &place.child(which), found);
        }
    }
}

/// Bytes are whole.
fn fraction(amounts: Option<&Value<'_>>, name: &str, at: &Path<'_>, found: &mut Found) {
    let amount = amounts
        .and_then(|amounts| amounts.at(name))
        .and_then(Value::as_text);
    if let Some(amount) = amount.filter(|amount| milli(amount).is_some_and(|m| m % 1000 != 0)) {
        let message = format!(
            "fractional byte value {} is invalid, must be an integer",
            quote(amount)
        );
        found.add(&at.key(name), &message);
    }
}

fn repeated(spec: &Value<'_>, at: &Path<'_>, found: &mut Found) {
    let (aliases, list) = (spec.list(n::HOST_ALIASES), at.child(n::HOST_ALIASES));
    for (i, alias) in aliases.iter().enumerate() {
        let (item, ip) = (list.item(i), alias.text(n::IP));
        if aliases[..i].iter().any(|other| other.text(n::IP) == ip) {
            found.add(&item.child(n::IP), &format!("duplicate ip {}", quote(ip)));
        }
    }
    let (secrets, list) = (
        spec.list(n::IMAGE_PULL_SECRETS),
        at.child(n::IMAGE_PULL_SECRETS),
    );
    for (i, secret) in secrets.iter().enumerate() {
        let (item, name) = (list.item(i), secret.text(n::NAME));
        if secrets[..i].iter().any(|other| other.text(n::NAME) == name) {
            found.add(
                &item.child(n::NAME),
                &format!("duplicate name {}", quote(name)),
            );
        }
    }
    for (i, _) in secrets
        .iter()
        .enumerate()
        .filter(|(_, secret)| secret.text(n::NAME).is_empty())
    {
        let item = list.item(i);
        found.add(&item.child(n::NAME), "invalid empty name \"\"");
    }
}

/// Annotations are deprecated where they say something else than the pod's profile.
fn app_armor(
    container: &Value<'_>,
    spec: &Value<'_>,
    annotations: &Value<'_>,
    at: &Path<'_>,
    found: &mut Found,
) {
    let field = [n::SECURITY_CONTEXT, n::APP_ARMOR_PROFILE];
    let key = format!("{APP_ARMOR}{}", container.text(n::NAME));
    let Some(annotation) = annotations.at(&key).and_then(Value::as_text) else {
        return;
    };
    let of_pod = spec.look(&field);
    let same = of_pod.is_some() && create::app_armor_field(annotation).as_ref() == of_pod;
    if container.look(&field).is_none() && !same {
        found.add(
            &at.key(&key),
            "deprecated since v1.30; use the \"appArmorProfile\" field instead",
        );
    }
}

fn container(container: &Value<'_>, at: &Path<'_>, found: &mut Found) {
    if let Some(resources) = container.get(n::RESOURCES).filter(|r| !r.is_empty()) {
        let place = at.child(n::RESOURCES);
        for name in ["memory", "ephemeral-storage"] {
            for which in [n::LIMITS, n::REQUESTS] {
                fraction(resources.get(which), name, &place.child(which), found);
            }
        }
    }
    let (entries, list) = (container.list(n::ENV), at.child(n::ENV));
    for (i, entry) in entries.iter().enumerate() {
        let name = entry.text(n::NAME);
        if entries[..i].iter().all(|other| other.text(n::NAME) != name) {
            continue;
        }
        let (value, reference) = (entry.text(n::VALUE), format!("$({name})"));
        let hides =
            entry.get(n::VALUE_FROM).is_some() || value == reference || !value.contains(&reference);
        if hides {
            let message = format!(
                "hides previous definition of {}, which may be dropped when using apply",
                quote(name)
            );
            found.add(&list.item(i), &message);
        }
    }
}

fn pod_affinity(spec: &Value<'_>, at: &Path<'_>, found: &mut Found) {
    let Some(affinity) = spec.get(n::AFFINITY) else {
        return;
    };
    let place = at.child(n::AFFINITY);
    for kind in [n::POD_AFFINITY, n::POD_ANTI_AFFINITY] {
        let Some(pods) = affinity.get(kind) else {
            continue;
        };
        let here = place.child(kind);
        let list = here.child(REQUIRED);
        for (i, term) in pods.list(REQUIRED).iter().enumerate() {
            if term.get(n::LABEL_SELECTOR).is_none() {
                let item = list.item(i);
                found.add(&item.child(n::LABEL_SELECTOR), NO_SELECTOR);
            }
        }
        let list = here.child(PREFERRED);
        for (i, weighted) in pods.list(PREFERRED).iter().enumerate() {
            if weighted
                .look(&[n::POD_AFFINITY_TERM, n::LABEL_SELECTOR])
                .is_none()
            {
                let item = list.item(i);
                let term = item.child(n::POD_AFFINITY_TERM);
                found.add(&term.child(n::LABEL_SELECTOR), NO_SELECTOR);
            }
        }
    }
}

fn addresses(spec: &Value<'_>, at: &Path<'_>, found: &mut Found) {
    let config = at.child(n::DNS_CONFIG);
    let list = config.child(n::NAMESERVERS);
    let servers = spec
        .look(&[n::DNS_CONFIG, n::NAMESERVERS])
        .map_or(&[][..], Value::items);
    for (i, server) in servers.iter().filter_map(Value::as_text).enumerate() {
        found.0.extend(dns::address_warning(server, &list.item(i)));
    }
    let list = at.child(n::HOST_ALIASES);
    for (i, alias) in spec.list(n::HOST_ALIASES).iter().enumerate() {
        let item = list.item(i);
        found
            .0
            .extend(dns::address_warning(alias.text(n::IP), &item.child(n::IP)));
    }
}
