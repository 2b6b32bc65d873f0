"""Where audit events go: a webhook, in batches or before the answers; the old text format; modes."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from webhook_server import WebhookServer

from kfast.api.catalog import default_catalog
from kfast.apiserver.app import APIServer
from kfast.apiserver.audit.formats import as_text
from kfast.apiserver.audit.metrics import AuditMetrics
from kfast.apiserver.audit.sinks import Batched
from kfast.clock import SystemClock
from kfast.config import LEAN_ON_CONTROLLERS, AuditBatchConfig, AuditConfig
from kfast.errors import KfastError
from kfast.meta.exchange import Request, User
from kfast.store.embedded import EmbeddedStore

MAPS = "/api/v1/namespaces/default/configmaps"


@pytest.fixture
async def audited(tmp_path: Path):
    """Makes an API server with the audit configuration given."""
    made = []

    async def audited(**config: Any) -> APIServer:
        policy = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"]}
        rules = [{"level": "Metadata", "users": ["ann"]}, {"level": "None"}]
        (tmp_path / "policy").write_text(yaml.safe_dump(policy | {"rules": rules} | config.pop("policy", {})))
        store = EmbeddedStore(None)
        audit = AuditConfig(policy_file=tmp_path / "policy", **config)
        api = APIServer(
            store,
            default_catalog(),
            SystemClock(),
            seed=1,
            disable_admission_plugins=LEAN_ON_CONTROLLERS,
            audit=audit,
        )
        made.append((api, store))
        await api.start()
        return api

    yield audited
    for api, store in made:
        await api.stop()
        await store.close()


def create(name: str) -> Request:
    body = json.dumps({"metadata": {"name": name}}).encode()
    return Request("POST", MAPS, {}, {}, body, user=User("ann", groups=("system:masters",)))


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Callable[[WebhookServer], Path]:
    def kubeconfig(server: WebhookServer) -> Path:
        ca = base64.b64encode(server.ca).decode()
        config = {
            "clusters": [{"name": "c", "cluster": {"server": f"{server.url}/audit", "certificate-authority-data": ca}}],
            "users": [{"name": "u", "user": {"token": "secret"}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        }
        (tmp_path / "kubeconfig").write_text(yaml.safe_dump(config))
        return tmp_path / "kubeconfig"

    return kubeconfig


def names(review: dict[str, Any]) -> list[str]:
    return [item["objectRef"]["name"] for item in review["items"]]


async def test_events_are_sent_in_batches(audited, kubeconfig) -> None:
    with WebhookServer(lambda *_: (200, "text/plain", b"")) as server:
        batches = AuditBatchConfig(max_size=2, max_wait=0.05)
        api = await audited(webhook_config_file=kubeconfig(server), webhook_batch=batches)
        for name in "abcde":
            assert (await api.handle(create(name))).status == 201
        await api.stop()
        (path, review) = server.reviews[0]
        assert (path, review["kind"], review["apiVersion"]) == (
            "/audit?timeout=30s",
            "EventList",
            "audit.k8s.io/v1",
        )
        assert "kind" not in review["items"][0]
        assert review["items"][0]["user"]["username"] == "ann"
        assert sorted(name for _, review in server.reviews for name in names(review)) == list("abcde")
        assert all(len(review["items"]) <= 2 for _, review in server.reviews)
        assert server.headers[0]["Authorization"] == "Bearer secret"


async def test_a_blocking_webhook_has_the_event_before_the_answer(audited, kubeconfig) -> None:
    with WebhookServer(lambda *_: (200, "text/plain", b"")) as server:
        api = await audited(webhook_config_file=kubeconfig(server), webhook_mode="blocking")
        for count, name in enumerate("ab", 1):
            await api.handle(create(name))
            assert [names(review) for _, review in server.reviews] == [["a"], ["b"]][:count]


async def test_failures_are_tried_again_and_given_up(audited, kubeconfig, caplog) -> None:
    answers = iter([500, 400, 200, *[503] * 5])
    with WebhookServer(lambda *_: (next(answers), "text/plain", b"no")) as server:
        api = await audited(
            webhook_config_file=kubeconfig(server), webhook_mode="blocking", webhook_initial_backoff=0.001
        )
        assert (await api.handle(create("a"))).status == 201
        assert [names(review) for _, review in server.reviews] == [["a"]] * 3
        assert (await api.handle(create("b"))).status == 201
        assert len(server.reviews) == 8
    assert "1 audit events are lost: the server is currently unable to handle the request" in caplog.text


async def test_a_strict_backend_stops_requests_it_cannot_record(audited, kubeconfig) -> None:
    with WebhookServer(lambda *_: (500, "text/plain", b"no")) as server:
        api = await audited(
            webhook_config_file=kubeconfig(server),
            webhook_mode="blocking-strict",
            webhook_initial_backoff=0.001,
            policy={"omitStages": []},
        )
        answer = await api.handle(create("a"))
        why = f'Internal Server Error: "{MAPS}": failed to store audit event'
        assert (answer.status, json.loads(answer.payload)["message"]) == (500, why)
        text = api.metrics.respond().payload.decode()
        assert "apiserver_audit_requests_rejected_total 1.0" in text
        assert 'apiserver_audit_error_total{plugin="webhook"}' in text
        other = Request("GET", f"{MAPS}/a", user=User("bob", groups=("system:masters",)))
        assert (await api.handle(other)).status == 404


async def test_a_log_may_be_text_and_written_behind_requests(audited, tmp_path: Path) -> None:
    api = await audited(log_path=tmp_path / "log", log_format="legacy", log_mode="batch")
    await api.handle(create("a"))
    await api.stop()
    (line,) = (tmp_path / "log").read_text().splitlines()
    assert ' AUDIT: id="' in line
    assert line.endswith(
        'stage="ResponseComplete" ip="<unknown>" method="create" user="ann" groups="\\"system:masters\\"" as="<self>" '
        f'asgroups="<lookup>" user-agent="" namespace="default" uri="{MAPS}" response="201"'
    )


def test_the_text_of_an_event_that_has_little() -> None:
    event = {
        "requestReceivedTimestamp": "2026-01-01T00:00:00.000000Z",
        "auditID": "i",
        "stage": "RequestReceived",
        "verb": "get",
        "user": {},
        "impersonatedUser": {"username": "bob", "groups": ["a", "b"]},
        "requestURI": "/x",
        "sourceIPs": ["::1"],
        "userAgent": 'a "b"',
    }
    assert as_text(event).decode() == (
        '2026-01-01T00:00:00.000000Z AUDIT: id="i" stage="RequestReceived" ip="::1" method="get" user="<none>" '
        'groups="<none>" as="bob" asgroups="\\"a\\",\\"b\\"" user-agent="a \\"b\\"" namespace="<none>" uri="/x" '
        'response="<deferred>"\n'
    )


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({"log_mode": "often"}, 'invalid audit log mode often, allowed modes are "batch,blocking,blocking-strict"'),
        ({"log_format": "xml"}, 'invalid audit log format xml, allowed formats are "legacy,json"'),
        ({"webhook_mode": "never", "webhook_config_file": Path("x")}, "invalid audit webhook mode never, allowed"),
        ({"webhook_config_file": Path("/nothere")}, "cannot read /nothere"),
    ],
)
async def test_what_cannot_be_configured(audited, tmp_path: Path, config: dict[str, Any], why: str) -> None:
    with pytest.raises(KfastError, match=why):
        await audited(log_path=tmp_path / "log", **config)


async def test_a_full_buffer_loses_events(caplog) -> None:
    delivered: list[Any] = []
    gate = asyncio.Event()

    async def deliver(events: Sequence[Any]) -> bool:
        await gate.wait()
        delivered.extend(event["requestURI"] for event in events)
        return True

    metrics = AuditMetrics()
    sink = Batched(deliver, AuditBatchConfig(buffer_size=2, max_size=1, throttle_qps=0), SystemClock(), metrics)
    assert metrics.errors.values == {}
    sink.write({"requestURI": "/0"})
    await asyncio.sleep(0)
    for number in range(1, 5):
        sink.write({"requestURI": f"/{number}"})
    gate.set()
    await sink.close()
    sink.write({"requestURI": "/late"})
    assert delivered == ["/0", "/1", "/2"]
    assert "/3 is lost: audit buffer queue blocked" in caplog.text
    assert "/late is lost: audit backend shut down" in caplog.text
    assert metrics.errors.values == {("buffered",): 3}
