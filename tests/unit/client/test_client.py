"""What the client asks for, and how it reads answers, in both transports' forms."""

import json

import pytest

from kfast._core import Object
from kfast.api.kind import Kind
from kfast.client import Client, LocalTransport
from kfast.errors import StatusError
from kfast.meta.exchange import ObjectList, Response, User

PODS = Kind(group="", version="v1", kind="Pod", plural="pods")
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "n", "resourceVersion": "7"}}
HANDLE = Object.parse(json.dumps(POD).encode())


class Scripted:
    """Answers with the payloads it was given, in order, and keeps the requests."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []

    async def __call__(self, request):
        self.requests.append(request)
        answer = self.answers.pop(0)
        return answer if isinstance(answer, Response) else Response(200, answer)


def client_of(*answers):
    server = Scripted(*answers)
    return Client(LocalTransport(server, User("somebody", groups=("g",)))), server


@pytest.mark.parametrize("payload", [HANDLE, POD, json.dumps(POD).encode()], ids=["handle", "dict", "bytes"])
async def test_an_object_is_a_handle_in_every_form(payload):
    client, server = client_of(payload)
    pod = await client.get(PODS, "a", "n")
    assert (pod.name, pod.revision) == ("a", 7)
    [request] = server.requests
    assert (request.method, request.path, request.native) == ("GET", "/api/v1/namespaces/n/pods/a", True)
    assert request.user.name == "somebody"


@pytest.mark.parametrize(
    "payload",
    [
        ObjectList(9, [HANDLE], "next", 3),
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "PodList",
                "metadata": {"resourceVersion": "9", "continue": "next", "remainingItemCount": 3},
                "items": [{"metadata": POD["metadata"]}],
            }
        ).encode(),
    ],
    ids=["handles", "bytes"],
)
async def test_a_list_in_every_form(payload):
    client, server = client_of(payload)
    page = await client.list(PODS, label_selector="app=x", limit=1)
    assert (page.revision, page.continue_token, page.remaining) == (9, "next", 3)
    [pod] = page.objects
    assert (pod.kind, pod.name) == ("Pod", "a")
    assert server.requests[0].query == {"labelSelector": ["app=x"], "limit": ["1"]}


async def test_writes_go_to_the_namespace_of_the_body():
    client, server = client_of(*[HANDLE] * 5)
    await client.create(PODS, POD)
    await client.create(PODS, POD, "other")
    await client.update(PODS, POD)
    await client.update_status(PODS, POD)
    await client.patch(PODS, "a", {"x": 1}, "n", type="strategic", subresource="status")
    assert [(r.method, r.path) for r in server.requests] == [
        ("POST", "/api/v1/namespaces/n/pods"),
        ("POST", "/api/v1/namespaces/other/pods"),
        ("PUT", "/api/v1/namespaces/n/pods/a"),
        ("PUT", "/api/v1/namespaces/n/pods/a/status"),
        ("PATCH", "/api/v1/namespaces/n/pods/a/status"),
    ]
    assert server.requests[4].headers["content-type"] == "application/strategic-merge-patch+json"
    assert json.loads(server.requests[0].body) == POD


async def test_delete_sends_its_options_and_tells_status_from_object():
    status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
    client, server = client_of(status, HANDLE)
    gone = await client.delete(PODS, "a", "n", grace_seconds=0, propagation="Foreground", uid="u", resource_version="7")
    assert gone == status
    assert json.loads(server.requests[0].body) == {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "gracePeriodSeconds": 0,
        "propagationPolicy": "Foreground",
        "preconditions": {"uid": "u", "resourceVersion": "7"},
    }
    held = await client.delete(PODS, "a", "n")
    assert held.name == "a"
    assert json.loads(server.requests[1].body) == {"apiVersion": "v1", "kind": "DeleteOptions"}


@pytest.mark.parametrize("encoded", [False, True])
async def test_a_failure_is_the_status_it_says(encoded):
    error = StatusError(409, "Conflict", "changed", {"name": "a", "causes": [{"reason": "x"}]})
    body = json.dumps(error.to_dict()).encode() if encoded else error.to_dict()
    client, _ = client_of(Response(409, body))
    with pytest.raises(StatusError) as raised:
        await client.get(PODS, "a", "n")
    assert raised.value.to_dict() == error.to_dict()
    assert raised.value.conflict


async def test_a_failure_that_is_no_status_still_says_something():
    client, _ = client_of(Response(502, b"<html>Bad Gateway</html>"))
    with pytest.raises(StatusError, match="Bad Gateway") as raised:
        await client.get(PODS, "a", "n")
    assert raised.value.code == 502
