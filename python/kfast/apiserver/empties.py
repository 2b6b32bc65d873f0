"""Empty lists and maps of optional fields, which storage does not tell from absent ones.

As in upstream's Go objects, defaults and rules see those a client sent; what is compared, tracked, shown to webhooks
and policies or stored is without them.
"""

from __future__ import annotations

from typing import Any

from kfast.api.kind import Body
from kfast.apiserver.backend import Backend
from kfast.apiserver.scope import Scope

Empties = list[tuple[dict[str, Any], str, Any]]
"""Where they were, and what."""


def take_empties(backend: Backend, scope: Scope, body: Body) -> Empties:
    """Takes them out of the object, in place."""
    return backend.structure(scope, scope.schema).take_empties(scope.schema, body)


def put_back(empties: Empties) -> None:
    """Puts them where they were and nothing has taken their place."""
    for container, key, value in empties:
        if container.get(key) is None:
            container[key] = value
