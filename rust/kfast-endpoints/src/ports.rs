//! The ports of a service as they are on one pod.

use crate::error::nullable;
use crate::pod::Pod;
use crate::service::{Service, ServicePort, TargetPort};
use serde::{Deserialize, Serialize};

/// A port of an endpoint, in slices and in Endpoints.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Port {
    #[serde(deserialize_with = "nullable")]
    pub name: String,
    #[serde(deserialize_with = "nullable")]
    pub port: i32,
    #[serde(deserialize_with = "nullable")]
    pub protocol: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_protocol: Option<String>,
}

/// The service's ports on the pod, sorted; ports whose name the pod does not know are left out.
pub(crate) fn ports_on(service: &Service<'_>, pod: &Pod<'_>) -> Vec<Port> {
    let mut ports: Vec<Port> = service
        .spec
        .ports
        .iter()
        .filter_map(|port| {
            Some(Port {
                name: port.name.clone(),
                port: number(port, pod)?,
                protocol: port.protocol.clone(),
                app_protocol: port.app_protocol.clone(),
            })
        })
        .collect();
    ports.sort();
    ports
}

fn number(port: &ServicePort, pod: &Pod<'_>) -> Option<i32> {
    match &port.target_port {
        None | Some(TargetPort::Number(0)) => Some(port.port),
        Some(TargetPort::Number(number)) => Some(*number),
        Some(TargetPort::Name(name)) => pod.named_port(name, &port.protocol),
    }
}
