"""What a plugin is: a class with the methods of the extension points it has."""

from __future__ import annotations

from importlib import import_module
from typing import Any, ClassVar, Literal

from kfast._core import Object
from kfast.errors import KfastError

POINTS = ("pre_enqueue", "filter", "score", "reserve", "permit", "pre_bind", "bind", "post_bind")
"""The extension points a Python plugin can have, as its methods are called."""


class PluginError(KfastError):
    """A plugin that cannot be loaded, or did not answer as it should."""


class Plugin:
    """Base of scheduler plugins. A subclass defines the methods it wants, all optional:

    - `filter(pod, nodes)`: a boolean per node, False rejects; or a string that rejects the pod everywhere.
    - `score(pod, nodes)`: a number per node, 0 to 100 unless `normalize` says how to get there.
    - `pre_enqueue(pod)`: a reason to hold the pod back until it changes, or None.
    - `reserve(pod, node)`, `permit(pod, node)`: a reason to give the placement up, or None. `unreserve(pod, node)`
      takes a reservation back; it must stand being called without one.
    - `pre_bind(pod, node)`: a reason to give up, or None. `post_bind(pod, node)`: told of a binding.
    - `bind(pod, node)`: True if it bound the pod, False to leave that to the next plugin.

    `pod` is an `Object`, `node` a name, `nodes` a `Nodes`. The methods from `reserve` on may be coroutines. What a
    method raises fails the pod's attempt, which is retried after a backoff. Filter and score run once for all pods
    that are equal in namespace, labels, what placement depends on in the spec, and `sign`; and again when what they
    `depends` on changed.
    """

    name: str = ""
    """In events, metrics and configuration; the class's name by default."""
    weight: int = 1
    """Of its scores, unless the configuration says otherwise."""
    reason: str = ""
    """Why a filtered node does not do, as events count it."""
    unresolvable: bool = False
    """Whether a filtered node cannot do even if pods left it: preemption does not try it."""
    depends: Literal["nodes", "requested", "cycle"] = "nodes"
    """What filter and score look at: the nodes' objects; also the pods on them; anything, so ask for every pod."""
    normalize: Literal["none", "highest", "reverse"] = "none"
    """`highest` scales scores so that the highest is 100; `reverse` so that it is 0."""
    points: ClassVar[frozenset[str]] = frozenset()
    """The extension points it has."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.points = frozenset(point for point in POINTS if callable(getattr(cls, point, None)))
        if "name" not in cls.__dict__:
            cls.name = cls.__name__

    def sign(self, pod: Object) -> str:
        """What else its verdicts depend on, an annotation say; the uid has every pod asked for."""
        return ""


def signs(plugin: Plugin) -> bool:
    """Whether a plugin tells pods apart itself."""
    return type(plugin).sign is not Plugin.sign


def load(name: str, args: Any = None) -> Plugin:
    """The plugin `module:Class`, made with `args` (a mapping) as keywords. Raises PluginError."""
    module, _, attribute = name.partition(":")
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise PluginError(f'plugin "{name}": {error}') from error
    return make(found, args)


def make(plugin: Any, args: Any = None) -> Plugin:
    """A plugin from an instance, or from a class and its arguments. Raises PluginError."""
    if isinstance(plugin, type) and issubclass(plugin, Plugin):
        try:
            plugin = plugin(**(args or {}))
        except Exception as error:
            raise PluginError(f'initializing plugin "{plugin.name}": {error}') from error
    if not isinstance(plugin, Plugin):
        raise PluginError(f"{plugin!r} is no scheduler plugin: it must be a kfast.scheduler.Plugin")
    if not plugin.points:
        raise PluginError(f'plugin "{plugin.name}" has none of the methods {", ".join(POINTS)}')
    return plugin
