"""What is recorded of requests, at which stages, and how the log is kept."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from kfast.api.catalog import default_catalog
from kfast.apiserver.admission.chain import Plugin
from kfast.apiserver.app import APIServer
from kfast.apiserver.audit.log_file import LogFile
from kfast.apiserver.audit.policy import Policy
from kfast.apiserver.request_info import RequestInfo
from kfast.clock import SystemClock
from kfast.config import AuditConfig
from kfast.errors import KfastError
from kfast.meta.exchange import Request, User
from kfast.store.embedded import EmbeddedStore

MAPS = "/api/v1/namespaces/default/configmaps"
ALICE = User("alice", groups=("devs",))
BOB = User("bob")


def info(verb: str, path: str = "", **fields: str) -> RequestInfo:
    made = RequestInfo(path, verb)
    made.is_resource = bool(fields)
    for name, value in fields.items():
        setattr(made, name, value)
    return made


RULES: list[tuple[dict[str, Any], User | None, RequestInfo, bool]] = [
    ({}, None, info("get", "/x"), True),
    ({"users": ["alice"]}, ALICE, info("get", "/x"), True),
    ({"users": ["alice"]}, BOB, info("get", "/x"), False),
    ({"users": ["alice"]}, None, info("get", "/x"), False),
    ({"userGroups": ["devs"]}, ALICE, info("get", "/x"), True),
    ({"userGroups": ["devs"]}, BOB, info("get", "/x"), False),
    ({"verbs": ["get"]}, BOB, info("list", resource="pods"), False),
    ({"namespaces": ["a"]}, BOB, info("get", resource="pods", namespace="a"), True),
    ({"namespaces": [""]}, BOB, info("get", resource="nodes"), True),
    ({"namespaces": ["a"]}, BOB, info("get", "/healthz"), False),
    ({"nonResourceURLs": ["/health*"]}, BOB, info("get", "/healthz"), True),
    ({"nonResourceURLs": ["/health"]}, BOB, info("get", "/healthz"), False),
    ({"nonResourceURLs": ["*"]}, BOB, info("get", resource="pods"), False),
    ({"resources": [{"group": "apps"}]}, BOB, info("get", resource="pods"), False),
    ({"resources": [{"group": "*"}]}, BOB, info("get", resource="pods"), True),
    ({"resources": [{"resources": ["pods"]}]}, BOB, info("get", resource="pods"), True),
    ({"resources": [{"resources": ["pods"]}]}, BOB, info("get", resource="pods", subresource="log"), False),
    ({"resources": [{"resources": ["pods/log"]}]}, BOB, info("get", resource="pods", subresource="log"), True),
    ({"resources": [{"resources": ["pods/*"]}]}, BOB, info("get", resource="pods"), True),
    ({"resources": [{"resources": ["*/log"]}]}, BOB, info("get", resource="pods", subresource="log"), True),
    ({"resources": [{"resources": ["pods"], "resourceNames": ["p"]}]}, BOB, info("get", resource="pods"), False),
]


@pytest.mark.parametrize(("rule", "user", "request_info", "matches"), RULES)
def test_rules(rule: dict[str, Any], user: User | None, request_info: RequestInfo, matches: bool) -> None:
    policy = Policy({"rules": [rule | {"level": "Metadata"}]})
    assert policy.evaluate(user, request_info).level == ("Metadata" if matches else "None")


def test_the_first_rule_decides_and_stages_add_up() -> None:
    rules = [
        {"level": "Request", "verbs": ["get"], "omitStages": ["Panic"], "omitManagedFields": False},
        {"level": "Metadata"},
    ]
    policy = Policy({"rules": rules, "omitStages": ["RequestReceived"], "omitManagedFields": True})
    first, second = policy.evaluate(BOB, info("get", "/x")), policy.evaluate(BOB, info("post", "/x"))
    assert (first.level, first.omitted, first.omits_managed_fields) == ("Request", {"RequestReceived", "Panic"}, False)
    assert (second.level, second.omitted, second.omits_managed_fields) == ("Metadata", {"RequestReceived"}, True)


@pytest.mark.parametrize(
    ("policy", "text"),
    [
        ({"rules": []}, "loaded illegal policy with 0 rules"),
        ({"rules": [{}]}, "rules[0].level: Required value"),
        ({"rules": [{"level": "All"}]}, 'rules[0].level: Unsupported value: "All": supported values: "None", "Meta'),
        ({"rules": [{"level": "None", "omitStages": ["x"]}]}, 'rules[0].omitStages[0]: Invalid value: "x": allowed'),
        ({"rules": [{"level": "None", "nonResourceURLs": ["x"]}]}, "must begin with a '/' character"),
        ({"rules": [{"level": "None", "nonResourceURLs": ["/*/x"]}]}, "must be the final character of the rule"),
        ({"rules": [{"level": "None", "nonResourceURLs": ["/x"], "namespaces": ["a"]}]}, "rules cannot apply to both"),
        (
            {"rules": [{"level": "None", "resources": [{"group": "a/v1"}]}]},
            'rules[0].resources.group: Invalid value: "a',
        ),
    ],
)
def test_bad_policies(policy: dict[str, Any], text: str) -> None:
    with pytest.raises(KfastError) as failure:
        Policy(policy)
    assert text in str(failure.value)


def test_policy_files(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    with pytest.raises(KfastError, match="failed to read file path"):
        Policy.load(file)
    file.write_text("rules: [{level: None}]")
    with pytest.raises(KfastError, match="unknown group version field None in policy: from file"):
        Policy.load(file)


@pytest.fixture
async def audited(tmp_path: Path):
    """Starts a server with a policy; its events but for those of its own start."""
    started: list[tuple[APIServer, EmbeddedStore]] = []

    async def start(*rules: dict[str, Any], **policy: Any) -> tuple[APIServer, Any]:
        file, log = tmp_path / "policy.yaml", tmp_path / "audit.log"
        document = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": list(rules), **policy}
        file.write_text(yaml.safe_dump(document))
        store = EmbeddedStore(None)
        config = AuditConfig(policy_file=file, log_path=log)
        api = APIServer(store, default_catalog(), SystemClock(), seed=1, audit=config)
        started.append((api, store))
        await api.start()
        before = len(log.read_bytes())
        return api, lambda: [json.loads(line) for line in log.read_bytes()[before:].splitlines()]

    yield start
    for api, store in started:
        await api.stop()
        await store.close()


def request(method: str, path: str, body: Any = None, query: str = "", **fields: Any) -> Request:
    headers = {"content-type": "application/json", "user-agent": "test/1"} | fields.pop("headers", {})
    data = json.dumps(body).encode() if body is not None else b""
    values = {key: [value] for key, _, value in (part.partition("=") for part in query.split("&") if part)}
    user = fields.pop("user", User("admin", groups=("system:masters",)))
    return Request(method, path, values, headers, data, user=user, **fields)


async def test_an_event_a_stage(audited) -> None:
    api, events = await audited({"level": "Metadata"})
    body = {"metadata": {"name": "c"}, "data": {"a": "b"}}
    sent = request(
        "POST", MAPS, body, "fieldManager=me", peer_address="10.0.0.7", headers={"x-forwarded-for": "1.2.3.4"}
    )
    response = await api.handle(sent)
    received, complete = events()
    assert [received["stage"], complete["stage"]] == ["RequestReceived", "ResponseComplete"]
    assert received["auditID"] == complete["auditID"] == response.headers["Audit-Id"]
    assert complete["requestURI"] == f"{MAPS}?fieldManager=me"
    assert (complete["verb"], complete["level"]) == ("create", "Metadata")
    assert complete["user"] == {"username": "admin", "groups": ["system:masters"]}
    assert complete["sourceIPs"] == ["1.2.3.4", "10.0.0.7"]
    assert complete["userAgent"] == "test/1"
    reference = {"resource": "configmaps", "namespace": "default", "apiVersion": "v1"}
    assert received["objectRef"] == reference
    assert complete["objectRef"] == reference | {"name": "c"}
    assert complete["responseStatus"] == {"metadata": {}, "code": 201}
    assert complete["annotations"] == {"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": ""}
    assert not {"requestObject", "responseObject", "responseStatus", "annotations"} & received.keys()
    assert "requestObject" not in complete


async def test_levels_show_objects(audited) -> None:
    rules = [
        {"level": "None", "verbs": ["get"]},
        {"level": "Request", "verbs": ["create"]},
        {"level": "RequestResponse", "omitManagedFields": True},
    ]
    api, events = await audited(*rules, omitStages=["RequestReceived"])
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "b"}}
    await api.handle(request("POST", MAPS, body))
    await api.handle(request("GET", f"{MAPS}/c"))
    patch = {"data": {"x": "y"}}
    merge = {"content-type": "application/merge-patch+json"}
    await api.handle(request("PATCH", f"{MAPS}/c", patch, headers=merge))
    await api.handle(request("GET", MAPS))
    await api.handle(request("DELETE", f"{MAPS}/d"))
    created, patched, listed, deleted = events()
    assert created["requestObject"] == body
    assert "responseObject" not in created
    assert patched["requestObject"] == patch
    assert patched["responseObject"]["data"] == {"a": "b", "x": "y"}
    assert "managedFields" not in patched["responseObject"]["metadata"]
    assert all("managedFields" not in item["metadata"] for item in listed["responseObject"]["items"])
    assert deleted["responseStatus"] | {"details": None} == {
        "metadata": {},
        "status": "Failure",
        "message": 'configmaps "d" not found',
        "reason": "NotFound",
        "details": None,
        "code": 404,
    }


async def test_native_requests_and_batches_are_recorded_one_by_one(audited) -> None:
    from kfast.client.client import Client
    from kfast.client.transports.local import LocalTransport

    api, events = await audited({"level": "RequestResponse"}, omitStages=["RequestReceived"])
    client = Client(LocalTransport(api.handle, User("admin", groups=("system:masters",)), api.handle_many))
    kind = api.catalog.by_gvk("", "v1", "ConfigMap")
    bodies = [{"metadata": {"name": f"c{n}"}} for n in range(3)]
    await client.create_many(kind, bodies, "default")
    await client.list(kind, "default")
    *created, listed = events()
    assert [event["objectRef"]["name"] for event in created] == ["c0", "c1", "c2"]
    assert [event["responseObject"]["metadata"]["name"] for event in created] == ["c0", "c1", "c2"]
    assert len(listed["responseObject"]["items"]) >= 3


async def test_watches_have_a_start_and_an_end(audited) -> None:
    api, events = await audited({"level": "Metadata"}, omitStages=["RequestReceived"])
    native = request("GET", MAPS, query="watch=1", native=True)
    response = await api.handle(native)
    assert [event["stage"] for event in events()] == ["ResponseStarted"]
    watch: Any = response.payload
    watch.close()
    assert [(event["stage"], event["verb"]) for event in events()] == [
        ("ResponseStarted", "watch"),
        ("ResponseComplete", "watch"),
    ]


async def test_strangers_refusals_and_impersonation(audited) -> None:
    api, events = await audited({"level": "Metadata"}, omitStages=["RequestReceived"])
    await api.handle(request("GET", MAPS, user=None, headers={"authorization": "Bearer nonsense"}))
    await api.handle(request("GET", MAPS, user=User("eve")))
    await api.handle(request("GET", MAPS, headers={"impersonate-user": "eve"}))
    stranger, refused, impersonated = events()
    assert (stranger["stage"], stranger["user"]) == ("ResponseStarted", {})
    assert stranger["responseStatus"]["code"] == 401
    assert stranger["responseStatus"]["message"] == "Authentication failed, attempted: bearer"
    assert refused["responseStatus"]["code"] == 403
    assert refused["annotations"]["authorization.k8s.io/decision"] == "forbid"
    assert impersonated["user"]["username"] == "admin"
    assert impersonated["impersonatedUser"]["username"] == "eve"


class Broken(Plugin):
    """An admission plugin with a fault."""

    name = "Broken"
    looks = False

    async def admit(self, attributes: Any) -> None:
        raise RuntimeError("boom")


async def test_faults_of_the_server(audited) -> None:
    api, events = await audited({"level": "Metadata"}, omitStages=["RequestReceived"])
    api.backend.admission.add(Broken())
    await api.handle(request("POST", MAPS, {"metadata": {"name": "c"}}))
    (event,) = events()
    assert (event["stage"], event["responseStatus"]["message"]) == ("Panic", "APIServer panic'd: boom")


class FakeClock(SystemClock):
    def __init__(self) -> None:
        self.time = 1_700_000_000.0

    def now(self) -> float:
        return self.time


def test_files_are_rotated_removed_and_compressed(tmp_path: Path) -> None:
    clock = FakeClock()
    config = AuditConfig(
        policy_file=tmp_path / "p",
        log_path=tmp_path / "logs" / "audit.log",
        max_size_megabytes=1,
        max_backups=2,
        max_age_days=1,
    )
    line = b"x" * 600_000 + b"\n"
    log = LogFile(config, clock)
    for _ in range(5):
        log.write(line)
        clock.time += 60
    log.close()
    names = sorted(file.name for file in config.log_path.parent.iterdir())
    assert names == ["audit-2023-11-14T22-16-20.000.log", "audit-2023-11-14T22-17-20.000.log", "audit.log"]
    clock.time += 2 * 86400
    compressing = LogFile(
        AuditConfig(
            policy_file=config.policy_file,
            log_path=config.log_path,
            max_size_megabytes=1,
            max_age_days=1,
            compress=True,
        ),
        clock,
    )
    compressing.write(line)
    compressing.close()
    (old, current) = sorted(config.log_path.parent.iterdir())
    assert old.name == "audit-2023-11-16T22-18-20.000.log.gz"
    assert gzip.decompress(old.read_bytes()) == line == current.read_bytes()
