//! Warnings about volumes whose files get in each other's way.

use kfast_core::quote;
use kfast_schema::names as n;
use kfast_schema::{NameId, Value};

/// A path and where its content comes from.
#[derive(PartialEq)]
struct File {
    path: String,
    source: String,
}

impl File {
    fn shown(&self) -> String {
        if self.source.is_empty() {
            quote(&self.path)
        } else {
            format!("{} ({})", quote(&self.path), self.source)
        }
    }

    /// Whether one is the other, or a directory above it.
    fn overlaps(&self, other: &Self) -> bool {
        let slashed = |path: &str| format!("{path}/");
        let (a, b) = (slashed(&self.path), slashed(&other.path));
        !self.path.is_empty() && !other.path.is_empty() && (a.starts_with(&b) || b.starts_with(&a))
    }
}

pub(crate) fn warnings(spec: &Value<'_>, found: &mut Vec<String>) {
    for volume in spec.list(n::VOLUMES) {
        let name = volume.text(n::NAME);
        for (kind, title, titled) in [
            (n::CONFIG_MAP, "ConfigMap", Some(n::NAME)),
            (n::SECRET, "Secret", Some(n::SECRET_NAME)),
            (n::DOWNWARD_API, "DownwardAPI", None),
        ] {
            if let Some(source) = volume.get(kind) {
                let description = described(title, titled, source);
                overlaps(name, &description, files(source, ""), found);
            }
        }
        if let Some(projected) = volume.get(n::PROJECTED) {
            self::projected(name, projected, found);
        }
    }
}

fn described(title: &str, titled: Option<NameId>, source: &Value<'_>) -> String {
    titled.map_or_else(
        || title.to_owned(),
        |name| format!("{title} {}", quote(source.text(name))),
    )
}

fn files(source: &Value<'_>, from: &str) -> Vec<File> {
    let items = source.list(n::ITEMS).iter();
    items.map(|item| file(item.text(n::PATH), from)).collect()
}

fn file(path: &str, source: &str) -> File {
    File {
        path: path.trim_end_matches('/').to_owned(),
        source: source.to_owned(),
    }
}

fn overlaps(volume: &str, description: &str, files: Vec<File>, found: &mut Vec<String>) {
    for (i, file) in files.iter().enumerate() {
        for other in files[..i].iter().filter(|other| other.overlaps(file)) {
            found.push(format!(
                "volume {} ({description}): overlapping paths: {} with {}",
                quote(volume),
                file.shown(),
                other.shown()
            ));
        }
    }
}

fn projected(volume: &str, projected: &Value<'_>, found: &mut Vec<String>) {
    let mut all = Vec::new();
    for source in projected.list(n::SOURCES) {
        if source.is_empty() {
            found.push(format!(
                "volume {} (Projected) has no sources provided",
                quote(volume)
            ));
            continue;
        }
        all.append(&mut of_source(source));
    }
    overlaps(volume, "Projected", all, found);
}

fn of_source(source: &Value<'_>) -> Vec<File> {
    for (kind, title) in [(n::CONFIG_MAP, "ConfigMap"), (n::SECRET, "Secret")] {
        if let Some(keys) = source
            .get(kind)
            .filter(|keys| !keys.list(n::ITEMS).is_empty())
        {
            return files(keys, &described(title, Some(n::NAME), keys));
        }
    }
    if let Some(downward) = source
        .get(n::DOWNWARD_API)
        .filter(|d| !d.list(n::ITEMS).is_empty())
    {
        return files(downward, "DownwardAPI");
    }
    if let Some(token) = source.get(n::SERVICE_ACCOUNT_TOKEN) {
        return vec![file(token.text(n::PATH), "ServiceAccountToken")];
    }
    if let Some(bundle) = source.get(n::CLUSTER_TRUST_BUNDLE) {
        let named = if bundle.get(n::NAME).is_some() {
            n::NAME
        } else {
            n::SIGNER_NAME
        };
        let from = described("ClusterTrustBundle", Some(named), bundle);
        return vec![file(bundle.text(n::PATH), &from)];
    }
    let certificate = source.get(n::POD_CERTIFICATE).unwrap_or(&Value::Null);
    let stated = [
        (n::CERTIFICATE_CHAIN_PATH, "PodCertificate chain"),
        (n::KEY_PATH, "PodCertificate key"),
        (
            n::CREDENTIAL_BUNDLE_PATH,
            "PodCertificate credential bundle",
        ),
    ];
    let given = stated
        .iter()
        .filter(|(name, _)| !certificate.text(*name).is_empty());
    given
        .map(|(name, title)| file(certificate.text(*name), title))
        .collect()
}
