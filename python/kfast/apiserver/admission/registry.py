"""The admission plugins there are."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kfast.api.catalog import Catalog
from kfast.apiserver.admission.always_pull_images import AlwaysPullImages
from kfast.apiserver.admission.certificate_approval import CertificateApproval
from kfast.apiserver.admission.certificate_signing import CertificateSigning
from kfast.apiserver.admission.certificate_subject_restriction import CertificateSubjectRestriction
from kfast.apiserver.admission.chain import Plugin
from kfast.apiserver.admission.configuration import Configured
from kfast.apiserver.admission.default_ingress_class import DefaultIngressClass
from kfast.apiserver.admission.default_storage_class import DefaultStorageClass
from kfast.apiserver.admission.default_toleration_seconds import DefaultTolerationSeconds
from kfast.apiserver.admission.deny_service_external_ips import DenyServiceExternalIPs
from kfast.apiserver.admission.extended_resource_toleration import ExtendedResourceToleration
from kfast.apiserver.admission.hooks import HookKind, Hooks
from kfast.apiserver.admission.limit_ranger import LimitRanger
from kfast.apiserver.admission.mutating_policy import MutatingAdmissionPolicy
from kfast.apiserver.admission.mutating_webhook import MutatingAdmissionWebhook
from kfast.apiserver.admission.namespace_lifecycle import NamespaceLifecycle
from kfast.apiserver.admission.node_declared_feature_validator import NodeDeclaredFeatureValidator
from kfast.apiserver.admission.persistent_volume_claim_resize import PersistentVolumeClaimResize
from kfast.apiserver.admission.pod_resize_validator import PodResizeValidator
from kfast.apiserver.admission.pod_security import PodSecurity
from kfast.apiserver.admission.pod_topology_labels import PodTopologyLabels
from kfast.apiserver.admission.priority import Priority
from kfast.apiserver.admission.resource_quota import ResourceQuota
from kfast.apiserver.admission.runtime_class import RuntimeClass
from kfast.apiserver.admission.service_account import ServiceAccount
from kfast.apiserver.admission.storage_object_in_use_protection import StorageObjectInUseProtection
from kfast.apiserver.admission.taint_nodes_by_condition import TaintNodesByCondition
from kfast.apiserver.admission.validating_policy import ValidatingAdmissionPolicy
from kfast.apiserver.admission.validating_webhook import ValidatingAdmissionWebhook
from kfast.apiserver.authz.authorizer import Authorizer
from kfast.clock import Clock
from kfast.config import ADMISSION_PLUGINS, OFF_BY_DEFAULT
from kfast.errors import KfastError
from kfast.store.protocol import Store

if TYPE_CHECKING:
    from kfast.apiserver.backend import Backend


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What plugins work with; `suffix` ends generated names, `backend` is asked once requests come."""

    store: Store
    catalog: Catalog
    clock: Clock
    authorizer: Authorizer
    suffix: Callable[[], str]
    backend: Callable[[], Backend]
    configured: Configured = field(default_factory=Configured)


def _hooks(around: Surroundings, kind: HookKind, plugin: str) -> Hooks:
    users = around.configured.webhook_users.get(plugin)
    return Hooks(around.store, around.catalog, kind, around.authorizer, users)


_PLUGINS: dict[str, Callable[[Surroundings], Plugin]] = {
    "NamespaceLifecycle": lambda s: NamespaceLifecycle(s.store),
    "LimitRanger": lambda s: LimitRanger(s.store),
    "ServiceAccount": lambda s: ServiceAccount(s.store, s.clock, s.suffix),
    "TaintNodesByCondition": lambda _: TaintNodesByCondition(),
    "AlwaysPullImages": lambda _: AlwaysPullImages(),
    "PodSecurity": lambda s: PodSecurity(s.store, s.configured.pod_security),
    "Priority": lambda s: Priority(s.store),
    "DefaultTolerationSeconds": lambda _: DefaultTolerationSeconds(),
    "ExtendedResourceToleration": lambda _: ExtendedResourceToleration(),
    "DefaultStorageClass": lambda s: DefaultStorageClass(s.store),
    "StorageObjectInUseProtection": lambda _: StorageObjectInUseProtection(),
    "PersistentVolumeClaimResize": lambda s: PersistentVolumeClaimResize(s.store),
    "RuntimeClass": lambda s: RuntimeClass(s.store),
    "CertificateApproval": lambda s: CertificateApproval(s.authorizer),
    "CertificateSigning": lambda s: CertificateSigning(s.authorizer),
    "CertificateSubjectRestriction": lambda _: CertificateSubjectRestriction(),
    "DefaultIngressClass": lambda s: DefaultIngressClass(s.store),
    "DenyServiceExternalIPs": lambda _: DenyServiceExternalIPs(),
    "PodTopologyLabels": lambda s: PodTopologyLabels(s.store),
    "NodeDeclaredFeatureValidator": lambda s: NodeDeclaredFeatureValidator(s.store),
    "PodResizeValidator": lambda s: PodResizeValidator(s.store),
    "MutatingAdmissionPolicy": lambda s: MutatingAdmissionPolicy(s.store, s.catalog, s.authorizer, s.backend),
    "MutatingAdmissionWebhook": lambda s: MutatingAdmissionWebhook(
        _hooks(s, "mutating", "MutatingAdmissionWebhook"), s.backend
    ),
    "ValidatingAdmissionPolicy": lambda s: ValidatingAdmissionPolicy(s.store, s.catalog, s.authorizer, s.backend),
    "ValidatingAdmissionWebhook": lambda s: ValidatingAdmissionWebhook(
        _hooks(s, "validating", "ValidatingAdmissionWebhook"), s.backend
    ),
    "ResourceQuota": lambda s: ResourceQuota(s.store, s.clock, s.configured.limited_resources),
}


def plugins(around: Surroundings, without: Collection[str], also: Collection[str] = ()) -> list[Plugin]:
    """Those of ADMISSION_PLUGINS (kfast.config) that are not in `without`, of OFF_BY_DEFAULT those in `also`.
    Raises KfastError for a plugin that is in both."""
    if both := sorted(set(without) & set(also)):
        raise KfastError(f"{both} in enable-admission-plugins and disable-admission-plugins overlapped")
    off = OFF_BY_DEFAULT.difference(also).union(without)
    return [_PLUGINS[name](around) for name in ADMISSION_PLUGINS if name not in off]
