//! Ports of containers.

use kfast_core::names::port_name;
use kfast_schema::Value;
use kfast_schema::field::{Errors, Path};
use kfast_schema::names as n;

const PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];

/// Between 1 and 65535.
pub(crate) fn number(port: i64, path: &Path<'_>, errors: &mut Errors<'_>) {
    errors.in_range(path, port, 1, 65535);
}

/// A port by number or by name.
pub(crate) fn number_or_name(port: Option<&Value<'_>>, path: &Path<'_>, errors: &mut Errors<'_>) {
    match port {
        Some(Value::Text(name)) => errors.check(path, name, port_name),
        other => number(other.and_then(Value::as_int).unwrap_or(0), path, errors),
    }
}

pub(crate) fn validate(container: &Value<'_>, path: &Path<'_>, errors: &mut Errors<'_>) {
    let mut names: Vec<&str> = Vec::new();
    for (i, port) in container.list(n::PORTS).iter().enumerate() {
        let (at, name) = (path.item(i), port.text(n::NAME));
        if !name.is_empty() {
            let problems = port_name(name);
            for problem in &problems {
                errors.invalid(&at.child(n::NAME), name, problem);
            }
            if problems.is_empty() && names.contains(&name) {
                errors.duplicate(&at.child(n::NAME), name);
            } else if problems.is_empty() {
                names.push(name);
            }
        }
        match port.int(n::CONTAINER_PORT).unwrap_or(0) {
            0 => errors.required(&at.child(n::CONTAINER_PORT), ""),
            port => number(port, &at.child(n::CONTAINER_PORT), errors),
        }
        if let Some(port) = port.int(n::HOST_PORT).filter(|port| *port != 0) {
            number(port, &at.child(n::HOST_PORT), errors);
        }
        let (protocol, place) = (port.text(n::PROTOCOL), at.child(n::PROTOCOL));
        if errors.require(&place, protocol) {
            errors.one_of(&place, protocol, &PROTOCOLS);
        }
    }
}

/// No two of the containers share a port of the host.
pub(crate) fn host_conflicts(containers: &[Value<'_>], path: &Path<'_>, errors: &mut Errors<'_>) {
    let mut taken: Vec<(&str, &str, i64)> = Vec::new();
    for (i, container) in containers.iter().enumerate() {
        let at = path.item(i);
        let list = at.child(n::PORTS);
        for (j, port) in container.list(n::PORTS).iter().enumerate() {
            let Some(number) = port.int(n::HOST_PORT).filter(|port| *port != 0) else {
                continue;
            };
            let (protocol, address) = (port.text(n::PROTOCOL), port.text(n::HOST_IP));
            if taken.contains(&(protocol, address, number)) {
                let here = list.item(j);
                let text = format!("{protocol}/{address}/{number}");
                errors.duplicate(&here.child(n::HOST_PORT), &text);
            } else {
                taken.push((protocol, address, number));
            }
        }
    }
}

/// With the host's network a container's port is the host's.
pub(crate) fn host_network(
    spec: &Value<'_>,
    is_pod: bool,
    path: &Path<'_>,
    errors: &mut Errors<'_>,
) {
    if !spec.flag(n::HOST_NETWORK) {
        return;
    }
    let containers = path.child(n::CONTAINERS);
    for (i, container) in spec.list(n::CONTAINERS).iter().enumerate() {
        let at = containers.item(i);
        let list = at.child(n::PORTS);
        for (j, port) in container.list(n::PORTS).iter().enumerate() {
            let host = port.int(n::HOST_PORT).unwrap_or(0);
            if (is_pod || host != 0) && host != port.int(n::CONTAINER_PORT).unwrap_or(0) {
                let here = list.item(j);
                let detail = "must match `containerPort` when `hostNetwork` is true";
                errors.invalid(&here.child(n::HOST_PORT), &host, detail);
            }
        }
    }
}
