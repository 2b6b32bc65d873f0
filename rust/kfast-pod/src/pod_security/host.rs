//! What a pod shares with its host.

use super::{Finding, Pod, Texts, finding, named, plural, quoted};
use kfast_schema::names as n;
use kfast_schema::{NameId, Value};
use std::collections::BTreeSet;

pub(super) fn namespaces(pod: &Pod<'_>) -> Option<Finding> {
    let all = [
        (n::HOST_NETWORK, "hostNetwork=true"),
        (n::HOST_PID, "hostPID=true"),
        (n::HOST_IPC, "hostIPC=true"),
    ];
    let shared = all.into_iter().filter(|(name, _)| pod.spec.flag(*name));
    let shared: Vec<&str> = shared.map(|(_, text)| text).collect();
    (!shared.is_empty()).then(|| finding("host namespaces", shared.join(", ")))
}

pub(super) fn ports(pod: &Pod<'_>) -> Option<Finding> {
    let mut taken = BTreeSet::new();
    let bad = pod.bad(|container| {
        let ports = container
            .list(n::PORTS)
            .iter()
            .filter_map(|port| port.int(n::HOST_PORT));
        let before: Vec<String> = ports
            .filter(|port| *port != 0)
            .map(|port| port.to_string())
            .collect();
        let any = !before.is_empty();
        taken.extend(before);
        any
    });
    if bad.is_empty() {
        return None;
    }
    let uses = plural("uses", "use", bad.len());
    let what = plural("hostPort", "hostPorts", taken.len());
    let taken = taken.into_iter().collect::<Vec<_>>().join(", ");
    Some(finding(
        "hostPort",
        format!("{} {uses} {what} {taken}", named(&bad)),
    ))
}

const PROBES: [NameId; 3] = [n::LIVENESS_PROBE, n::READINESS_PROBE, n::STARTUP_PROBE];
const HOOKS: [NameId; 2] = [n::POST_START, n::PRE_STOP];

/// The hosts that probes and hooks of a container name.
fn hosts<'v>(container: &'v Value<'v>) -> impl Iterator<Item = &'v str> {
    let probes = PROBES.into_iter().filter_map(|name| container.get(name));
    let hooks = HOOKS
        .into_iter()
        .filter_map(|name| container.look(&[n::LIFECYCLE, name]));
    let actions = [n::HTTP_GET, n::TCP_SOCKET];
    let called = probes
        .chain(hooks)
        .flat_map(move |handler| actions.into_iter().filter_map(|a| handler.get(a)));
    called
        .map(|action| action.text(n::HOST))
        .filter(|host| !host.is_empty())
}

pub(super) fn probes(pod: &Pod<'_>) -> Option<Finding> {
    let mut named_hosts = Texts::new();
    let bad = pod.bad(|container| {
        named_hosts.extend(hosts(container));
        hosts(container).next().is_some()
    });
    if bad.is_empty() {
        return None;
    }
    let bad: BTreeSet<&str> = bad.into_iter().collect();
    let bad: Vec<&str> = bad.into_iter().collect();
    let uses = plural("uses", "use", bad.len());
    let what = plural(
        "probe or lifecycle host",
        "probe or lifecycle hosts",
        named_hosts.len(),
    );
    let detail = format!("{} {uses} {what} {}", named(&bad), quoted(named_hosts));
    Some(finding("probe or lifecycle host", detail))
}
