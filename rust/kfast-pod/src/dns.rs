//! How a pod resolves names, and the addresses in it.

use kfast_core::names::{dns_subdomain, dns_subdomain_with_underscore};
use kfast_schema::Value;
use kfast_schema::field::{Errors, Path};
use kfast_schema::names as n;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub(crate) const POLICIES: [&str; 4] =
    ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
const MOST_SERVERS: usize = 3;
const MOST_SEARCHES: usize = 32;
const MOST_CHARACTERS: usize = 2048;

pub(crate) fn validate(spec: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let config = spec.get(n::DNS_CONFIG);
    let servers = config.map_or(&[][..], |config| config.list(n::NAMESERVERS));
    if spec.text(n::DNS_POLICY) == "None" {
        if config.is_none() {
            return errors.required(path, "must provide `dnsConfig` when `dnsPolicy` is None");
        }
        if servers.is_empty() {
            let detail = "must provide at least one DNS nameserver when `dnsPolicy` is None";
            return errors.required(&path.child(n::NAMESERVERS), detail);
        }
    }
    let Some(config) = config else {
        return;
    };
    let list = path.child(n::NAMESERVERS);
    if servers.len() > MOST_SERVERS {
        let all = Value::List(servers.to_vec());
        errors.invalid(&list, &all, "must not have more than 3 nameservers");
    }
    for (i, server) in servers.iter().filter_map(Value::as_text).enumerate() {
        address(server, &list.item(i), errors);
    }
    searches(config, &path.child(n::SEARCHES), errors);
    let list = path.child(n::OPTIONS);
    for (i, option) in config.list(n::OPTIONS).iter().enumerate() {
        if option.text(n::NAME).is_empty() {
            errors.required(&list.item(i), "must not be empty");
        }
    }
}

fn searches(config: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let all = config.list(n::SEARCHES);
    let shown = || Value::List(all.to_vec());
    if all.len() > MOST_SEARCHES {
        errors.invalid(path, &shown(), "must not have more than 32 search paths");
    }
    let texts: Vec<&str> = all.iter().filter_map(Value::as_text).collect();
    if texts.join(" ").len() > MOST_CHARACTERS {
        let detail =
            "must not have more than 2048 characters (including spaces) in the search list";
        errors.invalid(path, &shown(), detail);
    }
    for (i, search) in texts
        .iter()
        .enumerate()
        .filter(|(_, search)| **search != ".")
    {
        let bare = search.strip_suffix('.').unwrap_or(search);
        errors.check(&path.item(i), bare, dns_subdomain_with_underscore);
    }
}

pub(crate) fn host_aliases(spec: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    for (i, alias) in spec.list(n::HOST_ALIASES).iter().enumerate() {
        let at = path.item(i);
        address(alias.text(n::IP), &at.child(n::IP), errors);
        let list = at.child(n::HOSTNAMES);
        for (j, name) in alias
            .list(n::HOSTNAMES)
            .iter()
            .filter_map(Value::as_text)
            .enumerate()
        {
            errors.check(&list.item(j), name, dns_subdomain);
        }
    }
}

/// An IP address as Go read it long ago: zeros may lead the numbers of version 4.
fn parse_sloppy(text: &str) -> Option<IpAddr> {
    let octet = |part: &str| {
        let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let number = digits.then(|| part.trim_start_matches('0'))?;
        if number.is_empty() {
            Some(0)
        } else {
            number.parse::<u8>().ok()
        }
    };
    let four = |text: &str| {
        let octets: Vec<u8> = text.split('.').map(octet).collect::<Option<_>>()?;
        Some(Ipv4Addr::from(<[u8; 4]>::try_from(octets).ok()?))
    };
    if !text.contains(':') {
        return four(text).map(IpAddr::V4);
    }
    let plain = match text.rsplit_once(':') {
        Some((head, tail)) if tail.contains('.') => format!("{head}:{}", four(tail)?),
        _ => text.to_owned(),
    };
    plain.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
}

/// An IP address in plain form.
pub(crate) fn address(text: &str, path: &Path<'_>, errors: &mut Errors<'_>) {
    let Some(parsed) = parse_sloppy(text) else {
        let detail = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
        return errors.invalid(path, text, detail);
    };
    if text.parse::<IpAddr>().is_err() {
        errors.invalid(path, text, "must not have leading 0s");
    }
    if is_mapped(parsed) {
        errors.invalid(path, text, "must not be an IPv4-mapped IPv6 address");
    }
}

fn is_mapped(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(six) if six.to_ipv4_mapped().is_some())
}

/// The warning about an address in unusual form.
pub(crate) fn address_warning(text: &str, path: &Path<'_>) -> Option<String> {
    let parsed = parse_sloppy(text)?;
    let quoted = kfast_core::quote(text);
    let plain = match parsed {
        IpAddr::V6(six) => six.to_ipv4_mapped().map_or(parsed, IpAddr::V4),
        IpAddr::V4(_) => parsed,
    };
    if text.parse::<IpAddr>().is_err() || is_mapped(parsed) {
        return Some(format!(
            "{path}: non-standard IP address {quoted} is invalid: use \"{plain}\""
        ));
    }
    (parsed.is_ipv6() && parsed.to_string() != text).then(|| {
        format!(
            "{path}: IPv6 address {quoted} should be in RFC 5952 canonical format (\"{parsed}\")"
        )
    })
}

/// Up to two addresses, one of each version; old ones may be malformed. `path` is of the list.
pub(crate) fn addresses(
    new: &[Value<'_>],
    old: &[Value<'_>],
    path: &Path<'_>,
    errors: &mut Errors<'_>,
) {
    for (i, address) in new.iter().enumerate() {
        let text = address.text(n::IP);
        if !old.iter().any(|known| known.text(n::IP) == text) {
            self::address(text, &path.item(i), errors);
        }
    }
    if new.len() > 1 {
        let parsed: Vec<_> = new
            .iter()
            .filter_map(|ip| parse_sloppy(ip.text(n::IP)))
            .collect();
        let both = parsed.iter().any(IpAddr::is_ipv4) && parsed.iter().any(IpAddr::is_ipv6);
        if !both || new.len() > 2 {
            let detail = "may specify no more than one IP for each IP family";
            errors.invalid(path, &Value::List(new.to_vec()), detail);
        }
    }
}
