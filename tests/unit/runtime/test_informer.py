"""An informer's cache and callbacks follow the server, whatever happens to its connection."""

from kfast.errors import StatusError
from kfast.runtime import Informer, LabelSelector


def recorded(informer):
    events = []
    informer.add_handler(
        lambda o: events.append(("add", o.name)),
        lambda old, new: events.append(("update", old.revision, new.revision)),
        lambda o: events.append(("delete", o.name)),
    )
    return events


def test_tells_what_is_there_and_what_changes(virtual, pods):
    async def scenario(server, client, clock):
        server.add("a")
        informer = Informer(client, pods)
        events = recorded(informer)
        informer.start()
        await informer.synced()
        assert events == [("add", "a")]
        server.change("a", spec={})
        server.add("b")
        server.delete("a")
        await clock.sleep(0.1)
        assert events[1:] == [("update", 1, 2), ("add", "b"), ("delete", "a")]
        assert informer.store.get("default", "a") is None
        assert [o.name for o in informer.store.list("default")] == ["b"]
        await informer.stop()

    virtual(scenario)


def test_late_handlers_hear_of_everything_known(virtual, pods):
    async def scenario(server, client, clock):
        server.add("a")
        informer = Informer(client, pods)
        informer.start()
        await informer.synced()
        assert recorded(informer) == [("add", "a")]

    virtual(scenario)


def test_resumes_a_broken_watch_without_listing_again(virtual, pods):
    async def scenario(server, client, clock):
        informer = Informer(client, pods)
        events = recorded(informer)
        informer.start()
        await informer.synced()
        for number in range(20):
            server.add(f"before-{number}")
            await clock.sleep(0.1)
            server.drop_watches()
            server.add(f"while-{number}")
            await clock.sleep(60)
        assert len(events) == len(set(events)) == 40
        lists = [query for method, _, query in server.requests if method == "GET" and "watch" not in query]
        assert len(lists) == 1

    virtual(scenario)


def test_lists_again_when_its_revision_is_forgotten(virtual, pods):
    async def scenario(server, client, clock):
        server.add("stays")
        server.add("goes")
        informer = Informer(client, pods)
        events = recorded(informer)
        informer.start()
        await informer.synced()
        await clock.sleep(0.1)
        server.drop_watches(forget=True)
        server.delete("goes")
        server.history.clear()
        server.add("comes")
        server.history.clear()
        await clock.sleep(5)
        assert sorted(o.name for o in informer.store) == ["comes", "stays"]
        assert sorted(events[2:]) == [("add", "comes"), ("delete", "goes")]
        assert server.requests[-2][2].get("resourceVersion") is None

    virtual(scenario)


def test_a_replaced_object_is_a_deletion_and_an_addition(virtual, pods):
    async def scenario(server, client, clock):
        old = server.add("a")
        informer = Informer(client, pods)
        informer.start()
        await informer.synced()
        await clock.sleep(0.1)
        seen = []
        informer.add_handler(lambda o: seen.append(("add", o.uid)), on_delete=lambda o: seen.append(("delete", o.uid)))
        server.drop_watches(forget=True)
        server.delete("a")
        new = server.add("a")
        server.history.clear()
        await clock.sleep(5)
        assert seen == [("add", old.uid), ("delete", old.uid), ("add", new.uid)]

    virtual(scenario)


def test_keeps_trying_when_the_server_refuses(virtual, pods):
    async def scenario(server, client, clock):
        server.add("a")
        server.fail["GET"] = [StatusError(503, "ServiceUnavailable", "not yet")] * 5
        informer = Informer(client, pods)
        informer.start()
        await informer.synced()
        assert len(informer.store) == 1
        assert 0.8 + 1.6 + 3.2 + 6.4 + 12.8 <= clock.monotonic() < 30

    virtual(scenario)


def test_a_failing_handler_keeps_nobody_else_from_hearing(virtual, pods, caplog):
    async def scenario(server, client, clock):
        server.add("a")
        informer = Informer(client, pods)
        informer.add_handler(lambda o: 1 / 0)
        events = recorded(informer)
        informer.start()
        await informer.synced()
        assert events == [("add", "a")]
        assert "ZeroDivisionError" in caplog.text

    virtual(scenario)


def test_indexes_follow_changes(virtual, pods):
    async def scenario(server, client, clock):
        server.add("a", labels={"app": "x"})
        server.add("b", labels={"app": "y"})
        informer = Informer(client, pods, indexers={"app": lambda o: [o.labels["app"]]})
        informer.start()
        await informer.synced()
        assert [o.name for o in informer.store.by_index("app", "x")] == ["a"]
        server.change("a", metadata={"name": "a", "namespace": "default", "labels": {"app": "y"}})
        await clock.sleep(0.1)
        assert informer.store.by_index("app", "x") == []
        assert [o.name for o in informer.store.by_index("app", "y")] == ["b", "a"]
        assert [o.name for o in informer.store.list(selector=LabelSelector.parse("app=y"))] == ["a", "b"]
        server.delete("b")
        await clock.sleep(0.1)
        assert [o.name for o in informer.store.by_index("app", "y")] == ["a"]

    virtual(scenario)
