//! Writes of a pod's status (podStatusStrategy, core/validation `ValidatePodStatusUpdate`).

use crate::totals::is_native;
use crate::update::annotation_changes;
use crate::{amount, dns, security};
use kfast_core::names::{dns_label, dns_subdomain, qualified_name};
use kfast_schema::field::{Errors, Path};
use kfast_schema::names as n;
use kfast_schema::{NameId, Value};
use std::collections::HashMap;

const STATUSES: [(NameId, NameId); 3] = [
    (n::CONTAINER_STATUSES, n::CONTAINERS),
    (n::INIT_CONTAINER_STATUSES, n::INIT_CONTAINERS),
    (n::EPHEMERAL_CONTAINER_STATUSES, n::EPHEMERAL_CONTAINERS),
];
const MESSAGE: usize = 256;

/// Keeps the service class and observed generations that a write leaves out; owners stay.
pub fn prepare_status(new: &mut Value<'_>, old: &Value<'_>) {
    let before = old
        .get(n::STATUS)
        .cloned()
        .map_or(Value::EMPTY, Value::into_owned);
    if let Some(status) = new.get_mut(n::STATUS) {
        if status.text(n::QOS_CLASS).is_empty()
            && let Some(class) = before.get(n::QOS_CLASS)
        {
            status.set(n::QOS_CLASS, class.clone());
        }
        keep_generation(status, before.int(n::OBSERVED_GENERATION));
        let mut known: HashMap<&str, Vec<Option<i64>>> = HashMap::new();
        for condition in before.list(n::CONDITIONS).iter().rev() {
            let generations = known.entry(condition.text(n::TYPE)).or_default();
            generations.push(condition.int(n::OBSERVED_GENERATION));
        }
        for condition in status.list_mut(n::CONDITIONS) {
            let generation = known
                .get_mut(condition.text(n::TYPE))
                .and_then(Vec::pop)
                .flatten();
            keep_generation(condition, generation);
        }
    }
}

fn keep_generation(holder: &mut Value<'_>, known: Option<i64>) {
    let stated = holder.int(n::OBSERVED_GENERATION).unwrap_or(0);
    if let Some(known) = known.filter(|known| stated == 0 && *known != 0) {
        holder.set(n::OBSERVED_GENERATION, Value::Int(known));
    }
}

/// Warnings about addresses in unusual form.
#[must_use]
pub fn status_warnings(pod: &Value<'_>) -> Vec<String> {
    let path = Path::Root.child(n::STATUS);
    let mut warnings = Vec::new();
    for name in [n::POD_IPS, n::HOST_IPS] {
        let list = path.child(name);
        let addresses = pod
            .get(n::STATUS)
            .map_or(&[][..], |status| status.list(name));
        for (i, address) in addresses.iter().enumerate() {
            let item = list.item(i);
            warnings.extend(dns::address_warning(
                address.text(n::IP),
                &item.child(n::IP),
            ));
        }
    }
    warnings
}

/// The rules of a write to the status, besides those of all metadata.
pub fn validate_status(new: &Value<'_>, old: &Value<'_>, errors: &mut Errors<'_>) {
    let null = Value::Null;
    annotation_changes(new, old, errors);
    let (status, before) = (
        new.get(n::STATUS).unwrap_or(&null),
        old.get(n::STATUS).unwrap_or(&null),
    );
    let (spec, bound) = (
        new.get(n::SPEC).unwrap_or(&null),
        old.get(n::SPEC).unwrap_or(&null),
    );
    let path = Path::Root.child(n::STATUS);
    conditions(status, &path.child(n::CONDITIONS), errors);
    nomination(status, before, bound, &path, errors);
    let generation = status.int(n::OBSERVED_GENERATION).unwrap_or(0);
    if generation < 0 {
        let place = path.child(n::OBSERVED_GENERATION);
        errors.invalid(&place, &generation, "must be a non-negative integer");
    }
    if status.text(n::QOS_CLASS) != before.text(n::QOS_CLASS) {
        errors.invalid(
            &path.child(n::QOS_CLASS),
            status.text(n::QOS_CLASS),
            "field is immutable",
        );
    }
    for (name, group) in STATUSES {
        transitions(
            status.list(name),
            before.list(name),
            bound,
            group,
            &path.child(name),
            errors,
        );
    }
    claims(status, spec, &path, errors);
    for (name, shown) in [(n::POD_IPS, n::POD_IP), (n::HOST_IPS, n::HOST_IP)] {
        let (addresses, list) = (status.list(name), path.child(name));
        if let Some(first) = addresses.first().filter(|_| name == n::HOST_IPS)
            && first.text(n::IP) != status.text(shown)
        {
            let item = list.item(0);
            errors.invalid(
                &item.child(n::IP),
                first.text(n::IP),
                "must be equal to `hostIP`",
            );
        }
        dns::addresses(addresses, before.list(name), &list, errors);
    }
    for (name, group) in STATUSES {
        containers(status.list(name), spec, group, &path.child(name), errors);
    }
}

fn conditions(status: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    for (i, condition) in status.list(n::CONDITIONS).iter().enumerate() {
        let at = path.item(i);
        let generation = condition.int(n::OBSERVED_GENERATION).unwrap_or(0);
        if generation < 0 {
            let place = at.child(n::OBSERVED_GENERATION);
            errors.invalid(&place, &generation, "must be a non-negative integer");
        }
        let kind = condition.text(n::TYPE);
        if !matches!(kind, "PodScheduled" | "Ready" | "Initialized") {
            errors.check(&at.named("Type"), kind, qualified_name);
        }
    }
}

fn nomination(
    status: &Value<'_>,
    before: &Value<'_>,
    bound: &Value<'_>,
    path: &Path<'_>,
    errors: &mut Errors<'_>,
) {
    let node = status.text(n::NOMINATED_NODE_NAME);
    if node.is_empty() || node == before.text(n::NOMINATED_NODE_NAME) {
        return;
    }
    let place = path.child(n::NOMINATED_NODE_NAME);
    errors.check(&place, node, dns_subdomain);
    if !bound.text(n::NODE_NAME).is_empty() {
        errors.forbidden(
            &place,
            "may not be set on pods that are already bound to a node",
        );
    }
}

/// A container that has ended and is not to be restarted stays ended.
fn transitions(
    new: &[Value<'_>],
    old: &[Value<'_>],
    spec: &Value<'_>,
    group: NameId,
    path: &Path<'_>,
    errors: &mut Errors<'_>,
) {
    let ended = |status: &Value<'_>| status.look(&[n::STATE, n::TERMINATED]).is_some();
    let mut all = [n::INIT_CONTAINERS, n::CONTAINERS]
        .into_iter()
        .flat_map(|g| spec.list(g));
    let restarts_all = |container: &Value<'_>| {
        let mut rules = container.list(n::RESTART_POLICY_RULES).iter();
        rules.any(|rule| rule.text(n::ACTION) == "RestartAllContainers")
    };
    if group != n::EPHEMERAL_CONTAINERS && all.any(restarts_all) {
        return;
    }
    for (i, before) in old.iter().enumerate().filter(|(_, status)| ended(status)) {
        let name = before.text(n::NAME);
        let again = new
            .iter()
            .any(|status| status.text(n::NAME) == name && !ended(status));
        if !again {
            continue;
        }
        let code = before
            .look(&[n::STATE, n::TERMINATED])
            .and_then(|t| t.int(n::EXIT_CODE));
        let mut containers = spec.list(group).iter();
        let container = containers.find(|container| container.text(n::NAME) == name);
        let allowed = group != n::EPHEMERAL_CONTAINERS
            && container.is_some_and(|container| restarts(container, spec, code.unwrap_or(0)));
        if !allowed {
            let item = path.item(i);
            errors.forbidden(
                &item.child(n::STATE),
                "may not be transitioned to non-terminated state",
            );
        }
    }
}

/// Whether a container is restarted after that exit code: by its rules, its policy, the pod's policy.
fn restarts(container: &Value<'_>, spec: &Value<'_>, code: i64) -> bool {
    let own = container.text(n::RESTART_POLICY);
    let ruled = !own.is_empty()
        && container.list(n::RESTART_POLICY_RULES).iter().any(|rule| {
            let values = rule
                .look(&[n::EXIT_CODES, n::VALUES])
                .map_or(&[][..], Value::items);
            let among = values.iter().any(|value| value.as_int() == Some(code));
            match rule
                .get(n::EXIT_CODES)
                .map_or("", |codes| codes.text(n::OPERATOR))
            {
                "In" => among,
                "NotIn" => !among,
                _ => false,
            }
        });
    let policy = if own.is_empty() {
        spec.text(n::RESTART_POLICY)
    } else {
        own
    };
    ruled
        || match policy {
            "OnFailure" => code != 0,
            "Never" => false,
            _ => true,
        }
}

fn claims(status: &Value<'_>, spec: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let (statuses, list) = (
        status.list(n::RESOURCE_CLAIM_STATUSES),
        path.child(n::RESOURCE_CLAIM_STATUSES),
    );
    for (i, claim) in statuses.iter().enumerate() {
        let (item, name) = (list.item(i), claim.text(n::NAME));
        let place = item.child(n::NAME);
        if !spec
            .list(n::RESOURCE_CLAIMS)
            .iter()
            .any(|known| known.text(n::NAME) == name)
        {
            let detail = "must match the name of an entry in `spec.resourceClaims`";
            errors.invalid(&place, name, detail);
        }
        if statuses[..i]
            .iter()
            .any(|other| other.text(n::NAME) == name)
        {
            errors.duplicate(&place, name);
        }
        if let Some(claimed) = claim.get(n::RESOURCE_CLAIM_NAME).and_then(Value::as_text) {
            errors.check(&item.child(n::RESOURCE_CLAIM_NAME), claimed, dns_subdomain);
        }
    }
    if let Some(extended) = status.get(n::EXTENDED_RESOURCE_CLAIM_STATUS) {
        extended_claim(
            extended,
            spec,
            &path.child(n::EXTENDED_RESOURCE_CLAIM_STATUS),
            errors,
        );
    }
    let list = path.child(n::NODE_ALLOCATABLE_RESOURCE_CLAIM_STATUSES);
    for (i, claim) in status
        .list(n::NODE_ALLOCATABLE_RESOURCE_CLAIM_STATUSES)
        .iter()
        .enumerate()
    {
        allocatable_claim(claim, status, spec, &list.item(i), errors);
    }
}

fn allocatable_claim(
    claim: &Value<'_>,
    status: &Value<'_>,
    spec: &Value<'_>,
    path: &Path<'_>,
    errors: &mut Errors<'_>,
) {
    let (name, place) = (
        claim.text(n::RESOURCE_CLAIM_NAME),
        path.child(n::RESOURCE_CLAIM_NAME),
    );
    if name.is_empty() {
        errors.required(&place, "must not be empty");
    }
    let mut known = spec
        .list(n::RESOURCE_CLAIMS)
        .iter()
        .chain(status.list(n::RESOURCE_CLAIM_STATUSES));
    let refers = |known: &Value<'_>| {
        known.get(n::RESOURCE_CLAIM_NAME).and_then(Value::as_text) == Some(name)
    };
    if !known.any(refers) {
        errors.invalid(&place, name, "no mapping found in pod reference");
    }
    if claim.list(n::CONTAINERS).is_empty() {
        errors.required(&path.child(n::CONTAINERS), "must not be empty");
    }
    let place = path.child(n::RESOURCES);
    if claim.map(n::RESOURCES).is_empty() {
        errors.required(&place, "must not be empty");
    }
    for (name, amount) in claim.get(n::RESOURCES).unwrap_or(&Value::Null).texts() {
        if !is_native(name) {
            errors.invalid(
                &place.key(name),
                name,
                "must be a node allocatable resource name",
            );
        }
        if amount::milli(amount).is_none_or(|amount| amount < 0) {
            errors.invalid(&place.key(name), amount, "must be non-negative");
        }
    }
}

fn extended_claim(claim: &Value<'_>, spec: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let (mappings, list) = (
        claim.list(n::REQUEST_MAPPINGS),
        path.child(n::REQUEST_MAPPINGS),
    );
    if mappings.is_empty() {
        errors.required(&list, "at least one request mapping is required");
    }
    let names = [n::CONTAINER_NAME, n::RESOURCE_NAME, n::REQUEST_NAME];
    for (i, mapping) in mappings.iter().enumerate() {
        let item = list.item(i);
        let [container, resource, request] = names.map(|name| mapping.text(name));
        let groups = [n::CONTAINERS, n::INIT_CONTAINERS].into_iter();
        let mut all = groups.flat_map(|group| spec.list(group));
        match all.find(|known| known.text(n::NAME) == container) {
            None => {
                let detail = "must match the name of an entry in spec.initContainers.name or spec.containers.name";
                errors.invalid(&item.child(n::CONTAINER_NAME), container, detail);
            }
            Some(known) => {
                let requests = known.look(&[n::RESOURCES, n::REQUESTS]);
                if requests.is_none_or(|requests| requests.at(resource).is_none()) {
                    let detail = "must match the extended resource name of an entry in \
                                  spec.initContainers.resources.requests or spec.containers.resources.requests";
                    errors.invalid(&item.child(n::RESOURCE_NAME), resource, detail);
                }
            }
        }
        errors.check(&path.child(n::REQUEST_NAME), request, dns_label);
        let same = |other: &Value<'_>| {
            names
                .iter()
                .all(|name| other.text(*name) == mapping.text(*name))
        };
        if mappings[..i].iter().any(same) {
            for name in names {
                errors.duplicate(&item.child(name), mapping.text(name));
            }
        }
    }
    let name = claim.text(n::RESOURCE_CLAIM_NAME);
    if errors.require(&path.child(n::RESOURCE_CLAIM_NAME), name) {
        errors.check(&path.child(n::RESOURCE_CLAIM_NAME), name, dns_subdomain);
    }
}

/// What a status says of its container's user and devices.
fn containers(
    statuses: &[Value<'_>],
    spec: &Value<'_>,
    group: NameId,
    path: &Path<'_>,
    errors: &mut Errors<'_>,
) {
    let os = spec.get(n::OS).map_or("linux", |os| os.text(n::NAME));
    for (i, status) in statuses.iter().enumerate() {
        let at = path.item(i);
        if let Some(user) = status.look(&[n::USER, n::LINUX]) {
            let user_path = at.child(n::USER);
            let place = user_path.child(n::LINUX);
            if os == "windows" {
                errors.forbidden(&place, "cannot be set for a windows pod");
            } else if os == "linux" {
                security::id(
                    Some(user.int(n::UID).unwrap_or(0)),
                    &place.child(n::UID),
                    errors,
                );
                security::id(
                    Some(user.int(n::GID).unwrap_or(0)),
                    &place.child(n::GID),
                    errors,
                );
                let groups = place.child(n::SUPPLEMENTAL_GROUPS);
                for (j, group) in user.list(n::SUPPLEMENTAL_GROUPS).iter().enumerate() {
                    security::id(group.as_int(), &groups.item(j), errors);
                }
            }
        }
        let allocated = status.list(n::ALLOCATED_RESOURCES_STATUS);
        let list = at.child(n::ALLOCATED_RESOURCES_STATUS);
        if group == n::EPHEMERAL_CONTAINERS {
            if !allocated.is_empty() {
                errors.forbidden(&list, "must not be specified in container status");
            }
            continue;
        }
        let mut known = spec.list(group).iter();
        let container = known.find(|known| known.text(n::NAME) == status.text(n::NAME));
        for (j, resource) in allocated.iter().enumerate() {
            self::allocated(resource, container, &list.item(j), errors);
        }
    }
}

fn allocated(
    resource: &Value<'_>,
    container: Option<&Value<'_>>,
    path: &Path<'_>,
    errors: &mut Errors<'_>,
) {
    let name = resource.text(n::NAME);
    let requirements =
        container.map(|container| container.get(n::RESOURCES).unwrap_or(&Value::Null));
    if let Some(requirements) = requirements {
        let claimed = |claim: &Value<'_>| match claim.text(n::REQUEST) {
            "" => name.strip_prefix("claim:") == Some(claim.text(n::NAME)),
            request => name == format!("claim:{}/{request}", claim.text(n::NAME)),
        };
        let (found, detail) = if name.starts_with("claim:") {
            let detail = "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' \
                          or 'claim:<claimName>' if request is empty";
            (requirements.list(n::CLAIMS).iter().any(claimed), detail)
        } else {
            let requests = requirements.get(n::REQUESTS).unwrap_or(&Value::Null);
            (
                requests.at(name).is_some(),
                "must match one of the container's resource requests",
            )
        };
        if !found {
            errors.invalid(&path.child(n::NAME), name, detail);
        }
    }
    let (devices, list) = (resource.list(n::RESOURCES), path.child(n::RESOURCES));
    for (i, device) in devices.iter().enumerate() {
        let (item, id) = (list.item(i), device.text(n::RESOURCE_ID));
        errors.one_of(
            &item.child(n::HEALTH),
            device.text(n::HEALTH),
            &["Healthy", "Unhealthy", "Unknown"],
        );
        if let Some(message) = device.get(n::MESSAGE).and_then(Value::as_text) {
            if message.is_empty() {
                errors.required(&item.child(n::MESSAGE), "must be non-empty if specified");
            } else if message.len() > MESSAGE {
                errors.too_long(&item.child(n::MESSAGE), MESSAGE);
            }
        }
        if devices[..i]
            .iter()
            .any(|other| other.text(n::RESOURCE_ID) == id)
        {
            errors.duplicate(&item.child(n::RESOURCE_ID), id);
        }
    }
}
