"""The controllers a cluster runs: those of kube-controller-manager that kfast has."""

from __future__ import annotations

from kfast.controllers import (
    deployment,
    endpoints,
    endpointslice,
    flow_schema_status,
    garbage_collector,
    namespace,
    node_lifecycle,
    pod_gc,
    pv_protection,
    pvc_protection,
    replicaset,
    resource_quota,
    root_ca_publisher,
    serviceaccount,
    taint_eviction,
    vac_protection,
    validating_admission_policy_status,
)
from kfast.runtime import Controller

CONTROLLERS: tuple[Controller, ...] = (
    deployment.CONTROLLER,
    endpoints.CONTROLLER,
    endpointslice.CONTROLLER,
    flow_schema_status.CONTROLLER,
    garbage_collector.CONTROLLER,
    namespace.CONTROLLER,
    node_lifecycle.CONTROLLER,
    pod_gc.CONTROLLER,
    pv_protection.CONTROLLER,
    pvc_protection.CONTROLLER,
    replicaset.CONTROLLER,
    replicaset.REPLICATION_CONTROLLER,
    resource_quota.CONTROLLER,
    root_ca_publisher.CONTROLLER,
    serviceaccount.CONTROLLER,
    taint_eviction.CONTROLLER,
    validating_admission_policy_status.CONTROLLER,
    vac_protection.CONTROLLER,
)
