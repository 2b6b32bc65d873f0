"""Audit policies: which requests are recorded, how much of them, at which stages (audit.k8s.io/v1 Policy)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from kfast.api.field_errors import invalid, not_supported, required
from kfast.api.kind import FieldError
from kfast.apiserver.request_info import RequestInfo
from kfast.errors import KfastError
from kfast.meta.exchange import Level, User
from kfast.meta.name_rules import dns_subdomain

Stage = Literal["RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"]

LEVELS: tuple[Level, ...] = ("None", "Metadata", "Request", "RequestResponse")
STAGES: tuple[Stage, ...] = ("RequestReceived", "ResponseStarted", "ResponseComplete", "Panic")
_GROUP_VERSION = "audit.k8s.io/v1"


@dataclass(frozen=True, slots=True)
class Recording:
    """How a request is recorded."""

    level: Level = "None"
    omitted: frozenset[str] = frozenset()
    """Stages without an event."""
    omits_managed_fields: bool = False

    def covers(self, level: Level) -> bool:
        """Whether what belongs to `level` is recorded."""
        return LEVELS.index(level) <= LEVELS.index(self.level)


class Policy:
    """The rules in order; the first that matches decides, and no rule means no record."""

    def __init__(self, policy: dict[str, Any]) -> None:
        """Raises KfastError with every violation."""
        errors = _validate(policy)
        if errors:
            texts = [f"{error.path}: {error.message}" for error in errors]
            raise KfastError(texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]")
        self._rules: list[dict[str, Any]] = policy.get("rules") or []
        if not self._rules:
            raise KfastError("loaded illegal policy with 0 rules")
        omitted, managed = policy.get("omitStages") or [], bool(policy.get("omitManagedFields"))
        self._recordings = [_recording(rule, omitted, managed) for rule in self._rules]

    @classmethod
    def load(cls, path: Path) -> Policy:
        """The policy in a file of YAML or JSON. Raises KfastError that names the file."""
        import yaml  # takes long to load, and most have no policy

        try:
            policy = yaml.safe_load(path.read_text())
            if not isinstance(policy, dict) or policy.get("apiVersion") != _GROUP_VERSION:
                stated = policy.get("apiVersion") if isinstance(policy, dict) else None
                raise KfastError(f"unknown group version field {stated} in policy")
            return cls(policy)
        except OSError as error:
            raise KfastError(f'failed to read file path "{path}": {error.strerror}') from error
        except (yaml.YAMLError, KfastError, UnicodeDecodeError) as error:
            raise KfastError(f"{error}: from file {path}") from error

    def evaluate(self, user: User | None, info: RequestInfo) -> Recording:
        """How a request of `user` is recorded."""
        for rule, recording in zip(self._rules, self._recordings, strict=True):
            if _matches(rule, user, info):
                return recording
        return _NOT_RECORDED


_NOT_RECORDED = Recording()


def _recording(rule: dict[str, Any], omitted: Sequence[str], managed: bool) -> Recording:
    own = rule.get("omitManagedFields")
    stages = frozenset([*omitted, *(rule.get("omitStages") or ())])
    return Recording(rule["level"], stages, managed if own is None else bool(own))


def _matches(rule: dict[str, Any], user: User | None, info: RequestInfo) -> bool:
    users, groups, verbs = rule.get("users"), rule.get("userGroups"), rule.get("verbs")
    if users and (user is None or user.name not in users):
        return False
    if groups and (user is None or not set(groups).intersection(user.groups)):
        return False
    if verbs and info.verb not in verbs:
        return False
    if rule.get("namespaces") or rule.get("resources"):
        return info.is_resource and _matches_resource(rule, info)
    if urls := rule.get("nonResourceURLs"):
        return not info.is_resource and any(_matches_path(info.path, url) for url in urls)
    return True


def _matches_resource(rule: dict[str, Any], info: RequestInfo) -> bool:
    if rule.get("namespaces") and info.namespace not in rule["namespaces"]:
        return False
    resources = rule.get("resources")
    return not resources or any(_covers(entry, info) for entry in resources)


def _covers(entry: dict[str, Any], info: RequestInfo) -> bool:
    if (entry.get("group") or "") not in ("*", info.api_group):
        return False
    names, resources = entry.get("resourceNames"), entry.get("resources")
    if not resources:
        return True
    if names and info.name not in names:
        return False
    wanted = {"*", f"{info.resource}/*", info.resource}
    if info.subresource:
        wanted = {"*", f"{info.resource}/*", f"*/{info.subresource}", f"{info.resource}/{info.subresource}"}
    return not wanted.isdisjoint(resources)


def _matches_path(path: str, pattern: str) -> bool:
    return pattern in ("*", path) or (pattern.endswith("*") and path.startswith(pattern.rstrip("*")))


def _validate(policy: dict[str, Any]) -> list[FieldError]:
    errors: list[FieldError] = []
    _stages(policy.get("omitStages"), "omitStages", errors)
    for i, rule in enumerate(policy.get("rules") or ()):
        path, level = f"rules[{i}]", rule.get("level")
        if not level:
            errors.append(required(f"{path}.level"))
        elif level not in LEVELS:
            errors.append(not_supported(f"{path}.level", level, LEVELS))
        urls = rule.get("nonResourceURLs") or []
        for j, url in enumerate(urls):
            _url(url, f"{path}.nonResourceURLs[{j}]", errors)
        _resources(rule.get("resources") or [], f"{path}.resources", errors)
        _stages(rule.get("omitStages"), f"{path}.omitStages", errors)
        if urls and (rule.get("resources") or rule.get("namespaces")):
            why = "rules cannot apply to both regular resources and non-resource URLs"
            errors.append(invalid(f"{path}.nonResourceURLs", urls, why))
    return errors


def _url(url: str, path: str, errors: list[FieldError]) -> None:
    if url == "*":
        return
    if not url.startswith("/"):
        errors.append(invalid(path, url, "non-resource URL rules must begin with a '/' character"))
    if "*" in url[:-1]:
        errors.append(invalid(path, url, "non-resource URL wildcards '*' must be the final character of the rule"))


def _resources(entries: list[dict[str, Any]], path: str, errors: list[FieldError]) -> None:
    for entry in entries:
        group, names = entry.get("group") or "", entry.get("resourceNames")
        if group not in ("", "*") and (problems := dns_subdomain(group)):
            errors.append(invalid(f"{path}.group", group, ",".join(problems)))
        if names and not entry.get("resources"):
            errors.append(invalid(f"{path}.resourceNames", names, "using resourceNames requires at least one resource"))


def _stages(stages: Sequence[str] | None, path: str, errors: list[FieldError]) -> None:
    for i, stage in enumerate(stages or ()):
        if stage not in STAGES:
            errors.append(invalid(f"{path}[{i}]", stage, f"allowed stages are {','.join(STAGES)}"))
