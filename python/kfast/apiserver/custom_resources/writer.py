"""Writes what the server itself finds out about definitions, as any other client would: through the API."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from kfast._core import Object
from kfast.api.apiextensions.custom_resource_definition import KIND
from kfast.api.kind import Body
from kfast.apiserver.backend import Backend
from kfast.errors import StatusError
from kfast.meta.exchange import Handler, Request, User

_USER = User("system:apiserver", groups=("system:masters", "system:authenticated"))
_AGENT = {"user-agent": "kube-apiserver"}
_decode = msgspec.json.decode
_encode = msgspec.json.encode


class DefinitionWriter:
    """Writes statuses and finalizers. `handle` is the server's own chain."""

    def __init__(self, backend: Backend, handle: Handler) -> None:
        self._backend = backend
        self._handle = handle

    async def write(self, crd: Body) -> Body:
        """The definition with the status of `crd`. Raises StatusError, a conflict if it has
        changed meanwhile."""
        path = KIND.path(name=crd["metadata"]["name"], subresource="status")
        request = Request("PUT", path, {}, dict(_AGENT), _encode(crd), _USER, native=True)
        response = await self._handle(request)
        payload = response.payload
        if isinstance(payload, dict):
            raise StatusError.from_dict(payload)
        assert isinstance(payload, Object)
        return _decode(payload.to_bytes())  # type: ignore[no-any-return]

    async def change(self, name: str, uid: str, change: Callable[[Body], None]) -> None:
        """Applies `change` to the definition as it is now. Raises StatusError, 404 if it is gone."""
        while True:
            current = self._backend.store.get(KIND.resource, "", name)
            if current is None or current.uid != uid:
                raise StatusError(404, "NotFound", f"definition {name} is gone")
            crd: Body = _decode(current.to_bytes())
            change(crd)
            try:
                await self.write(crd)
                return
            except StatusError as error:
                if not error.conflict:
                    raise
