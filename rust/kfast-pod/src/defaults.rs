//! What upstream fills into pods and pod templates (core/v1 `SetDefaults_*`).

use crate::amount::{canonical, is_canonical};
use crate::create::drop_disabled;
use crate::image::pull_policy;
use crate::totals;
use kfast_schema::names as n;
use kfast_schema::{Name, NameId, Value};

const FILE_MODE: i64 = 0o644;
const TOKEN_SECONDS: i64 = 3600;
const PROBES: [NameId; 3] = [n::LIVENESS_PROBE, n::READINESS_PROBE, n::STARTUP_PROBE];
/// Volume sources of whole disks: (source, field, value).
const DISKS: [(NameId, NameId, Value<'static>); 11] = [
    (n::HOST_PATH, n::TYPE, Value::fixed("")),
    (n::ISCSI, n::ISCSI_INTERFACE, Value::fixed("default")),
    (n::RBD, n::POOL, Value::fixed("rbd")),
    (n::RBD, n::USER, Value::fixed("admin")),
    (n::RBD, n::KEYRING, Value::fixed("/etc/ceph/keyring")),
    (n::AZURE_DISK, n::CACHING_MODE, Value::fixed("ReadWrite")),
    (n::AZURE_DISK, n::FS_TYPE, Value::fixed("ext4")),
    (n::AZURE_DISK, n::READ_ONLY, Value::Bool(false)),
    (n::AZURE_DISK, n::KIND, Value::fixed("Shared")),
    (
        n::SCALE_IO,
        n::STORAGE_MODE,
        Value::fixed("ThinProvisioned"),
    ),
    (n::SCALE_IO, n::FS_TYPE, Value::fixed("xfs")),
];

/// Sets a property that is absent.
fn fill(object: &mut Value<'_>, name: NameId, value: Value<'static>) {
    if object.get(name).is_none() {
        object.set(name, value);
    }
}

/// Sets a property that is absent or holds Go's zero value.
fn fill_zero(object: &mut Value<'_>, name: NameId, value: Value<'static>) {
    if object.get(name).is_none_or(Value::is_empty) {
        object.set(name, value);
    }
}

/// Changes a property that is there.
fn within(object: &mut Value<'_>, name: NameId, change: impl FnOnce(&mut Value<'_>)) {
    if let Some(inner) = object.get_mut(name) {
        change(inner);
    }
}

/// Init containers as they were written before v1.6.
const INIT_ANNOTATIONS: [&str; 4] = [
    "pod.beta.kubernetes.io/init-containers",
    "pod.alpha.kubernetes.io/init-containers",
    "pod.beta.kubernetes.io/init-container-statuses",
    "pod.alpha.kubernetes.io/init-container-statuses",
];

fn drop_init_annotations(metadata: &mut Value<'_>) {
    if let Some(Value::Object(annotations)) = metadata.get_mut(n::ANNOTATIONS) {
        let old = |name: &Name<'_>| matches!(name, Name::Free(key) if INIT_ANNOTATIONS.contains(&key.as_ref()));
        annotations.retain(|(name, _)| !old(name));
    }
}

/// Fills in a pod.
pub fn pod(pod: &mut Value<'_>) {
    within(pod, n::METADATA, drop_init_annotations);
    let spec = pod.object_at(n::SPEC);
    self::spec(spec);
    if spec
        .int(n::TERMINATION_GRACE_PERIOD_SECONDS)
        .is_some_and(|s| s < 0)
    {
        spec.set(n::TERMINATION_GRACE_PERIOD_SECONDS, Value::Int(1));
    }
    for group in [n::CONTAINERS, n::INIT_CONTAINERS] {
        for container in spec.list_mut(group) {
            within(container, n::RESOURCES, requests_from_limits);
        }
    }
    totals::default_pod_level(spec);
    fill(spec, n::ENABLE_SERVICE_LINKS, Value::Bool(true));
    if spec.flag(n::HOST_NETWORK) {
        for group in [n::CONTAINERS, n::INIT_CONTAINERS] {
            for container in spec.list_mut(group) {
                for port in container.list_mut(n::PORTS) {
                    if let Some(number) = port.int(n::CONTAINER_PORT) {
                        fill_zero(port, n::HOST_PORT, Value::Int(number));
                    }
                }
            }
        }
    }
    within(pod, n::STATUS, |status| {
        let address = status.text(n::POD_IP).to_owned();
        let first = status
            .list(n::POD_IPS)
            .first()
            .map_or("", |ip| ip.text(n::IP));
        if !address.is_empty() && first != address {
            let mut only = Value::EMPTY;
            only.set(n::IP, Value::Text(address.into()));
            status.set(n::POD_IPS, Value::List(vec![only]));
        }
    });
}

/// Fills in a pod template.
pub fn template(template: &mut Value<'_>) {
    drop_init_annotations(template.object_at(n::METADATA));
    spec(template.object_at(n::SPEC));
}

/// Fills in a pod spec, wherever it occurs; what is behind feature gates that are off is dropped.
pub fn spec(spec: &mut Value<'_>) {
    drop_disabled(spec);
    for group in [n::CONTAINERS, n::INIT_CONTAINERS, n::EPHEMERAL_CONTAINERS] {
        for container in spec.list_mut(group) {
            self::container(container);
        }
    }
    for volume in spec.list_mut(n::VOLUMES) {
        self::volume(volume);
    }
    fill_zero(spec, n::RESTART_POLICY, Value::fixed("Always"));
    fill(spec, n::TERMINATION_GRACE_PERIOD_SECONDS, Value::Int(30));
    fill_zero(spec, n::DNS_POLICY, Value::fixed("ClusterFirst"));
    let stated = [n::SERVICE_ACCOUNT_NAME, n::SERVICE_ACCOUNT];
    let account = stated.map(|name| spec.text(name).to_owned());
    if let Some(account) = account.into_iter().find(|name| !name.is_empty()) {
        for name in stated {
            spec.set(name, Value::Text(account.clone().into()));
        }
    }
    fill(spec, n::SECURITY_CONTEXT, Value::EMPTY);
    fill_zero(spec, n::SCHEDULER_NAME, Value::fixed("default-scheduler"));
    within(spec, n::OVERHEAD, amounts);
    within(spec, n::RESOURCES, |resources| {
        within(resources, n::LIMITS, amounts);
        within(resources, n::REQUESTS, amounts);
    });
}

/// Fills in a container, init container or ephemeral container.
fn container(container: &mut Value<'_>) {
    if container.text(n::IMAGE_PULL_POLICY).is_empty() {
        let policy = pull_policy(container.text(n::IMAGE));
        container.set(n::IMAGE_PULL_POLICY, Value::fixed(policy));
    }
    fill_zero(
        container,
        n::TERMINATION_MESSAGE_PATH,
        Value::fixed("/dev/termination-log"),
    );
    fill_zero(
        container,
        n::TERMINATION_MESSAGE_POLICY,
        Value::fixed("File"),
    );
    fill(container, n::RESOURCES, Value::EMPTY);
    within(container, n::RESOURCES, |resources| {
        within(resources, n::LIMITS, amounts);
        within(resources, n::REQUESTS, amounts);
    });
    for port in container.list_mut(n::PORTS) {
        fill_zero(port, n::PROTOCOL, Value::fixed("TCP"));
    }
    for entry in container.list_mut(n::ENV) {
        within(entry, n::VALUE_FROM, |source| {
            within(source, n::FIELD_REF, field_ref);
            within(source, n::FILE_KEY_REF, |file| {
                fill(file, n::OPTIONAL, Value::Bool(false))
            });
        });
    }
    for name in PROBES {
        within(container, name, probe);
    }
    within(container, n::LIFECYCLE, |lifecycle| {
        for hook in [n::POST_START, n::PRE_STOP] {
            within(lifecycle, hook, |hook| within(hook, n::HTTP_GET, http_get));
        }
    });
}

fn probe(probe: &mut Value<'_>) {
    fill_zero(probe, n::TIMEOUT_SECONDS, Value::Int(1));
    fill_zero(probe, n::PERIOD_SECONDS, Value::Int(10));
    fill_zero(probe, n::SUCCESS_THRESHOLD, Value::Int(1));
    fill_zero(probe, n::FAILURE_THRESHOLD, Value::Int(3));
    within(probe, n::HTTP_GET, http_get);
    within(probe, n::GRPC, |grpc| {
        fill(grpc, n::SERVICE, Value::fixed(""))
    });
}

fn http_get(action: &mut Value<'_>) {
    fill_zero(action, n::PATH, Value::fixed("/"));
    fill_zero(action, n::SCHEME, Value::fixed("HTTP"));
}

fn field_ref(reference: &mut Value<'_>) {
    fill_zero(reference, n::API_VERSION, Value::fixed("v1"));
}

fn volume(volume: &mut Value<'_>) {
    let sources = volume
        .entries()
        .iter()
        .filter(|(name, _)| *name != Name::Known(n::NAME));
    if sources.count() == 0 {
        volume.set(n::EMPTY_DIR, Value::EMPTY);
        return;
    }
    for name in [n::SECRET, n::CONFIG_MAP, n::DOWNWARD_API, n::PROJECTED] {
        within(volume, name, |source| {
            fill(source, n::DEFAULT_MODE, Value::Int(FILE_MODE))
        });
    }
    let field_refs = |source: &mut Value<'_>| {
        for item in source.list_mut(n::ITEMS) {
            within(item, n::FIELD_REF, field_ref);
        }
    };
    within(volume, n::DOWNWARD_API, field_refs);
    within(volume, n::PROJECTED, |projected| {
        for source in projected.list_mut(n::SOURCES) {
            within(source, n::SERVICE_ACCOUNT_TOKEN, |token| {
                fill(token, n::EXPIRATION_SECONDS, Value::Int(TOKEN_SECONDS));
            });
            within(source, n::DOWNWARD_API, field_refs);
        }
    });
    within(volume, n::EPHEMERAL, |ephemeral| {
        within(ephemeral, n::VOLUME_CLAIM_TEMPLATE, |claim| {
            claim_spec(claim.object_at(n::SPEC))
        });
    });
    within(volume, n::IMAGE, |image| {
        if image.text(n::PULL_POLICY).is_empty() {
            let policy = pull_policy(image.text(n::REFERENCE));
            image.set(n::PULL_POLICY, Value::fixed(policy));
        }
    });
    disk_source(volume);
}

/// Fills in the volume sources that pods and persistent volumes share.
pub fn disk_source(source: &mut Value<'_>) {
    for (disk, name, value) in DISKS {
        within(source, disk, |disk| fill(disk, name, value));
    }
}

/// Fills in the spec of a persistent volume claim.
pub fn claim_spec(spec: &mut Value<'_>) {
    fill(spec, n::VOLUME_MODE, Value::fixed("Filesystem"));
    let resources = spec.object_at(n::RESOURCES);
    within(resources, n::LIMITS, amounts);
    within(resources, n::REQUESTS, amounts);
}

fn requests_from_limits(resources: &mut Value<'_>) {
    let Some(limits) = resources.get(n::LIMITS) else {
        return;
    };
    let missing: Vec<_> = limits
        .texts()
        .filter(|(name, _)| {
            resources
                .get(n::REQUESTS)
                .is_none_or(|r| r.at(name).is_none())
        })
        .map(|(name, amount)| (name.to_owned(), amount.to_owned()))
        .collect();
    let requests = resources.object_at(n::REQUESTS);
    for (name, amount) in missing {
        requests.put(name.into(), Value::Text(amount.into()));
    }
}

/// Writes the amounts of a resource list canonically, rounded up to thousandths; malformed ones stay for the validation.
pub fn amounts(list: &mut Value<'_>) {
    let Value::Object(entries) = list else {
        return;
    };
    for (_, amount) in entries {
        let new = match amount {
            Value::Text(text) if is_canonical(text) => None,
            Value::Text(text) => canonical(text).filter(|new| new != text),
            Value::Int(number) => canonical(&number.to_string()),
            Value::Double(number) => canonical(&number.to_string()),
            _ => None,
        };
        if let Some(new) = new {
            *amount = Value::Text(new.into());
        }
    }
}
