"""A watch goes on where it broke off."""

import json

import pytest

from kfast._core import Object
from kfast.api.kind import Kind
from kfast.client import Client, LocalTransport
from kfast.client.errors import TransportError
from kfast.clock import LoopClock
from kfast.errors import StatusError
from kfast.meta.exchange import ObjectList, Response, User
from kfast.testing.virtual_time import run_virtual

PODS = Kind(group="", version="v1", kind="Pod", plural="pods")


def pod(name, revision, **annotations):
    metadata = {"name": name, "namespace": "n", "resourceVersion": str(revision), "annotations": annotations}
    return Object.parse(json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": metadata}).encode())


def status(code, reason):
    return Object.parse(json.dumps(StatusError(code, reason, reason).to_dict()).encode())


class Source:
    """Yields batches; an exception among them is raised."""

    def __init__(self, *batches):
        self.batches = batches
        self.closed = False

    def close(self):
        self.closed = True

    async def __aiter__(self):
        for batch in self.batches:
            if isinstance(batch, Exception):
                raise batch
            yield batch


def watch_of(*answers, **options):
    """(events seen, error that ended the watch, queries asked) of a watch that gets these answers."""
    remaining, queries, seen = list(answers), [], []

    async def handler(request):
        queries.append({key: values[0] for key, values in request.query.items()})
        answer = remaining.pop(0) if remaining else StatusError(403, "Forbidden", "end of the script")
        if isinstance(answer, TransportError):
            raise answer
        if isinstance(answer, StatusError):
            return Response(answer.code, answer.to_dict())
        return Response(200, answer)

    async def main():
        clock = LoopClock()
        watch = Client(LocalTransport(handler, User("u")), clock).open_watch(PODS, **options)
        try:
            async for batch in watch:
                seen.extend((event, obj.name) for event, obj in batch)
        except (StatusError, TransportError) as error:
            return error, clock.monotonic()
        return None, clock.monotonic()

    error, seconds = run_virtual(main())
    return seen, error, queries, seconds


def test_resumes_after_the_last_event():
    seen, error, queries, _ = watch_of(
        Source([("ADDED", pod("a", 5))]),
        Source([("MODIFIED", pod("a", 8)), ("ADDED", pod("b", 9))], TransportError("cut")),
        Source(),
        resource_version="3",
    )
    assert seen == [("ADDED", "a"), ("MODIFIED", "a"), ("ADDED", "b")]
    assert error.code == 403
    assert [query["resourceVersion"] for query in queries] == ["3", "5", "9", "9"]


def test_bookmarks_move_the_place_to_resume_at():
    _, _, queries, _ = watch_of(Source([("BOOKMARK", pod("", 50))]), resource_version="3")
    assert [query["resourceVersion"] for query in queries] == ["3", "50"]
    assert queries[0]["allowWatchBookmarks"] == "true"


def test_a_forgotten_revision_is_told_after_what_came_before_it():
    seen, error, _, _ = watch_of(
        Source([("ADDED", pod("a", 5)), ("ERROR", status(410, "Expired"))]), resource_version="3"
    )
    assert seen == [("ADDED", "a")]
    assert error.expired


def test_waits_longer_and_longer_for_a_server_that_is_down():
    _, error, queries, seconds = watch_of(*[TransportError("refused")] * 7, resource_version="3")
    assert error.code == 403
    assert len(queries) == 8
    assert seconds == pytest.approx(0.8 + 1.6 + 3.2 + 6.4 + 12.8 + 25.6 + 30)


def test_waits_as_long_as_an_overloaded_server_asks():
    busy = StatusError(429, "TooManyRequests", "busy", {"retryAfterSeconds": 7})
    _, _, _, seconds = watch_of(busy, resource_version="3")
    assert seconds == 7


def test_initial_events_end_with_their_bookmark():
    end = pod("", 40, **{"k8s.io/initial-events-end": "true"})
    seen, _, queries, _ = watch_of(
        Source([("ADDED", pod("a", 30)), ("ADDED", pod("b", 10))], [("BOOKMARK", end)]), initial_events=True
    )
    assert [name for _, name in seen] == ["a", "b", ""]
    assert queries[0]["sendInitialEvents"] == "true"
    assert queries[0]["resourceVersionMatch"] == "NotOlderThan"
    assert "sendInitialEvents" not in queries[1]
    assert queries[1]["resourceVersion"] == "40"


def test_initial_events_cut_short_are_no_state():
    seen, error, _, _ = watch_of(Source([("ADDED", pod("a", 30))]), initial_events=True)
    assert seen == [("ADDED", "a")]
    assert isinstance(error, TransportError)


async def test_events_one_by_one_begin_with_what_is_there():
    answers = [ObjectList(20, [pod("a", 3)]), Source([("BOOKMARK", pod("", 30)), ("ADDED", pod("b", 31))])]
    queries = []

    async def handler(request):
        queries.append(request.query)
        return Response(200, answers.pop(0))

    events = []
    async for event, obj in Client(LocalTransport(handler, User("u"))).watch(PODS):
        events.append((event, obj.name))
        if obj.name == "b":
            break
    assert events == [("ADDED", "a"), ("ADDED", "b")]
    assert queries[1]["resourceVersion"] == ["20"]
