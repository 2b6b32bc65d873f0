"""Events are counted, combined and limited as client-go's correlator does."""

import json

from kfast.runtime import EventSink, Recorder


def events(server):
    return [json.loads(body) for path, body in server.objects.items() if "/events/" in path]


def recorder(client, clock):
    sink = EventSink(client, clock)
    sink.start()
    return Recorder(sink, "test-controller")


def test_an_event_names_its_object(virtual):
    async def scenario(server, client, clock):
        pod = server.add("web")
        recorder(client, clock).event(pod, "Normal", "Started", "It started")
        await clock.sleep(1)
        [event] = events(server)
        assert event["metadata"]["name"].startswith("web.")
        assert event["involvedObject"] == {
            "kind": "Pod",
            "namespace": "default",
            "name": "web",
            "uid": pod.uid,
            "apiVersion": "v1",
            "resourceVersion": "1",
        }
        assert (event["type"], event["reason"], event["message"], event["count"]) == (
            "Normal",
            "Started",
            "It started",
            1,
        )
        assert event["source"] == {"component": "test-controller"}

    virtual(scenario)


def test_repetitions_are_counted_in_one_event(virtual):
    async def scenario(server, client, clock):
        pod = server.add("web")
        says = recorder(client, clock)
        for _ in range(5):
            says.event(pod, "Warning", "Failed", "It failed")
            await clock.sleep(10)
        [event] = events(server)
        assert event["count"] == 5
        assert event["firstTimestamp"] < event["lastTimestamp"]

    virtual(scenario)


def test_a_vanished_event_is_written_anew(virtual):
    async def scenario(server, client, clock):
        pod = server.add("web")
        says = recorder(client, clock)
        says.event(pod, "Warning", "Failed", "It failed")
        await clock.sleep(1)
        for path in [p for p in server.objects if "/events/" in p]:
            del server.objects[path]
        says.event(pod, "Warning", "Failed", "It failed")
        await clock.sleep(1)
        assert [e["count"] for e in events(server)] == [1]

    virtual(scenario)


def test_many_similar_events_are_combined(virtual):
    async def scenario(server, client, clock):
        pod = server.add("web")
        says = recorder(client, clock)
        for number in range(20):
            pod = server.change("web", status={"step": number})
            says.event(pod, "Normal", "Created", f"Created pod {number}")
            await clock.sleep(1)
        found = events(server)
        assert len(found) == 10
        assert found[-1]["message"] == "(combined from similar events): Created pod 19"
        assert found[-1]["count"] == 11

    virtual(scenario)


def test_one_source_cannot_flood_one_object(virtual):
    async def scenario(server, client, clock):
        pod, other = server.add("web"), server.add("other")
        says = recorder(client, clock)
        for number in range(40):
            says.event(pod, "Normal", f"Reason{number}", "text")
        says.event(other, "Normal", "Reason", "text")
        await clock.sleep(1)
        names = [e["involvedObject"]["name"] for e in events(server)]
        assert (names.count("web"), names.count("other")) == (25, 1)
        await clock.sleep(301)
        says.event(pod, "Normal", "Late", "text")
        await clock.sleep(1)
        assert "Late" in [e["reason"] for e in events(server)]

    virtual(scenario)
