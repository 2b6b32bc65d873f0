"""From a chosen node to a bound pod where Python plugins have a say: Reserve, Permit, PreBind, Bind, PostBind."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from kfast._core import Object
from kfast.scheduler.composition import RunningProfile
from kfast.scheduler.plugins.plugin import Plugin
from kfast.scheduler.plugins.verdicts import fault

Bind = Callable[[], Awaitable[None]]
Extended = Callable[[], Awaitable[bool]]


class RejectedError(Exception):
    """A plugin gave the placement up."""

    def __init__(self, plugin: Plugin, reason: str) -> None:
        super().__init__(reason)
        self.plugin = plugin
        self.message = f"0/1 nodes are available: 1 {reason}."


async def run(profile: RunningProfile, pod: Object, node: str, volumes: Bind, extended: Extended, bind: Bind) -> None:
    """Takes a placement through the plugins. `volumes` is VolumeBinding's PreBind, `extended` says whether an extender
    bound the pod, `bind` is DefaultBinder. Raises RejectedError, PluginError and what these raise, after all
    reservations were given back."""
    try:
        for point in ("reserve", "permit"):
            for plugin in profile.at(point):
                if reason := await _called(plugin, point, pod, node):
                    raise RejectedError(plugin, str(reason))
        await volumes()
        for plugin in profile.at("pre_bind"):
            if reason := await _called(plugin, "pre_bind", pod, node):
                raise fault(plugin, "pre_bind", reason)
        if not await extended():
            await _bind(profile, pod, node, bind)
    except BaseException:
        for plugin in reversed(profile.at("reserve")):
            if hasattr(plugin, "unreserve"):
                await _called(plugin, "unreserve", pod, node)
        raise
    for plugin in profile.at("post_bind"):
        await _called(plugin, "post_bind", pod, node)


async def _bind(profile: RunningProfile, pod: Object, node: str, bind: Bind) -> None:
    for name in profile.resolved.points["bind"]:
        if name == "DefaultBinder":
            await bind()
            return
        if await _called(profile.plugins[name], "bind", pod, node):
            return
    raise fault(profile.plugins[profile.resolved.points["bind"][-1]], "bind", "no plugin bound the pod")


async def _called(plugin: Plugin, point: str, pod: Object, node: str) -> Any:
    method: Callable[[Object, str], Any] = getattr(plugin, point)
    try:
        answer = method(pod, node)
        return await answer if inspect.isawaitable(answer) else answer
    except Exception as error:
        raise fault(plugin, point, f"{type(error).__name__}: {error}") from error
