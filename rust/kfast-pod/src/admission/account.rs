//! Service accounts of pods: the token they are given, and the secrets they may use (plugin ServiceAccount).

use super::{append, or_default};
use crate::scope::GROUPS;
use kfast_schema::names as n;
use kfast_schema::{NameId, Value};
use serde::Deserialize;
use std::collections::BTreeMap;

const MIRROR: &str = "kubernetes.io/config.mirror";
const ENFORCED: &str = "kubernetes.io/enforce-mountable-secrets";
const TOKEN_VOLUME: &str = "kube-api-access-";
const MOUNT_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
const TOKEN_SECONDS: i64 = 3607;
const FILE_MODE: i64 = 0o644;

/// What pods get of a service account.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Account {
    #[serde(deserialize_with = "or_default")]
    metadata: Metadata,
    automount_service_account_token: Option<bool>,
    #[serde(deserialize_with = "or_default")]
    image_pull_secrets: Vec<Named>,
    #[serde(deserialize_with = "or_default")]
    secrets: Vec<Named>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Metadata {
    #[serde(deserialize_with = "or_default")]
    name: String,
    #[serde(deserialize_with = "or_default")]
    annotations: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Named {
    #[serde(deserialize_with = "or_default")]
    name: String,
}

impl Account {
    /// Reads the JSON of a service account.
    ///
    /// # Errors
    /// If it is none.
    pub fn parse(json: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(json)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.metadata.name
    }

    /// Whether pods may use the secrets only that it lists.
    fn limits_secrets(&self) -> bool {
        let stated = self.metadata.annotations.get(ENFORCED).map(String::as_str);
        matches!(stated, Some("1" | "t" | "T" | "true" | "TRUE" | "True"))
    }
}

/// Whether a pod is the API's image of one that its node runs by itself.
#[must_use]
pub fn is_mirror(pod: &Value<'_>) -> bool {
    pod.look(&[n::METADATA, n::ANNOTATIONS])
        .is_some_and(|annotations| annotations.at(MIRROR).is_some())
}

/// The account a pod runs as.
#[must_use]
pub fn account_name<'v>(pod: &'v Value<'_>) -> &'v str {
    let stated = pod
        .get(n::SPEC)
        .map_or("", |spec| spec.text(n::SERVICE_ACCOUNT_NAME));
    if stated.is_empty() { "default" } else { stated }
}

/// Gives a pod the account, its pull secrets and, unless one of them is against it, its token in a volume named with
/// `suffix`.
pub fn complete_account(pod: &mut Value<'_>, account: &Account, suffix: &str) {
    let spec = pod.object_at(n::SPEC);
    if spec.text(n::SERVICE_ACCOUNT_NAME).is_empty() {
        for name in [n::SERVICE_ACCOUNT_NAME, n::SERVICE_ACCOUNT] {
            spec.set(name, Value::Text(account.name().to_owned().into()));
        }
    }
    let stated = spec.bool(n::AUTOMOUNT_SERVICE_ACCOUNT_TOKEN);
    if stated
        .or(account.automount_service_account_token)
        .unwrap_or(true)
    {
        mount_token(spec, suffix);
    }
    if spec.list(n::IMAGE_PULL_SECRETS).is_empty() && !account.image_pull_secrets.is_empty() {
        let named = account.image_pull_secrets.iter().map(|secret| {
            let mut reference = Value::EMPTY;
            reference.set(n::NAME, Value::Text(secret.name.clone().into()));
            reference
        });
        spec.set(n::IMAGE_PULL_SECRETS, Value::List(named.collect()));
    }
}

fn mount_token(spec: &mut Value<'_>, suffix: &str) {
    let volumes = spec
        .list(n::VOLUMES)
        .iter()
        .map(|volume| volume.text(n::NAME));
    let present = volumes
        .filter(|name| name.starts_with(TOKEN_VOLUME))
        .map(str::to_owned)
        .next();
    let there = present.is_some();
    let name = present.unwrap_or_else(|| format!("{TOKEN_VOLUME}{suffix}"));
    let mut mounted = false;
    for group in [n::INIT_CONTAINERS, n::CONTAINERS] {
        for container in spec.list_mut(group) {
            let mut mounts = container.list(n::VOLUME_MOUNTS).iter();
            if mounts.any(|mount| mount.text(n::MOUNT_PATH) == MOUNT_PATH) {
                continue;
            }
            let mut mount = Value::EMPTY;
            mount.set(n::NAME, Value::Text(name.clone().into()));
            mount.set(n::READ_ONLY, Value::Bool(true));
            mount.set(n::MOUNT_PATH, Value::fixed(MOUNT_PATH));
            append(container, n::VOLUME_MOUNTS, mount);
            mounted = true;
        }
    }
    if mounted && !there {
        append(spec, n::VOLUMES, token_volume(name));
    }
}

fn object<'v>(entries: impl IntoIterator<Item = (NameId, Value<'v>)>) -> Value<'v> {
    let mut object = Value::EMPTY;
    for (name, value) in entries {
        object.set(name, value);
    }
    object
}

/// The token, the authority's certificate and the namespace.
fn token_volume(name: String) -> Value<'static> {
    let token = object([
        (n::EXPIRATION_SECONDS, Value::Int(TOKEN_SECONDS)),
        (n::PATH, Value::fixed("token")),
    ]);
    let certificate = object([
        (n::KEY, Value::fixed("ca.crt")),
        (n::PATH, Value::fixed("ca.crt")),
    ]);
    let authority = object([
        (n::NAME, Value::fixed("kube-root-ca.crt")),
        (n::ITEMS, Value::List(vec![certificate])),
    ]);
    let own = object([
        (n::API_VERSION, Value::fixed("v1")),
        (n::FIELD_PATH, Value::fixed("metadata.namespace")),
    ]);
    let namespace = object([(n::PATH, Value::fixed("namespace")), (n::FIELD_REF, own)]);
    let sources = [
        (n::SERVICE_ACCOUNT_TOKEN, token),
        (n::CONFIG_MAP, authority),
        (
            n::DOWNWARD_API,
            object([(n::ITEMS, Value::List(vec![namespace]))]),
        ),
    ];
    let projected = object([
        (
            n::SOURCES,
            Value::List(sources.into_iter().map(|source| object([source])).collect()),
        ),
        (n::DEFAULT_MODE, Value::Int(FILE_MODE)),
    ]);
    object([
        (n::NAME, Value::Text(name.into())),
        (n::PROJECTED, projected),
    ])
}

const KINDS: [(NameId, &str); 3] = [
    (n::INIT_CONTAINERS, "init container"),
    (n::CONTAINERS, "container"),
    (n::EPHEMERAL_CONTAINERS, "ephemeral container"),
];

/// Whether a pod that runs as the account keeps to its secrets.
///
/// # Errors
/// The first one that it may not use.
pub fn check_account(pod: &Value<'_>, account: &Account) -> Result<(), String> {
    if !account.limits_secrets() {
        return Ok(());
    }
    let spec = pod.get(n::SPEC).unwrap_or(&Value::Null);
    let allowed = |name: &str| account.secrets.iter().any(|secret| secret.name == name);
    let by = account.name();
    let why = format!("is not allowed because service account {by} does not reference that");
    for volume in spec.list(n::VOLUMES) {
        let secret = volume
            .get(n::SECRET)
            .map(|secret| secret.text(n::SECRET_NAME));
        if let Some(name) = secret.filter(|name| !allowed(name)) {
            return Err(format!(
                "volume with secret.secretName=\"{name}\" {why} secret"
            ));
        }
    }
    for (group, kind) in KINDS {
        for container in spec.list(group) {
            let of = container.text(n::NAME);
            for (place, name) in environment(container) {
                if !allowed(name) {
                    let uses = format!(
                        "{kind} {of} with {place} referencing secret.secretName=\"{name}\""
                    );
                    return Err(format!("{uses} {why} secret"));
                }
            }
        }
    }
    let pulls = |name: &str| {
        account
            .image_pull_secrets
            .iter()
            .any(|secret| secret.name == name)
    };
    for (at, secret) in spec.list(n::IMAGE_PULL_SECRETS).iter().enumerate() {
        let name = secret.text(n::NAME);
        if !pulls(name) {
            return Err(format!(
                "imagePullSecrets[{at}].name=\"{name}\" {why} imagePullSecret"
            ));
        }
    }
    Ok(())
}

/// Secrets of a container's environment: what refers to them, and their names.
fn environment<'v>(container: &'v Value<'v>) -> impl Iterator<Item = (String, &'v str)> {
    let single = container.list(n::ENV).iter().filter_map(|variable| {
        let reference = variable.look(&[n::VALUE_FROM, n::SECRET_KEY_REF])?;
        Some((
            format!("envVar {}", variable.text(n::NAME)),
            reference.text(n::NAME),
        ))
    });
    let whole = container.list(n::ENV_FROM).iter().filter_map(|source| {
        Some((
            "envFrom".to_owned(),
            source.get(n::SECRET_REF)?.text(n::NAME),
        ))
    });
    single.chain(whole)
}

/// Volume sources with a reference to a secret.
const REFERRING: [NameId; 7] = [
    n::CEPHFS,
    n::CINDER,
    n::FLEX_VOLUME,
    n::RBD,
    n::SCALE_IO,
    n::ISCSI,
    n::STORAGEOS,
];

fn uses_secrets(spec: &Value<'_>) -> bool {
    let of_volume = |volume: &Value<'_>| {
        let refers = |source: NameId| volume.look(&[source, n::SECRET_REF]).is_some();
        let projected = volume
            .get(n::PROJECTED)
            .map_or(&[][..], |projected| projected.list(n::SOURCES));
        volume.get(n::SECRET).is_some()
            || volume.get(n::AZURE_FILE).is_some()
            || volume.look(&[n::CSI, n::NODE_PUBLISH_SECRET_REF]).is_some()
            || REFERRING.into_iter().any(refers)
            || projected
                .iter()
                .any(|source| source.get(n::SECRET).is_some())
    };
    let of_container = |container: &Value<'_>| environment(container).next().is_some();
    !spec.list(n::IMAGE_PULL_SECRETS).is_empty()
        || GROUPS
            .into_iter()
            .any(|group| spec.list(group).iter().any(of_container))
        || spec.list(n::VOLUMES).iter().any(of_volume)
}

/// Whether a mirror pod does without what the API server would have to vouch for.
///
/// # Errors
/// What it may not use.
pub fn check_mirror(pod: &Value<'_>) -> Result<(), String> {
    let spec = pod.get(n::SPEC).unwrap_or(&Value::Null);
    if !spec.text(n::SERVICE_ACCOUNT_NAME).is_empty() {
        return Err("a mirror pod may not reference service accounts".into());
    }
    if uses_secrets(spec) {
        return Err("a mirror pod may not reference secrets".into());
    }
    let mut projected = spec
        .list(n::VOLUMES)
        .iter()
        .filter_map(|volume| volume.get(n::PROJECTED));
    let token = |source: &Value<'_>| source.get(n::SERVICE_ACCOUNT_TOKEN).is_some();
    if projected.any(|projected| projected.list(n::SOURCES).iter().any(token)) {
        return Err("a mirror pod may not use ServiceAccountToken volume projections".into());
    }
    Ok(())
}
