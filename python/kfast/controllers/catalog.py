"""The controllers a cluster runs: those of kube-controller-manager that kfast has."""

from __future__ import annotations

from kfast.controllers import (
    deployment,
    endpoints,
    endpointslice,
    garbage_collector,
    namespace,
    node_lifecycle,
    pod_gc,
    replicaset,
    root_ca_publisher,
    serviceaccount,
    taint_eviction,
)
from kfast.runtime import Controller

CONTROLLERS: tuple[Controller, ...] = (
    deployment.CONTROLLER,
    endpoints.CONTROLLER,
    endpointslice.CONTROLLER,
    garbage_collector.CONTROLLER,
    namespace.CONTROLLER,
    node_lifecycle.CONTROLLER,
    pod_gc.CONTROLLER,
    replicaset.CONTROLLER,
    replicaset.REPLICATION_CONTROLLER,
    root_ca_publisher.CONTROLLER,
    serviceaccount.CONTROLLER,
    taint_eviction.CONTROLLER,
)
