"""PodSecurity: namespaces say by labels which of the Pod Security Standards their pods keep to.

Source: `k8s.io/pod-security-admission` v0.36.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from kfast._core import Object, PodAdmission, PodStandard, Tree
from kfast.api.kind import Body, FieldError
from kfast.api.schema import load_schema
from kfast.apiserver.admission.chain import Attributes, Plugin, Rules, refusal
from kfast.apiserver.admission.pod_trees import tree
from kfast.apiserver.status_errors import invalid, quoted
from kfast.store.protocol import Store

PREFIX = "pod-security.kubernetes.io/"
AUDIT_VIOLATIONS = PREFIX + "audit-violations"
LEVELS = ("privileged", "baseline", "restricted")
MOST_PODS = 3000
MOST_SECONDS = 1.0
"""What of a namespace is looked at when its level is raised."""
_REMEMBERED = 4096
_TEMPLATES: Mapping[str, tuple[str, ...]] = {
    "podtemplates": ("template",),
    "replicationcontrollers": ("spec", "template"),
    "replicasets.apps": ("spec", "template"),
    "deployments.apps": ("spec", "template"),
    "statefulsets.apps": ("spec", "template"),
    "daemonsets.apps": ("spec", "template"),
    "jobs.batch": ("spec", "template"),
    "cronjobs.batch": ("spec", "jobTemplate", "spec", "template"),
}

Standard = tuple[str, str]
"""A level and the version it is of."""
_LATEST: Standard = ("privileged", "latest")


@dataclass(frozen=True, slots=True)
class Policy:
    """What a namespace enforces, audits and warns of."""

    enforce: Standard = _LATEST
    audit: Standard = _LATEST
    warn: Standard = _LATEST

    @property
    def privileged(self) -> bool:
        """Whether it asks for nothing."""
        return self.enforce[0] == self.audit[0] == self.warn[0] == "privileged"


@dataclass(frozen=True, slots=True)
class PodSecurityConfiguration:
    """What holds without labels, and who and what is exempt."""

    defaults: Policy = field(default_factory=Policy)
    usernames: frozenset[str] = frozenset()
    namespaces: frozenset[str] = frozenset()
    runtime_classes: frozenset[str] = frozenset()


class PodSecurity(Plugin):
    """403 for pods that violate what their namespace enforces, warnings and audit annotations for the rest, templates
    included. New pods are the core's, where it can."""

    name = "PodSecurity"
    in_core = True
    rules = Rules(
        create=("pods", "namespaces", *_TEMPLATES),
        update=("pods", "pods/ephemeralcontainers", "pods/resize", "namespaces", *_TEMPLATES),
    )

    def __init__(self, store: Store, configuration: PodSecurityConfiguration | None = None) -> None:
        self._store = store
        self._configuration = configuration or PodSecurityConfiguration()
        self._policies: dict[str, tuple[int, tuple[Policy, list[FieldError]]]] = {}

    def policy(self, attributes: Attributes) -> tuple[Policy, list[FieldError]]:
        """What holds for pods of the request's namespace and user, and what is wrong with the labels."""
        exempt = attributes.namespace in self._configuration.namespaces
        if exempt or (attributes.user is not None and attributes.user.name in self._configuration.usernames):
            attributes.annotate(PREFIX + "exempt", "namespace" if exempt else "user")
            return Policy(), []
        namespace = self._store.get("namespaces", "", attributes.namespace)
        if namespace is None:
            return self._configuration.defaults, []
        known = self._policies.get(namespace.uid)
        if known is None or known[0] != namespace.revision:
            known = namespace.revision, policy_of(namespace.labels, self._configuration.defaults)
            if len(self._policies) >= _REMEMBERED:
                self._policies.clear()
            self._policies[namespace.uid] = known
        return known[1]

    @property
    def exempts_classes(self) -> bool:
        """Whether the runtime class of a pod decides."""
        return bool(self._configuration.runtime_classes)

    def skims(self, attributes: Attributes) -> bool:
        """Where everything is allowed."""
        if attributes.kind.resource != "pods":
            return False
        policy, errors = self.policy(attributes)
        if not policy.privileged or errors:
            return False
        attributes.annotate(PREFIX + "enforce-policy", "privileged:latest")
        return True

    async def validate(self, attributes: Attributes) -> None:
        """Judges pods and templates; checks the labels of namespaces."""
        if attributes.kind.resource == "namespaces":
            self._check_namespace(attributes)
            return
        policy, errors = self.policy(attributes)
        if policy.privileged and not errors:
            if attributes.kind.resource == "pods":
                attributes.annotate(PREFIX + "enforce-policy", "privileged:latest")
            return
        assert attributes.object is not None
        if attributes.kind.resource == "pods":
            if attributes.old is None or _matters(attributes.object, attributes.old):
                self._check_pod(attributes, policy, errors)
            return
        template = _template(attributes.object, _TEMPLATES[attributes.kind.resource])
        if template is not None and not self._exempt(template):
            verdict = rules(policy).judge_template(load_schema(), template)
            _note(attributes, verdict, errors)

    def _check_pod(self, attributes: Attributes, policy: Policy, errors: list[FieldError]) -> None:
        assert attributes.object is not None
        if self._exempt(attributes.object):
            attributes.annotate(PREFIX + "exempt", "runtimeClass")
            return
        verdict = rules(policy).judge(tree(attributes.object))
        attributes.annotate(PREFIX + "enforce-policy", ":".join(policy.enforce))
        _note(attributes, verdict, errors)
        if verdict[0] is not None:
            raise refusal(attributes, verdict[0])

    def _exempt(self, holder: Body) -> bool:
        return (holder.get("spec") or {}).get("runtimeClassName") in self._configuration.runtime_classes

    def _check_namespace(self, attributes: Attributes) -> None:
        new, old = attributes.object, attributes.old
        assert new is not None
        defaults = self._configuration.defaults
        policy, errors = policy_of(new["metadata"].get("labels") or {}, defaults)
        before, old_errors = policy_of((old or {}).get("metadata", {}).get("labels") or {}, defaults)
        if errors and (old is None or errors != old_errors):
            raise invalid("", "Namespace", attributes.name, errors)
        name = new["metadata"].get("name", "")
        if old is not None and not _is_raised(policy.enforce, before.enforce):
            return
        if name in self._configuration.namespaces:
            if not policy.privileged and policy != defaults:
                attributes.warn(_futile(name, policy, new["metadata"].get("labels") or {}))
        elif old is not None:
            for warning in self._violators(name, policy.enforce):
                attributes.warn(warning)

    def _violators(self, namespace: str, standard: Standard) -> list[str]:
        """Warnings of the pods of a namespace that would not be let in any more."""
        deadline = time.monotonic() + MOST_SECONDS
        pods = self._by_relevance(namespace)
        judge, found, checked = PodStandard(*standard), defaultdict[str, list[str]](list), 0
        for pod in pods[:MOST_PODS]:
            checked += 1
            reasons, _ = judge.evaluate(_tree_of(pod))
            if reasons:
                found[reasons].append(pod.name)
            if time.monotonic() > deadline:
                break
        warnings = []
        if checked < len(pods):
            what = f"the first {checked} of {len(pods)} existing pods"
            warnings.append(f"new PodSecurity enforce level only checked against {what}")
        if found:
            level = quoted(":".join(standard))
            warnings.append(
                f"existing pods in namespace {quoted(namespace)} violate the new PodSecurity enforce level {level}"
            )
        return warnings + sorted(_counted(names, reasons) for reasons, names in found.items())

    def _by_relevance(self, namespace: str) -> list[Object]:
        """One pod of each controller before the others."""
        first: list[Object] = []
        more: list[Object] = []
        seen = set()
        for pod in self._store.list("pods", namespace).objects:
            if pod.get("spec", "runtimeClassName") in self._configuration.runtime_classes:
                continue
            owners = pod.get("metadata", "ownerReferences") or ()
            controller = next((owner["uid"] for owner in owners if owner.get("controller")), None)
            (more if controller is not None and controller in seen else first).append(pod)
            seen.add(controller)
        return first + more


def policy_of(labels: Mapping[str, str], defaults: Policy) -> tuple[Policy, list[FieldError]]:
    """What labels of a namespace ask for, and what is wrong with them."""
    found = {"enforce": defaults.enforce, "audit": defaults.audit, "warn": defaults.warn}
    errors: list[FieldError] = []
    stated: set[str] = set()
    for mode, fallback in (("enforce", "restricted"), ("audit", "privileged"), ("warn", "privileged")):
        level, version = labels.get(PREFIX + mode), labels.get(f"{PREFIX}{mode}-version")
        if level is not None and level not in LEVELS:
            errors.append(_wrong(PREFIX + mode, level, f"must be one of {', '.join(LEVELS)}"))
            level = fallback
        elif level is not None:
            stated.add(mode)
        if version is not None and not is_version(version):
            errors.append(_wrong(f"{PREFIX}{mode}-version", version, 'must be "latest" or "v1.x"'))
            version = "latest"
        old_level, old_version = found[mode]
        found[mode] = (old_level if level is None else level, old_version if version is None else version)
    enforced, told = found["enforce"], found["warn"]
    stricter = LEVELS.index(enforced[0]) > LEVELS.index(told[0])
    if stricter and "enforce" in stated and PREFIX + "warn" not in labels:
        found["warn"] = (enforced[0], told[1] if PREFIX + "warn-version" in labels else enforced[1])
    return Policy(**found), errors


@lru_cache(maxsize=256)
def standards(policy: Policy) -> tuple[PodStandard, PodStandard, PodStandard]:
    """The standards of a policy, for the core."""
    return PodStandard(*policy.enforce), PodStandard(*policy.audit), PodStandard(*policy.warn)


@lru_cache(maxsize=256)
def rules(policy: Policy) -> PodAdmission:
    """The core's judge of a policy."""
    return PodAdmission(
        limits=[], accounts=None, policy=standards(policy), priority=False, toleration_seconds=None, quotas=False
    )


def is_version(text: str) -> bool:
    """Whether it names a version of the standards."""
    minor = text.removeprefix("v1.")
    digits = minor.isascii() and minor.isdigit() and (minor == "0" or minor[0] != "0") and len(minor) < 10
    return text == "latest" or (text.startswith("v1.") and digits)


def _wrong(label: str, value: str, why: str) -> FieldError:
    path = f"metadata.labels[{label}]"
    return FieldError(path, "FieldValueInvalid", f"Invalid value: {quoted(value)}: {why}")


def _is_raised(new: Standard, old: Standard) -> bool:
    """Whether pods that were let in may not be any more."""
    if new == old or new[0] == "privileged":
        return False
    return new[1] != old[1] or LEVELS.index(new[0]) > LEVELS.index(old[0])


def _futile(namespace: str, policy: Policy, labels: Mapping[str, str]) -> str:
    stated = []
    for mode in ("enforce", "audit", "warn"):
        level, version = getattr(policy, mode)
        if level != "privileged" and (PREFIX + mode in labels or f"{PREFIX}{mode}-version" in labels):
            stated.append(f"{mode}={level}:{version}")
    what = f"the policy ({', '.join(stated)}) will be ignored"
    return f"namespace {quoted(namespace)} is exempt from Pod Security, and {what}"


def _counted(names: list[str], reasons: str) -> str:
    others = len(names) - 1
    more = "" if not others else " (and 1 other pod)" if others == 1 else f" (and {others} other pods)"
    return f"{min(names)}{more}: {reasons}"


def _note(attributes: Attributes, verdict: tuple[str | None, str | None, str | None], errors: list[FieldError]) -> None:
    _, audit, warning = verdict
    if errors:
        texts = [f"{error.path}: {error.message}" for error in errors]
        joined = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
        attributes.annotate(PREFIX + "error", f"Failed to parse policy: {joined}")
    if audit is not None:
        attributes.annotate(AUDIT_VIOLATIONS, audit)
    if warning is not None:
        attributes.warn(warning)


def _tree_of(pod: Object) -> Tree:
    return load_schema().decode_tree("v1/Pod", pod.to_bytes(), "application/json", "Ignore")[0]


def _template(holder: Body, path: tuple[str, ...]) -> Body | None:
    found: Any = holder
    for name in path:
        found = (found or {}).get(name)
    return found if isinstance(found, dict) else None


def _matters(new: Body, old: Body) -> bool:
    """Whether an update can change the verdict: only containers and their images may change in a pod."""
    now, before = new.get("spec") or {}, old.get("spec") or {}
    for group in ("containers", "initContainers"):
        if _images(now, group) != _images(before, group):
            return True
    known = dict(_named_images(before))
    return any(name not in known or known[name] != image for name, image in _named_images(now))


def _images(spec: Body, group: str) -> list[str]:
    return [container.get("image") or "" for container in spec.get(group) or ()]


def _named_images(spec: Body) -> list[tuple[str, str]]:
    return [(c.get("name") or "", c.get("image") or "") for c in spec.get("ephemeralContainers") or ()]
