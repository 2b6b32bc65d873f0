//! Warnings about ports that several containers define.

use crate::scope::each_container;
use kfast_core::quote;
use kfast_schema::Value;
use kfast_schema::field::Path;
use kfast_schema::names as n;

/// One port and where it is.
struct Port<'v> {
    place: String,
    value: &'v Value<'v>,
}

impl Port<'_> {
    fn host(&self) -> (&str, i64) {
        (
            self.value.text(n::HOST_IP),
            self.value.int(n::HOST_PORT).unwrap_or(0),
        )
    }

    fn same(&self, other: &Self) -> bool {
        let key = |port: &Self| {
            (
                port.value.int(n::CONTAINER_PORT),
                port.value.text(n::PROTOCOL).to_owned(),
            )
        };
        key(self) == key(other)
    }
}

pub(crate) fn warnings(spec: &Value<'_>, path: &Path<'_>, found: &mut Vec<String>) {
    let mut ports: Vec<Port<'_>> = Vec::new();
    each_container(spec, path, |container, at| {
        let list = at.child(n::PORTS);
        for (i, value) in container.list(n::PORTS).iter().enumerate() {
            let place = list.item(i).to_string();
            ports.push(Port { place, value });
        }
    });
    for (i, port) in ports.iter().enumerate() {
        let (ip, number) = port.host();
        if !ip.is_empty() && number == 0 {
            found.push(format!(
                "{}: hostIP set without hostPort: {}",
                port.place,
                printed(port.value)
            ));
        }
        for other in ports[..i].iter().filter(|other| other.same(port)) {
            let (other_ip, other_number) = other.host();
            let how = if (ip, number) == (other_ip, other_number) {
                "duplicate"
            } else if number == 0 || other_number == 0 {
                "overlapping"
            } else if number == other_number && (ip.is_empty() != other_ip.is_empty()) {
                "dangerously ambiguous"
            } else {
                continue;
            };
            found.push(format!(
                "{}: {how} port definition with {}",
                port.place, other.place
            ));
        }
    }
    for (i, port) in ports.iter().enumerate() {
        let name = port.value.text(n::NAME);
        let earlier = ports[..i]
            .iter()
            .find(|other| other.value.text(n::NAME) == name);
        if let Some(first) = earlier
            .filter(|_| !name.is_empty())
            .map(|other| &other.place)
        {
            found.push(format!(
                "{}: duplicate port name {} with {first}, services and probes that select ports by name will use {first}",
                port.place,
                quote(name)
            ));
        }
    }
}

/// A port as Go prints the struct.
fn printed(port: &Value<'_>) -> String {
    format!(
        "{{Name:{} HostPort:{} ContainerPort:{} Protocol:{} HostIP:{}}}",
        port.text(n::NAME),
        port.int(n::HOST_PORT).unwrap_or(0),
        port.int(n::CONTAINER_PORT).unwrap_or(0),
        port.text(n::PROTOCOL),
        port.text(n::HOST_IP)
    )
}
