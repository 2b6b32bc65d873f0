//! References to images (distribution/reference).

/// `Always` for the tag `latest`, given or implied, else `IfNotPresent`, as for what is no reference.
pub(crate) fn pull_policy(reference: &str) -> &'static str {
    if is_latest(reference) {
        "Always"
    } else {
        "IfNotPresent"
    }
}

fn is_latest(reference: &str) -> bool {
    let (name, digest) = match reference.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (reference, None),
    };
    let slash = name.rfind('/').map_or(0, |at| at + 1);
    let (name, tag) = match name[slash..].find(':') {
        Some(colon) => (&name[..slash + colon], Some(&name[slash + colon + 1..])),
        None => (name, None),
    };
    let readable = is_name(name) && tag.is_none_or(is_tag) && digest.is_none_or(is_digest);
    readable && (tag == Some("latest") || (tag.is_none() && digest.is_none()))
}

/// `[domain/]path`: the first component is a domain if it has a dot, a port or capitals, or is `localhost`.
fn is_name(name: &str) -> bool {
    let identifier =
        name.len() == 64 && name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let path = match name.split_once('/') {
        Some((domain, rest)) if names_domain(domain) => {
            if !is_domain(domain) {
                return false;
            }
            rest
        }
        _ => name,
    };
    !identifier && path.split('/').all(is_component)
}

fn names_domain(first: &str) -> bool {
    let capital = first.bytes().any(|b| b.is_ascii_uppercase());
    first.contains(['.', ':']) || first == "localhost" || capital
}

fn is_domain(domain: &str) -> bool {
    let (host, port) = match domain.rsplit_once(':') {
        Some((host, port)) if !domain.ends_with(']') => (host, Some(port)),
        _ => (domain, None),
    };
    let bracketed = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    let address = |text: &str| text.bytes().all(|b| b.is_ascii_hexdigit() || b == b':');
    let label = |part: &str| {
        let edges = part.bytes().next().zip(part.bytes().last());
        edges.is_some_and(|(a, b)| a.is_ascii_alphanumeric() && b.is_ascii_alphanumeric())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let digits = |port: &str| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    bracketed.map_or_else(|| host.split('.').all(label), address) && port.is_none_or(digits)
}

/// Lower-case words joined by `.`, `_`, `__` or hyphens.
fn is_component(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let mut joint = String::new();
    let mut started = false;
    for byte in text.bytes() {
        if word(byte) {
            let joined = joint.is_empty()
                || matches!(joint.as_str(), "." | "_" | "__")
                || joint.bytes().all(|b| b == b'-');
            if !joined || (!started && !joint.is_empty()) {
                return false;
            }
            joint.clear();
            started = true;
        } else if matches!(byte, b'.' | b'_' | b'-') {
            joint.push(byte as char);
        } else {
            return false;
        }
    }
    started && joint.is_empty()
}

fn is_tag(tag: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    tag.len() <= 128
        && tag.bytes().next().is_some_and(word)
        && tag.bytes().all(|b| word(b) || matches!(b, b'.' | b'-'))
}

fn is_digest(digest: &str) -> bool {
    let Some((algorithm, hex)) = digest.split_once(':') else {
        return false;
    };
    algorithm
        .bytes()
        .next()
        .is_some_and(|b| b.is_ascii_alphabetic())
        && hex.len() >= 32
        && hex.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::pull_policy;

    #[test]
    fn latest_is_always_pulled() {
        let digest = format!("a@sha256:{}", "0".repeat(64));
        for (reference, policy) in [
            ("nginx", "Always"),
            ("nginx:latest", "Always"),
            ("library/nginx", "Always"),
            ("registry:5000/a__b/c-d.e", "Always"),
            ("[::1]:80/a", "Always"),
            ("nginx:1.25", "IfNotPresent"),
            ("registry:5000/a:v1", "IfNotPresent"),
            (digest.as_str(), "IfNotPresent"),
            ("", "IfNotPresent"),
            ("Nginx", "IfNotPresent"),
            ("a b", "IfNotPresent"),
            ("a:", "IfNotPresent"),
            ("a..b", "IfNotPresent"),
            ("-a", "IfNotPresent"),
        ] {
            assert_eq!(pull_policy(reference), policy, "{reference}");
        }
    }
}
