//! Names of signers of certificates, and of the trust bundles they publish (core/validation names.go).

use kfast_core::names::{Rule, dns_label, dns_subdomain, qualified_name};
use kfast_core::quote;
use kfast_schema::Value;
use kfast_schema::field::{Errors, Path};

const DOMAIN: usize = 253;
const LONGEST: usize = DOMAIN + 1 + DOMAIN + 63 + 1;
const ANNOTATIONS_LIMIT: usize = 256 * 1024;

/// Whether the signer is reserved by the project.
pub(crate) fn is_kubernetes(signer: &str) -> bool {
    let host = signer.split('/').next().unwrap_or_default();
    host == "kubernetes.io" || host.ends_with(".kubernetes.io")
}

/// `example.com/signer-name`.
pub(crate) fn validate(signer: &str, path: &Path<'_>, errors: &mut Errors<'_>) {
    if !errors.require(path, signer) {
        return;
    }
    let Some((domain, name)) = signer
        .split_once('/')
        .filter(|(_, name)| !name.contains('/'))
    else {
        let detail =
            "must be a fully qualified domain and path of the form 'example.com/signer-name'";
        return errors.invalid(path, signer, detail);
    };
    if domain.len() > DOMAIN {
        errors.too_long(path, DOMAIN);
    }
    labels(domain, dns_label, path, errors);
    if !domain.contains('.') {
        let detail = "should be a domain with at least two segments separated by dots";
        errors.invalid(path, domain, detail);
    }
    labels(name, dns_subdomain, path, errors);
    if signer.len() > LONGEST {
        errors.too_long(path, LONGEST);
    }
}

/// The complaints about the first part between dots that has any.
fn labels(text: &str, rule: Rule, path: &Path<'_>, errors: &mut Errors<'_>) {
    let mut judged = text.split('.').map(|label| (label, rule(label)));
    if let Some((label, problems)) = judged.find(|(_, problems)| !problems.is_empty()) {
        for problem in problems {
            let detail = format!("validating label {}: {problem}", quote(label));
            errors.invalid(path, text, &detail);
        }
    }
}

/// A trust bundle's name: `<signer with colons>:<name>`, or a plain name of no signer's.
pub(crate) fn bundle_name(name: &str) -> Vec<String> {
    match name.rsplit_once(':') {
        None => dns_subdomain(name),
        Some((_, last)) => dns_subdomain(last),
    }
}

/// Keys are prefixed with a domain; 256 KiB in all.
pub(crate) fn user_annotations(annotations: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let mut size = 0;
    for (key, value) in annotations.texts() {
        size += key.len() + value.len();
        let lower = key.to_lowercase();
        let problems = qualified_name(&lower);
        for problem in &problems {
            errors.invalid(path, lower.as_str(), problem);
        }
        if problems.is_empty() && !lower.contains('/') {
            let detail = "must be a domain-prefixed key (such as \"acme.io/foo\")";
            errors.invalid(path, lower.as_str(), detail);
        }
    }
    if size > ANNOTATIONS_LIMIT {
        errors.too_long(path, ANNOTATIONS_LIMIT);
    }
}
