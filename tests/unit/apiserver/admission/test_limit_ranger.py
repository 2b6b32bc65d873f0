"""LimitRanger: defaults of containers, and what is outside the limits."""

from __future__ import annotations

from typing import Any

import pytest

Amounts = dict[str, str]


def container(requests: Amounts | None = None, limits: Amounts | None = None, name: str = "c") -> dict[str, Any]:
    resources = {"requests": requests, "limits": limits}
    return {"name": name, "image": "i", "resources": {key: value for key, value in resources.items() if value}}


def pod(*containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "p"}, "spec": {"containers": list(containers) or [container()], **spec}}


async def limit(call: Any, home: str, *limits: dict[str, Any]) -> None:
    await call.ok("POST", f"{home}/limitranges", {"metadata": {"name": "l"}, "spec": {"limits": list(limits)}})


async def test_defaults_are_filled_in_and_told(call: Any, namespace: Any) -> None:
    home = await namespace()
    await limit(call, home, {"type": "Container", "default": {"cpu": "500m"}, "defaultRequest": {"cpu": "100m"}})
    body = pod(container(), container({"cpu": "1m"}, name="d"), initContainers=[container(None, {"cpu": "2"}, "i")])
    made = await call.ok("POST", f"{home}/pods", body)
    amounts = [c["resources"] for c in made["spec"]["containers"] + made["spec"]["initContainers"]]
    assert amounts == [
        {"requests": {"cpu": "100m"}, "limits": {"cpu": "500m"}},
        {"requests": {"cpu": "1m"}, "limits": {"cpu": "500m"}},
        {"requests": {"cpu": "2"}, "limits": {"cpu": "2"}},
    ]
    told = "cpu request for container c; cpu limit for container c; cpu limit for container d"
    annotations = made["metadata"]["annotations"]
    assert annotations == {"kubernetes.io/limit-ranger": f"LimitRanger plugin set: {told}"}
    assert made["status"]["qosClass"] == "Burstable"


NONE = "No {} is specified"


@pytest.mark.parametrize(
    ("item", "body", "why"),
    [
        ({"type": "Container", "min": {"cpu": "1"}}, pod(container({"cpu": "1"})), ""),
        (
            {"type": "Container", "min": {"memory": "1Gi"}, "default": {"cpu": "1"}},
            pod(container({"memory": "512Mi"})),
            "minimum memory usage per Container is 1Gi, but request is 512Mi",
        ),
        (
            {"type": "Container", "max": {"cpu": "1"}},
            pod(container(None, {"cpu": "1500m"})),
            "maximum cpu usage per Container is 1, but limit is 1500m",
        ),
        (
            {"type": "Container", "maxLimitRequestRatio": {"cpu": "2"}},
            pod(container({"cpu": "1"}, {"cpu": "3"})),
            "cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000",
        ),
        (
            {"type": "Container", "maxLimitRequestRatio": {"cpu": "2"}},
            pod(),
            "cpu max limit to request ratio per Container is 2, but no request is specified or request is 0",
        ),
        (
            {"type": "Pod", "max": {"cpu": "1"}},
            pod(container(None, {"cpu": "600m"}), container(None, {"cpu": "600m"}, "d")),
            "maximum cpu usage per Pod is 1, but limit is 1200m",
        ),
        ({"type": "Pod", "max": {"cpu": "1"}}, pod(), f"maximum cpu usage per Pod is 1.  {NONE.format('limit')}"),
        (
            {"type": "Pod", "min": {"cpu": "1", "memory": "1"}},
            pod(),
            f"[minimum cpu usage per Pod is 1.  {NONE.format('request')}, "
            f"minimum memory usage per Pod is 1.  {NONE.format('request')}]",
        ),
    ],
)
async def test_pods(call: Any, namespace: Any, item: Any, body: Any, why: str) -> None:
    home = await namespace()
    await limit(call, home, item)
    answer = await call("POST", f"{home}/pods", body)
    assert answer.body.get("message") == (f'pods "p" is forbidden: {why}' if why else None)


@pytest.mark.parametrize(
    ("size", "why"),
    [
        ("512Mi", "minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 512Mi"),
        ("1Gi", ""),
        ("3Gi", "maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi"),
    ],
)
async def test_claims(call: Any, namespace: Any, size: str, why: str) -> None:
    home = await namespace()
    await limit(call, home, {"type": "PersistentVolumeClaim", "min": {"storage": "1Gi"}, "max": {"storage": "2Gi"}})
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
    answer = await call("POST", f"{home}/persistentvolumeclaims", {"metadata": {"name": "v"}, "spec": spec})
    assert answer.body.get("message") == (f'persistentvolumeclaims "v" is forbidden: {why}' if why else None)


async def test_the_last_word_counts(call: Any, namespace: Any) -> None:
    home = await namespace()
    await limit(call, home, {"type": "Container", "min": {"cpu": "1"}})
    assert (await call("POST", f"{home}/pods", pod(container({"cpu": "1m"})))).code == 403
    await call.ok("DELETE", f"{home}/limitranges/l")
    assert (await call("POST", f"{home}/pods", pod(container({"cpu": "1m"})))).code == 201
