"""All served kinds, and the look-ups over them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kfast.api.admissionregistration import (
    mutating_admission_policy,
    mutating_admission_policy_binding,
    mutating_webhook_configuration,
    validating_admission_policy,
    validating_admission_policy_binding,
    validating_webhook_configuration,
)
from kfast.api.apiextensions import (
    custom_resource_definition,
)
from kfast.api.apiregistration import (
    api_service,
)
from kfast.api.apps import (
    controller_revision,
    daemon_set,
    deployment,
    replica_set,
    stateful_set,
)
from kfast.api.authentication import (
    self_subject_review,
    token_review,
)
from kfast.api.authorization import (
    local_subject_access_review,
    self_subject_access_review,
    self_subject_rules_review,
    subject_access_review,
)
from kfast.api.autoscaling import (
    horizontal_pod_autoscaler,
)
from kfast.api.batch import (
    cron_job,
    job,
)
from kfast.api.certificates import (
    certificate_signing_request,
)
from kfast.api.coordination import (
    lease,
)
from kfast.api.core import (
    binding,
    component_status,
    config_map,
    endpoints,
    limit_range,
    namespace,
    node,
    persistent_volume,
    persistent_volume_claim,
    pod,
    pod_template,
    replication_controller,
    resource_quota,
    secret,
    service,
    service_account,
)
from kfast.api.core import (
    event as core_event,
)
from kfast.api.discovery import (
    endpoint_slice,
)
from kfast.api.events import (
    event as events_event,
)
from kfast.api.flowcontrol import (
    flow_schema,
    priority_level_configuration,
)
from kfast.api.kind import Kind
from kfast.api.networking import (
    ingress,
    ingress_class,
    ip_address,
    network_policy,
    service_cidr,
)
from kfast.api.node import (
    runtime_class,
)
from kfast.api.policy import (
    pod_disruption_budget,
)
from kfast.api.rbac import (
    cluster_role,
    cluster_role_binding,
    role,
    role_binding,
)
from kfast.api.resource import (
    device_class,
    resource_claim,
    resource_claim_template,
    resource_slice,
)
from kfast.api.scheduling import (
    priority_class,
)
from kfast.api.storage import (
    csi_driver,
    csi_node,
    csi_storage_capacity,
    storage_class,
    volume_attachment,
    volume_attributes_class,
)

KINDS: tuple[Kind, ...] = (
    binding.KIND,
    component_status.KIND,
    config_map.KIND,
    endpoints.KIND,
    core_event.KIND,
    limit_range.KIND,
    namespace.KIND,
    node.KIND,
    persistent_volume.KIND,
    persistent_volume_claim.KIND,
    pod.KIND,
    pod_template.KIND,
    replication_controller.KIND,
    resource_quota.KIND,
    secret.KIND,
    service.KIND,
    service_account.KIND,
    mutating_webhook_configuration.KIND,
    validating_webhook_configuration.KIND,
    validating_admission_policy.KIND,
    validating_admission_policy_binding.KIND,
    mutating_admission_policy.KIND,
    mutating_admission_policy_binding.KIND,
    custom_resource_definition.KIND,
    api_service.KIND,
    controller_revision.KIND,
    daemon_set.KIND,
    deployment.KIND,
    replica_set.KIND,
    stateful_set.KIND,
    self_subject_review.KIND,
    token_review.KIND,
    local_subject_access_review.KIND,
    self_subject_access_review.KIND,
    self_subject_rules_review.KIND,
    subject_access_review.KIND,
    horizontal_pod_autoscaler.KIND,
    horizontal_pod_autoscaler.KIND_V1,
    cron_job.KIND,
    job.KIND,
    certificate_signing_request.KIND,
    lease.KIND,
    endpoint_slice.KIND,
    events_event.KIND,
    flow_schema.KIND,
    priority_level_configuration.KIND,
    ingress.KIND,
    ingress_class.KIND,
    ip_address.KIND,
    network_policy.KIND,
    service_cidr.KIND,
    runtime_class.KIND,
    pod_disruption_budget.KIND,
    cluster_role.KIND,
    cluster_role_binding.KIND,
    role.KIND,
    role_binding.KIND,
    device_class.KIND,
    resource_claim.KIND,
    resource_claim_template.KIND,
    resource_slice.KIND,
    priority_class.KIND,
    csi_driver.KIND,
    csi_node.KIND,
    csi_storage_capacity.KIND,
    storage_class.KIND,
    volume_attachment.KIND,
    volume_attributes_class.KIND,
)
"""Every built-in kind in every served version; within a group the preferred version comes first."""


class Catalog:
    """The kinds a server serves: built-in ones, and those that come and go at run time."""

    def __init__(self, kinds: Iterable[Kind] = ()) -> None:
        self.generation = 0
        """Grows with every change."""
        self._by_kind: dict[tuple[str, str, str], Kind] = {}
        self._by_resource: dict[tuple[str, str, str], Kind] = {}
        self.changes = 0
        """How often kinds came or went: what is derived from the catalog is as old as the count it was made at."""
        for kind in kinds:
            self.add(kind)

    def __iter__(self) -> Iterator[Kind]:
        return iter(list(self._by_kind.values()))  # a copy: kinds come and go while others iterate

    def __len__(self) -> int:
        return len(self._by_kind)

    def add(self, kind: Kind) -> None:
        """Adds a kind, in place of an earlier one with the same group, version and plural."""
        earlier = self._by_resource.get((kind.group, kind.version, kind.plural))
        if earlier is not None:
            self.remove(earlier)
        self.changes += 1
        self._by_kind[kind.group, kind.version, kind.kind] = kind
        self._by_resource[kind.group, kind.version, kind.plural] = kind
        self.generation += 1

    def remove(self, kind: Kind) -> None:
        """Stops serving a kind. Raises KeyError if it is not served."""
        self.changes += 1
        del self._by_kind[kind.group, kind.version, kind.kind]
        del self._by_resource[kind.group, kind.version, kind.plural]
        self.generation += 1

    def by_gvk(self, group: str, version: str, kind: str) -> Kind | None:
        """The kind of that name."""
        return self._by_kind.get((group, version, kind))

    def by_resource(self, group: str, version: str, plural: str) -> Kind | None:
        """The kind served under that resource name."""
        return self._by_resource.get((group, version, plural))

    def preferred(self, group_resource: str) -> Kind | None:
        """The kind in its group's preferred version, by `deployments.apps` or `pods`."""
        return next((kind for kind in self if kind.resource == group_resource), None)

    def stored(self, kind: Kind) -> Kind:
        """The declaration a kind is stored as: itself, or the one that holds its storage version."""
        if not kind.storage:
            return kind
        group, _, version = kind.storage.rpartition("/")
        return self._by_kind[group, version, kind.kind]

    def groups(self) -> dict[str, list[str]]:
        """Groups and their versions, preferred ones first, in order of declaration."""
        groups: dict[str, list[str]] = {}
        for kind in self:
            versions = groups.setdefault(kind.group, [])
            if kind.version not in versions:
                versions.append(kind.version)
        return groups


_BUILT_IN = Catalog(KINDS)


def by_gvk(group: str, version: str, kind: str) -> Kind | None:
    """The built-in kind of that name."""
    return _BUILT_IN.by_gvk(group, version, kind)


def by_resource(group: str, version: str, plural: str) -> Kind | None:
    """The built-in kind served under that resource name."""
    return _BUILT_IN.by_resource(group, version, plural)


def preferred(group_resource: str) -> Kind | None:
    """The built-in kind in its group's preferred version."""
    return _BUILT_IN.preferred(group_resource)


def kind(name: str) -> Kind:
    """The built-in kind of that name, such as `Pod`, in its group's preferred version; of a name in several groups the
    first in the catalog (`Event` is core's). Raises KeyError if there is none."""
    found = next((kind for kind in _BUILT_IN if kind.kind == name), None)
    if found is None:
        raise KeyError(f"no kind {name!r}")
    return found


def default_catalog() -> Catalog:
    """A new catalog of all built-in kinds."""
    return Catalog(KINDS)
