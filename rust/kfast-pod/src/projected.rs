//! Projected volumes (core/validation `validateProjectionSources`).

use crate::files::{default_mode, downward_file, key_to_path};
use crate::paths;
use crate::scope::Scope;
use crate::signer;
use kfast_schema::field::{Errors, Path};
use kfast_schema::metadata::validate_selector;
use kfast_schema::names as n;
use kfast_schema::{NameId, Value};

const KEY_TYPES: [&str; 6] = [
    "RSA3072",
    "RSA4096",
    "ECDSAP256",
    "ECDSAP384",
    "ECDSAP521",
    "ED25519",
];
const DAY: i64 = 24 * 3600;
const CONFLICT: &str = "conflicting duplicate paths";

/// The paths of the files so far.
#[derive(Default)]
struct Files<'v>(Vec<&'v str>);

impl<'v> Files<'v> {
    /// Notes a path, unless it is taken.
    fn add(&mut self, path: &'v str) -> bool {
        let free = !self.0.contains(&path);
        if free {
            self.0.push(path);
        }
        free
    }
}

pub(crate) fn volume(
    source: &Value<'_>,
    path: &Path<'_>,
    scope: &Scope<'_>,
    errors: &mut Errors<'_>,
) {
    default_mode(source, path, errors);
    let list = path.child(n::SOURCES);
    let mut files = Files::default();
    for (i, source) in source.list(n::SOURCES).iter().enumerate() {
        let at = list.item(i);
        for (name, titled) in [(n::SECRET, n::NAME), (n::CONFIG_MAP, n::NAME)] {
            if let Some(keys) = source.get(name) {
                self::keys(keys, titled, &at.child(name), path, &mut files, errors);
            }
        }
        if let Some(downward) = source.get(n::DOWNWARD_API) {
            for file in downward.list(n::ITEMS) {
                downward_file(file, &at.child(n::DOWNWARD_API), errors);
                let text = file.text(n::PATH);
                if !text.is_empty() && !files.add(text) {
                    errors.invalid(path, text, CONFLICT);
                }
            }
        }
        if let Some(token) = source.get(n::SERVICE_ACCOUNT_TOKEN) {
            self::token(
                token,
                &at.child(n::SERVICE_ACCOUNT_TOKEN),
                path,
                scope,
                errors,
            );
        }
        if let Some(bundle) = source.get(n::CLUSTER_TRUST_BUNDLE) {
            self::bundle(
                bundle,
                &at.child(n::CLUSTER_TRUST_BUNDLE),
                path,
                &mut files,
                errors,
            );
        }
        if let Some(certificate) = source.get(n::POD_CERTIFICATE) {
            let place = at.child(n::POD_CERTIFICATE);
            self::certificate(certificate, &place, path, &mut files, errors);
        }
        if source.entries().len() > 1 {
            errors.forbidden(&at, "may not specify more than 1 volume type per source");
        }
    }
}

fn keys<'v>(
    source: &'v Value<'_>,
    titled: NameId,
    at: &Path<'_>,
    volume: &Path<'_>,
    files: &mut Files<'v>,
    errors: &mut Errors<'_>,
) {
    errors.require(&at.child(titled), source.text(titled));
    let items = at.child(n::ITEMS);
    for (i, item) in source.list(n::ITEMS).iter().enumerate() {
        key_to_path(item, &items.item(i), errors);
        let text = item.text(n::PATH);
        if !text.is_empty() && !files.add(text) {
            errors.invalid(volume, source.text(titled), CONFLICT);
        }
    }
}

fn token(
    token: &Value<'_>,
    at: &Path<'_>,
    volume: &Path<'_>,
    scope: &Scope<'_>,
    errors: &mut Errors<'_>,
) {
    let (seconds, place) = (
        token.int(n::EXPIRATION_SECONDS).unwrap_or(0),
        at.child(n::EXPIRATION_SECONDS),
    );
    if seconds < 600 {
        errors.invalid(
            &place,
            &seconds,
            "may not specify a duration less than 10 minutes",
        );
    }
    if seconds > 1 << 32 {
        errors.invalid(
            &place,
            &seconds,
            "may not specify a duration larger than 2^32 seconds",
        );
    }
    let (text, place) = (token.text(n::PATH), volume.child(n::PATH));
    if errors.require(&place, text) && !scope.tolerated.token_path {
        paths::unreserved(text, &place, errors);
    }
}

fn bundle<'v>(
    bundle: &'v Value<'_>,
    at: &Path<'_>,
    volume: &Path<'_>,
    files: &mut Files<'v>,
    errors: &mut Errors<'_>,
) {
    let stated = |name| bundle.get(name).and_then(Value::as_text);
    let selector = bundle.get(n::LABEL_SELECTOR);
    match (stated(n::NAME), stated(n::SIGNER_NAME)) {
        (Some(_), Some(_)) => {
            errors.invalid(at, bundle, "only one of name and signerName may be used");
        }
        (Some(name), None) => {
            if name.is_empty() {
                errors.required(&at.child(n::NAME), "must be a valid object name");
            }
            for problem in signer::bundle_name(name) {
                let detail = format!("not a valid clustertrustbundlename: {problem}");
                errors.invalid(&at.child(n::NAME), name, &detail);
            }
            if let Some(selector) = selector {
                let detail = "labelSelector must be unset if name is specified";
                errors.invalid(&at.child(n::LABEL_SELECTOR), selector, detail);
            }
        }
        (None, Some(signer)) => {
            if signer.is_empty() {
                errors.required(&at.child(n::SIGNER_NAME), "must be a valid signer name");
            }
            signer::validate(signer, &at.child(n::SIGNER_NAME), errors);
            if let Some(selector) = selector {
                validate_selector(selector, &at.child(n::LABEL_SELECTOR), false, errors);
            }
        }
        (None, None) => errors.required(at, "either name or signerName must be specified"),
    }
    let text = bundle.text(n::PATH);
    errors.require(&at.child(n::PATH), text);
    paths::unreserved(text, &at.child(n::PATH), errors);
    if !files.add(text) {
        errors.invalid(volume, text, CONFLICT);
    }
}

fn certificate<'v>(
    certificate: &'v Value<'_>,
    at: &Path<'_>,
    volume: &Path<'_>,
    files: &mut Files<'v>,
    errors: &mut Errors<'_>,
) {
    let signer = certificate.text(n::SIGNER_NAME);
    signer::validate(signer, &at.child(n::SIGNER_NAME), errors);
    if let Some(annotations) = certificate.get(n::USER_ANNOTATIONS) {
        signer::user_annotations(annotations, &at.child(n::USER_ANNOTATIONS), errors);
    }
    errors.one_of(
        &at.child(n::KEY_TYPE),
        certificate.text(n::KEY_TYPE),
        &KEY_TYPES,
    );
    if let Some(seconds) = certificate.int(n::MAX_EXPIRATION_SECONDS) {
        let place = at.child(n::MAX_EXPIRATION_SECONDS);
        if seconds < 3600 {
            errors.invalid(
                &place,
                &seconds,
                "if provided, maxExpirationSeconds must be >= 3600",
            );
        }
        let most = if signer::is_kubernetes(signer) {
            DAY
        } else {
            91 * DAY
        };
        if seconds > most {
            let detail = format!("if provided, maxExpirationSeconds must be <= {most}");
            errors.invalid(&place, &seconds, &detail);
        }
    }
    let mut given = 0;
    for name in [
        n::CREDENTIAL_BUNDLE_PATH,
        n::KEY_PATH,
        n::CERTIFICATE_CHAIN_PATH,
    ] {
        let text = certificate.text(name);
        if text.is_empty() {
            continue;
        }
        given += 1;
        paths::unreserved(text, &at.child(name), errors);
        if !files.add(text) {
            errors.invalid(volume, text, CONFLICT);
        }
    }
    if given == 0 {
        let detail =
            "specify at least one of credentialBundlePath, keyPath, and certificateChainPath";
        errors.required(at, detail);
    }
}
