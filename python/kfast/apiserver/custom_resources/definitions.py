"""`Definitions`: follows the CustomResourceDefinitions in the store, settles their status and serves their kinds."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import msgspec

from kfast._core import Schema
from kfast.api.apiextensions import conditions
from kfast.api.apiextensions.custom_kinds import CustomKinds, compile_structures, kinds_of
from kfast.api.apiextensions.custom_resource_definition import KIND
from kfast.api.kind import Body, Kind
from kfast.apiserver.backend import Backend
from kfast.apiserver.background import Background
from kfast.apiserver.custom_resources.cleanup import Cleanup
from kfast.apiserver.custom_resources.status import next_status
from kfast.apiserver.custom_resources.writer import DefinitionWriter
from kfast.errors import StatusError
from kfast.meta.exchange import Handler
from kfast.store.protocol import CompactedError, Watch

_log = logging.getLogger(__name__)
_decode = msgspec.json.decode


@dataclass(slots=True)
class _Served:
    """What is served of one definition."""

    uid: str
    spec: Body
    structures: dict[str, Schema]
    kinds: CustomKinds
    changed: int


class Definitions:
    """Runs beside the handlers. `handle` is the server's own chain, for writes of statuses; `changed` is told whenever
    other kinds are served than before."""

    def __init__(self, backend: Backend, handle: Handler, changed: Callable[[], None]) -> None:
        self._backend = backend
        self._tell = changed
        self._writer = DefinitionWriter(backend, handle)
        self._known: dict[str, Body] = {}
        self._served: dict[str, _Served] = {}
        self._built_in = {kind.gv for kind in backend.catalog}
        self._cleanup = Cleanup(backend, self._writer)
        self._background = Background()

    async def start(self) -> None:
        """Serves what is established already, then follows."""
        watch = self._list()
        for crd in list(self._known.values()):
            self._serve(crd)
        self._background.start("custom resource definitions", partial(self._run, watch))

    async def stop(self) -> None:
        """Ends the following."""
        await self._background.stop()
        await self._cleanup.stop()

    def _list(self) -> Watch:
        store = self._backend.store
        page = store.list(KIND.resource)
        self._known = {obj.name: _decode(obj.to_bytes()) for obj in page.objects}
        return store.watch(KIND.resource, since=page.revision)

    async def _run(self, watch: Watch) -> None:
        waiting = dict.fromkeys(self._known)
        while True:
            try:
                while waiting:
                    await self._settle(next(iter(waiting)), waiting)
                    self._read(watch, waiting)
                await watch.wait()
                self._read(watch, waiting)
            except CompactedError:
                watch.close()
                gone = self._known.keys()
                watch = self._list()
                waiting |= dict.fromkeys([*gone, *self._known])

    def _read(self, watch: Watch, waiting: dict[str, None]) -> None:
        """Takes in what has changed; those of a group whose definition went may get its names."""
        for event, obj, _ in watch.events():
            if event == "DELETED":
                gone = self._known.pop(obj.name, None)
                self._withdraw(obj.name)
                if gone is not None:
                    waiting |= self._group(gone)
            else:
                self._known[obj.name] = _decode(obj.to_bytes())
                waiting[obj.name] = None

    def _group(self, crd: Body) -> dict[str, None]:
        group, name = crd["spec"]["group"], crd["metadata"]["name"]
        return {other: None for other, body in self._known.items() if other != name and body["spec"]["group"] == group}

    async def _settle(self, name: str, waiting: dict[str, None]) -> None:
        """Brings one definition's status and kinds to what its spec asks for."""
        waiting.pop(name)
        crd = self._known.get(name)
        if crd is None:
            return
        try:
            others = [body for other, body in self._known.items() if other != name]
            wanted = next_status(crd, others, self._backend.clock.now())
            self._serve(wanted)
            if wanted["status"] != crd.get("status"):
                written = await self._writer.write(wanted)
                if name in self._known:
                    self._known[name] = written
                if wanted["status"].get("acceptedNames") != crd["status"].get("acceptedNames"):
                    waiting |= self._group(crd)
            self._cleanup.consider(wanted, self._stored_kind(name))
        except StatusError as error:
            if not (error.conflict or error.not_found):
                _log.warning("status of %s: %s", name, error.message)
        except Exception:
            _log.exception("definition %s", name)

    def _stored_kind(self, name: str) -> Kind | None:
        served = self._served.get(name)
        return served.kinds.stored if served else None

    def _serve(self, crd: Body) -> None:
        """Puts the kinds of an established definition into the catalog, in place of those it had."""
        name, uid = crd["metadata"]["name"], crd["metadata"]["uid"]
        before = self._served.get(name)
        if before is not None and before.uid != uid:
            self._withdraw(name)
            before = None
        if not conditions.is_true(crd, conditions.ESTABLISHED):
            return
        served = self._compiled(crd, before)
        if before is None or served.kinds != before.kinds:
            self._install(name, served)

    def _compiled(self, crd: Body, before: _Served | None) -> _Served:
        spec = crd["spec"]
        if before is not None and before.spec == spec:
            structures, changed = before.structures, before.changed
        else:
            structures = compile_structures(crd, before.spec if before else {}, before.structures if before else {})
            if before is not None and _stored_form(before.spec) == _stored_form(spec):
                changed = before.changed
            else:
                changed = self._changed(f"{spec['names']['plural']}.{spec['group']}")
        return _Served(crd["metadata"]["uid"], spec, structures, kinds_of(crd, structures, changed), changed)

    def _changed(self, resource: str) -> int:
        """Up to which revision objects were written under another schema: 0 if there are none."""
        store = self._backend.store
        return store.revision if store.list(resource, limit=1).objects else 0

    def _install(self, name: str, served: _Served) -> None:
        before = self._served.get(name)
        kept = {kind.gv for kind in served.kinds.served}
        for kind in before.kinds.served if before else ():
            self._remove(kind)
            if kind.gv not in kept or kind.storage != served.kinds.stored.storage:
                self._backend.feeds.end(kind.resource, kind.api_version)
        self._served[name] = served
        for kind in served.kinds.served:
            if kind.gv not in self._built_in:
                self._backend.catalog.add(kind)
                self._backend.scope(kind.group, kind.version, kind.plural)  # declares its fields to the store
        self._tell()

    def _withdraw(self, name: str) -> None:
        """Serves nothing of a definition any more; watches end."""
        served = self._served.pop(name, None)
        if served is None:
            return
        for kind in served.kinds.served:
            self._remove(kind)
            self._backend.feeds.end(kind.resource, kind.api_version)
        self._tell()

    def _remove(self, kind: Kind) -> None:
        catalog = self._backend.catalog
        if catalog.by_resource(kind.group, kind.version, kind.plural) is kind:
            catalog.remove(kind)


def _stored_form(spec: Body) -> list[tuple[str, bool, Body | None]]:
    """What the form of stored objects depends on."""
    return [(version["name"], version["storage"], version.get("schema")) for version in spec["versions"]]
