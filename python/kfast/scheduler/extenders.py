"""HTTP extenders: other processes that filter, score, pick victims and bind, by the JSON of upstream's extender API."""

from __future__ import annotations

import asyncio
import logging
import ssl
import tempfile
from array import array
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from kfast._core import Object
from kfast._core import Scheduler as Core
from kfast.meta.exchange import Binding
from kfast.scheduler.composition import EXTENDERS
from kfast.scheduler.configuration.types import Extender, ExtenderTLSConfig
from kfast.scheduler.plugins.plugin import PluginError

if TYPE_CHECKING:
    import aiohttp

_log = logging.getLogger(__name__)

Candidates = dict[str, tuple[int, list[str]]]
"""Nodes on which preemption would help: how many victims budgets protect, and the victims' uids."""

_TIMEOUT = 5.0
"""Seconds, unless `httpTimeout` says otherwise."""
_MOST = (1 << 32) - 1
"""The core counts violations in 32 bits."""
_SCALE = 10
"""Extenders score 0 to 10, plugins 0 to 100."""


class HTTPExtender:
    """One extender as configured."""

    def __init__(self, config: Extender) -> None:
        self.config = config
        self._url = config.url_prefix.rstrip("/")
        self._managed = {resource.name for resource in config.managed_resources}
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Closes its connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def interested(self, pod: Object) -> bool:
        """Whether the pod asks for a resource the extender manages, or it manages none in particular."""
        if not self._managed:
            return True
        containers = (pod.get("spec", "containers") or []) + (pod.get("spec", "initContainers") or [])
        resources = [c.get("resources") or {} for c in containers]
        names = {n for r in resources for kind in ("requests", "limits") for n in r.get(kind) or {}}
        return not names.isdisjoint(self._managed)

    async def filter(self, pod: Object, nodes: Mapping[str, Object | None]) -> _Filtered:
        """What is left of the nodes, and why the others are not. Raises PluginError."""
        result = _lowered(await self._send(self.config.filter_verb, self._args(pod, nodes)))
        if result.get("error"):
            raise PluginError(str(result["error"]))
        kept: list[str] = []
        if self.config.node_cache_capable and result.get("nodenames") is not None:
            kept = [str(name) for name in result["nodenames"]]
            for name in kept:
                if name not in nodes:
                    claim = f'extender "{self.config.url_prefix}" claims a filtered node "{name}"'
                    raise PluginError(f"{claim} which is not found in the input node list")
        elif result.get("nodes"):
            kept = [str(item["metadata"]["name"]) for item in _lowered(result["nodes"]).get("items") or ()]
        return _Filtered(kept, result.get("failednodes") or {}, result.get("failedandunresolvablenodes") or {})

    async def prioritize(self, pod: Object, nodes: Mapping[str, Object | None]) -> dict[str, int]:
        """Scores by node, weighted and on the scale of plugins. Raises PluginError."""
        answer = await self._send(self.config.prioritize_verb, self._args(pod, nodes))
        hosts = [_lowered(entry) for entry in answer or ()]
        return {str(h.get("host")): int(h.get("score") or 0) * self.config.weight * _SCALE for h in hosts}

    async def bind(self, binding: Binding) -> None:
        """Has the extender bind a pod. Raises PluginError."""
        args = {"PodName": binding.name, "PodNamespace": binding.namespace, "PodUID": binding.uid, "Node": binding.node}
        result = _lowered(await self._send(self.config.bind_verb, args))
        if result.get("error"):
            raise PluginError(str(result["error"]))

    async def preempt(self, pod: Object, nodes: Candidates, pods_on: PodsOn) -> Candidates:
        """What is left of the candidates, other victims perhaps. Raises PluginError."""
        meta = self.config.node_cache_capable
        victims: dict[str, Any] = {}
        for node, (violations, uids) in nodes.items():
            on = {} if meta else pods_on(node) or {}
            pods = [{"UID": uid} for uid in uids] if meta else [on[uid].to_dict() for uid in uids if uid in on]
            victims[node] = {"Pods": pods, "NumPDBViolations": violations}
        named, whole = (victims, None) if meta else (None, victims)
        args = {"Pod": pod.to_dict(), "NodeNameToVictims": whole, "NodeNameToMetaVictims": named}
        result = _lowered(await self._send(self.config.preempt_verb, args))
        try:
            left = {str(n): _victims(v) for n, v in (result.get("nodenametometavictims") or {}).items()}
        except (TypeError, ValueError, AttributeError) as error:
            raise PluginError(f'extender "{self.config.url_prefix}" named no victims: {error}') from error
        for node, (_, uids) in left.items():
            if (on_node := pods_on(node)) is None:
                raise PluginError(f'nodeinfo not found for node name "{node}"')
            for uid in uids:
                if uid not in on_node:
                    claim = f"extender: {self._url} claims to preempt pod (UID: {uid}) on node: {node}"
                    raise PluginError(f"{claim}, but the pod is not found on that node")
        return left

    def _args(self, pod: Object, nodes: Mapping[str, Object | None]) -> dict[str, Any]:
        if self.config.node_cache_capable:
            return {"Pod": pod.to_dict(), "Nodes": None, "NodeNames": list(nodes)}
        items = [node.to_dict() for node in nodes.values() if node is not None]
        return {"Pod": pod.to_dict(), "Nodes": {"metadata": {}, "items": items}, "NodeNames": None}

    async def _send(self, verb: str, args: Any) -> Any:
        import aiohttp  # only clusters with extenders need it here

        url = f"{self._url}/{verb}"
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=self.config.http_timeout or _TIMEOUT)
            connector = aiohttp.TCPConnector(ssl=_context(self.config))
            self._session = aiohttp.ClientSession(timeout=timeout, connector=connector)
        headers = {"Content-Type": "application/json"}
        try:
            async with self._session.post(url, data=msgspec.json.encode(args), headers=headers) as response:
                if response.status != 200:
                    where = f"failed {verb} with extender at URL {url}"
                    raise PluginError(f"{where}, code {response.status}")
                return msgspec.json.decode(await response.read())
        except TimeoutError as error:
            raise PluginError(f'Post "{url}": context deadline exceeded') from error
        except (aiohttp.ClientError, OSError, msgspec.DecodeError) as error:
            raise PluginError(f'Post "{url}": {error}') from error


PodsOn = Callable[[str], Mapping[str, Object] | None]
"""The pods of a node by uid; None if there is no such node."""


def _victims(value: Any) -> tuple[int, list[str]]:
    victims = _lowered(value)
    violations = max(0, int(victims.get("numpdbviolations") or 0))
    return min(violations, _MOST), [str(_lowered(pod).get("uid")) for pod in victims.get("pods") or ()]


class _Filtered:
    def __init__(self, kept: Sequence[str], failed: Mapping[str, str], unresolvable: Mapping[str, str]) -> None:
        self.kept = kept
        self.failed = failed
        self.unresolvable = unresolvable


class Extenders:
    """All extenders, asked one after the other about what is left."""

    def __init__(self, configs: Sequence[Extender]) -> None:
        self._extenders = [HTTPExtender(config) for config in configs]

    async def close(self) -> None:
        """Closes all connections."""
        await asyncio.gather(*(extender.close() for extender in self._extenders))

    async def answer(self, core: Core, pod: Object, nodes: Mapping[str, Object | None]) -> None:
        """Has the feasible nodes filtered and scored, and tells the core. Raises PluginError."""
        interested = [e for e in self._extenders if e.interested(pod)]
        left, reasons = dict(nodes), dict[str, tuple[str, bool]]()
        for extender in interested:
            if not left or not extender.config.filter_verb:
                continue
            try:
                filtered = await extender.filter(pod, left)
            except PluginError as error:
                if not extender.config.ignorable:
                    raise
                _log.info("extender %s left out: %s", extender.config.url_prefix, error)
                continue
            reasons |= {n: (str(text), False) for n, text in filtered.failed.items()}
            reasons |= {n: (str(text), True) for n, text in filtered.unresolvable.items()}
            left = {name: left[name] for name in filtered.kept if name in left}
        scores: dict[str, int] = {}
        scoring = [e for e in interested if e.config.prioritize_verb] if len(left) > 1 else []
        for given in await asyncio.gather(*(e.prioritize(pod, left) for e in scoring), return_exceptions=True):
            if isinstance(given, PluginError):
                _log.info("an extender gives no score: %s", given)
            elif isinstance(given, BaseException):
                raise given
            else:
                scores = {n: scores.get(n, 0) + given.get(n, 0) for n in left}
        _tell(core, {n: reasons.get(n, ("", True)) for n in nodes if n not in left}, scores)

    async def preempt(self, pod: Object, nodes: Candidates, pods_on: PodsOn) -> Candidates:
        """Has one after the other go through the candidates of a preemption. Raises PluginError."""
        left = dict(nodes)
        for extender in self._extenders:
            if not left or not extender.config.preempt_verb or not extender.interested(pod):
                continue
            try:
                answer = await extender.preempt(pod, left, pods_on)
            except PluginError as error:
                if not extender.config.ignorable:
                    raise
                _log.info("extender %s left out: %s", extender.config.url_prefix, error)
                continue
            empty = [node for node, (_, uids) in answer.items() if not uids]
            if empty and not extender.config.ignorable:
                raise PluginError(f'expected at least one victim pod on node "{empty[0]}"')
            left = {node: victims for node, victims in answer.items() if victims[1]}
        return left

    def binder(self, pod: Object) -> HTTPExtender | None:
        """The extender that binds the pod."""
        return next((e for e in self._extenders if e.config.bind_verb and e.interested(pod)), None)


def _tell(core: Core, rejected: Mapping[str, tuple[str, bool]], scores: Mapping[str, int]) -> None:
    distinct = list(dict.fromkeys(rejected.values()))
    numbers = {reason: n for n, reason in enumerate(distinct, 1)}
    names = core.node_names()
    filtered = array("I", [numbers[rejected[n]] if n in rejected else 0 for n in names])
    given = array("q", [scores.get(n, 0) for n in names] if scores else [])
    core.answer(EXTENDERS, filtered.tobytes(), distinct, given.tobytes())


def _lowered(value: Any) -> dict[str, Any]:
    """Keys in lower case: Go reads them in any."""
    if not isinstance(value, dict):
        raise PluginError(f"an extender answered {type(value).__name__}, not an object")
    return {str(key).lower(): v for key, v in value.items()}


def _context(config: Extender) -> ssl.SSLContext | bool:
    """TLS as configured. Without authorities the server is not verified, as upstream does."""
    tls = config.tls_config or ExtenderTLSConfig()
    authorities = tls.ca_data.decode() or (Path(tls.ca_file).read_text() if tls.ca_file else "")
    if not config.enable_https and config.tls_config is None:
        return True
    context = ssl.create_default_context(cadata=authorities or None)
    if tls.insecure or not authorities:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.cert_data or tls.key_data:
        with tempfile.NamedTemporaryFile() as pair:
            pair.write(tls.cert_data + b"\n" + tls.key_data)
            pair.flush()
            context.load_cert_chain(pair.name)
    elif tls.cert_file:
        context.load_cert_chain(tls.cert_file, tls.key_file or None)
    return context
