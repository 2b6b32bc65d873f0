"""New pods in the core: what the plugins of a chain do to them, told the core once for each namespace and change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kfast._core import Object, PodAdmission
from kfast.api.core.quota_usage import use_of
from kfast.api.kind import Used
from kfast.apiserver.admission.chain import Attributes, Plugin
from kfast.apiserver.admission.default_toleration_seconds import SECONDS, DefaultTolerationSeconds
from kfast.apiserver.admission.limit_ranger import LimitRanger
from kfast.apiserver.admission.pod_security import PodSecurity, Policy, standards
from kfast.apiserver.admission.pod_topology_labels import PodTopologyLabels
from kfast.apiserver.admission.priority import Priority
from kfast.apiserver.admission.resource_quota import ResourceQuota
from kfast.apiserver.admission.service_account import DEFAULT, ServiceAccount
from kfast.errors import StatusError
from kfast.meta.exchange import Binding

_MOST = 4096
"""Namespaces remembered."""


@dataclass(slots=True)
class _Known:
    """The rules of a namespace, what they are made of (`key`), and what tells soonest that this is still so."""

    seen: int
    policy: Policy | None
    quotas: bool
    key: object
    accounts: Sequence[Object] | None
    made: PodAdmission


class NewPods:
    """The core's rules for the pods of a namespace; made anew when what they are made of changes."""

    def __init__(self, plugins: Sequence[Plugin]) -> None:
        self._limits = _one(plugins, LimitRanger)
        self._accounts = _one(plugins, ServiceAccount)
        self._security = _one(plugins, PodSecurity)
        self._quotas = _one(plugins, ResourceQuota)
        self._topology = _one(plugins, PodTopologyLabels)
        self._priority = _one(plugins, Priority) is not None
        self._seconds = SECONDS if _one(plugins, DefaultTolerationSeconds) is not None else None
        self._known: dict[str, _Known] = {}

    async def rules(self, attributes: Attributes) -> PodAdmission | None:
        """The rules for pods of the request; None if the plugins have to look at them."""
        namespace = attributes.namespace
        known = self._known.get(namespace)
        if known is None or known.seen != self._version():
            accounts = await self._accounts.known(namespace) if self._accounts is not None else None
        elif known.policy is self._policy(attributes) and known.quotas == self._has_quotas(namespace):
            return known.made
        else:
            accounts = known.accounts
        policy = self._policy(attributes)
        if self._security is not None and policy is None:
            return None
        limits = self._limits.ranges(namespace) if self._limits is not None else ()
        quotas = self._has_quotas(namespace)
        # Without its default account a namespace is waited for again.
        settled = accounts is None or any(account.name == DEFAULT for account in accounts)
        seen = self._version() if settled else -1
        marks = None if accounts is None else [account.revision for account in accounts]
        key = (marks, [found.revision for found in limits], policy, quotas)
        known = self._known.get(namespace)
        if known is not None and known.key == key:
            known.seen, known.policy = seen, policy
            return known.made
        made = PodAdmission(
            limits=list(limits),
            accounts=None if accounts is None else list(accounts),
            policy=standards(policy) if policy is not None else None,
            priority=self._priority,
            toleration_seconds=self._seconds,
            quotas=quotas,
        )
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[namespace] = _Known(seen, policy, quotas, key, accounts, made)
        return made

    def _policy(self, attributes: Attributes) -> Policy | None:
        """What Pod Security asks for; None if the plugin has to look at pods, or there is none."""
        if self._security is None:
            return None
        policy, errors = self._security.policy(attributes)
        return None if errors or (self._security.exempts_classes and not policy.privileged) else policy

    def _has_quotas(self, namespace: str) -> bool:
        return self._quotas is not None and bool(self._quotas.watches_over(namespace))

    def _version(self) -> int:
        """Grows whenever accounts or limits change, of whatever namespace."""
        accounts = self._accounts.version() if self._accounts is not None else 0
        return accounts + (self._limits.version() if self._limits is not None else 0)

    def labelled(self, bindings: list[Binding]) -> list[Binding]:
        """The bindings with the labels that pods get of their nodes."""
        return bindings if self._topology is None else self._topology.labelled(bindings)

    async def charge(self, attributes: Attributes, pods: Sequence[tuple[str, Used]]) -> list[StatusError | None]:
        """Charges the quotas with pods, (name, what it takes); the refusal of each."""
        assert self._quotas is not None
        charged = await self._quotas.charge(attributes, [(name, use_of(used)) for name, used in pods])
        return list(charged)


def _one(plugins: Sequence[Plugin], kind: type[Any]) -> Any:
    return next((plugin for plugin in plugins if isinstance(plugin, kind)), None)
