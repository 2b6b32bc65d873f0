"""Python plugins: what they see, what they decide, and what happens when they fail."""

import numpy as np
import pytest

from kfast.client import Client, LocalTransport
from kfast.clock import LoopClock
from kfast.meta.exchange import User
from kfast.scheduler import Plugin, Scheduler
from kfast.scheduler.configuration import parse
from kfast.scheduler.plugins.plugin import PluginError
from kfast.testing.virtual_time import run_virtual

HEAD = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n"


@pytest.fixture
def schedule(cluster):
    """Runs a coroutine function of (scheduler, clock) beside a scheduler with these plugins."""

    def schedule(*plugins, scenario=None, configuration=None):
        async def main():
            clock = LoopClock()
            client = Client(LocalTransport(cluster.handle, User("system:kube-scheduler")), clock)
            chosen = parse(configuration) if configuration else None
            scheduler = Scheduler(client, clock, configuration=chosen, plugins=plugins, seed=1)
            await scheduler.start()
            try:
                if scenario is None:
                    await clock.sleep(0.5)
                else:
                    await scenario(scheduler, clock)
            finally:
                await scheduler.stop()

        run_virtual(main())

    return schedule


def notes(cluster):
    return [e["note"] for e in cluster.events]


class Ssd(Plugin):
    """Pods that ask for a disk kind go to nodes that have it, the fullest first."""

    depends = "requested"
    reason = "node(s) had the wrong disk"

    def filter(self, pod, nodes):
        return nodes.label("disk").equals(pod.labels["disk"])

    def score(self, pod, nodes):
        return 100 * nodes.requested("cpu") / nodes.allocatable("cpu")


def labelled(cluster, name, **labels):
    cluster.add_node(name)
    node = cluster.objects["nodes"][name]
    node["metadata"]["labels"] = labels
    cluster.put("nodes", node)


def with_labels(cluster, name, **labels):
    cluster.add_pod(name)
    cluster.objects["pods"][name]["metadata"]["labels"] = labels


def test_a_filter_and_a_score_over_all_nodes(cluster, schedule):
    for name, disk in (("n1", "ssd"), ("n2", "hdd"), ("n3", "ssd")):
        labelled(cluster, name, disk=disk)
    for number in range(4):
        with_labels(cluster, f"web-{number}", disk="ssd")
    with_labels(cluster, "old", disk="hdd")

    schedule(Ssd)
    placed = dict(cluster.bound)
    assert placed.pop("old") == "n2"
    assert len(placed) == 4
    assert set(placed.values()) <= {"n1", "n3"}


def test_nodes_that_a_plugin_rejects_are_counted_with_its_reason(cluster, schedule):
    labelled(cluster, "n1", disk="hdd")
    labelled(cluster, "n2", disk="hdd")
    with_labels(cluster, "web", disk="ssd")

    schedule(Ssd)
    [note] = notes(cluster)
    assert note.startswith("0/2 nodes are available: 2 node(s) had the wrong disk.")
    assert cluster.condition("web")["reason"] == "Unschedulable"


def test_a_changed_node_has_the_plugin_asked_again_and_the_pod_placed(cluster, schedule):
    labelled(cluster, "n1", disk="hdd")
    with_labels(cluster, "web", disk="ssd")

    async def scenario(scheduler, clock):
        await clock.sleep(5)
        assert cluster.bound == []
        labelled(cluster, "n1", disk="ssd")
        await clock.sleep(5)
        assert cluster.bound == [("web", "n1")]

    schedule(Ssd, scenario=scenario)


def test_classes_are_asked_about_once_and_pods_signed_by_uid_each(cluster, schedule):
    class Counting(Plugin):
        asked = 0

        def score(self, pod, nodes):
            self.asked += 1
            return np.zeros(len(nodes))

    class Each(Counting):
        def sign(self, pod):
            return pod.uid

    cluster.add_node("n1", cpu="64")
    for number in range(10):
        cluster.add_pod(f"web-{number}")
    once, each = Counting(), Each()
    schedule(once, each)
    assert len(cluster.bound) == 10
    # The signs of one plugin part the pods for all.
    assert (once.asked, each.asked) == (10, 10)
    cluster.bound.clear()
    for number in range(10):
        del cluster.objects["pods"][f"web-{number}"]["spec"]["nodeName"]
    alone = Counting()
    schedule(alone)
    assert (alone.asked, len(cluster.bound)) == (1, 10)


class Broken(Plugin):
    def __init__(self, how):
        self.how = how

    def score(self, pod, nodes):
        return self.how(nodes)


@pytest.mark.parametrize(
    ("how", "what"),
    [
        (lambda nodes: 1 / 0, "ZeroDivisionError: division by zero"),
        (lambda nodes: [1, 2, 3], "answered with the shape (3,), wanted one value for each of 1 nodes"),
        (lambda nodes: ["a"], "answered with values of type <U1, wanted float"),
        (lambda nodes: [101], "returns an invalid score 101, it should in the range of [0, 100]"),
        (lambda nodes: [float("nan")], "answered with a score that is no finite number"),
    ],
)
def test_a_fault_fails_the_attempt_and_is_told(cluster, schedule, how, what):
    cluster.add_node("n1")
    cluster.add_pod("web")
    plugin = Broken(how)

    async def scenario(scheduler, clock):
        await clock.sleep(0.5)
        message = f'running Score plugins: plugin "Broken" failed with: {what}'
        assert notes(cluster) == [message]
        condition = cluster.condition("web")
        assert (condition["reason"], condition["message"]) == ("SchedulerError", message)
        assert cluster.bound == []
        plugin.how = lambda nodes: [7]
        await clock.sleep(5)
        assert cluster.bound == [("web", "n1")]

    schedule(plugin, scenario=scenario)


def test_a_permit_that_rejects_gives_the_reservation_back_and_waits_for_an_event(cluster, schedule):
    class Door(Plugin):
        open = False
        held = []  # noqa: RUF012

        def reserve(self, pod, node):
            self.held.append(pod.name)

        def unreserve(self, pod, node):
            self.held.remove(pod.name)

        async def permit(self, pod, node):
            return None if self.open else "the door is shut"

    cluster.add_node("n1")
    cluster.add_pod("web")
    door = Door()

    async def scenario(scheduler, clock):
        await clock.sleep(0.5)
        assert (cluster.bound, door.held) == ([], [])
        assert notes(cluster) == ["0/1 nodes are available: 1 the door is shut."]
        assert cluster.condition("web")["reason"] == "Unschedulable"
        door.open = True
        await clock.sleep(5)
        assert cluster.bound == []
        cluster.add_node("n2")
        await clock.sleep(5)
        assert len(cluster.bound) == 1
        assert door.held == ["web"]

    schedule(door, scenario=scenario)


def test_a_bind_plugin_may_bind_or_leave_it(cluster, schedule):
    class Own(Plugin):
        def bind(self, pod, node):
            if pod.name != "mine":
                return False
            cluster.objects["pods"]["mine"]["spec"]["nodeName"] = node
            return True

    cluster.add_node("n1")
    cluster.add_pod("mine")
    cluster.add_pod("other")
    # DefaultBinder is disabled first: else it would keep its place before what is only enabled here.
    points = "    bind:\n      disabled: [{name: '*'}]\n      enabled: [{name: Own}, {name: DefaultBinder}]\n"
    schedule(Own, configuration=HEAD + "profiles:\n- plugins:\n" + points)
    assert cluster.bound == [("other", "n1")]
    assert cluster.objects["pods"]["mine"]["spec"]["nodeName"] == "n1"
    assert sorted(notes(cluster)) == [
        "Successfully assigned default/mine to n1",
        "Successfully assigned default/other to n1",
    ]


def test_pre_enqueue_holds_a_pod_back_until_it_changes(cluster, schedule):
    class Quota(Plugin):
        def pre_enqueue(self, pod):
            return None if pod.labels.get("paid") else "not paid for"

    cluster.add_node("n1")
    cluster.add_pod("web")

    async def scenario(scheduler, clock):
        await clock.sleep(1)
        assert cluster.condition("web")["message"] == "not paid for"
        pod = cluster.objects["pods"]["web"]
        pod["metadata"]["labels"] = {"paid": "yes"}
        cluster.put("pods", pod)
        await clock.sleep(1)
        assert cluster.bound == [("web", "n1")]

    schedule(Quota, scenario=scenario)


def test_profiles_run_their_own_plugins_on_one_cluster(cluster, schedule):
    text = (
        HEAD
        + "profiles:\n- schedulerName: default-scheduler\n- schedulerName: packing\n  plugins:\n"
        + "    score:\n      disabled:\n      - name: '*'\n      enabled:\n      - name: NodeResourcesFit\n"
        + "  pluginConfig:\n  - name: NodeResourcesFit\n    args:\n"
        + "      scoringStrategy:\n        type: MostAllocated\n"
    )
    for number in range(3):
        cluster.add_node(f"n{number}")
    for number in range(3):
        cluster.add_pod(f"spread-{number}")
        cluster.add_pod(f"pack-{number}", schedulerName="packing", priority=1)
    cluster.add_pod("foreign", schedulerName="nobody")
    schedule(configuration=text)
    placed = dict(cluster.bound)
    assert len({placed[f"pack-{n}"] for n in range(3)}) == 1
    assert len({placed[f"spread-{n}"] for n in range(3)}) > 1
    assert "foreign" not in placed
    by = {e["regarding"]["name"]: e["reportingController"] for e in cluster.events}
    assert (by["pack-0"], by["spread-0"]) == ("packing", "default-scheduler")


def test_fewer_nodes_are_looked_at_where_that_is_configured(cluster, schedule):
    for number in range(200):
        cluster.add_node(f"n{number:03}", cpu="4" if number < 150 else "64")
    for number in range(2):
        cluster.add_pod(f"web-{number}")
    # All nodes: the large ones are the emptiest. Of a hundred feasible ones, at first the small ones are all there are.
    schedule(configuration=HEAD + "percentageOfNodesToScore: 50\n")
    first, second = (node for _, node in sorted(cluster.bound))
    assert first < "n100" <= second
    assert second >= "n150"


class Named(Plugin):
    """Loaded from a file's `module:Class` with its arguments."""

    def __init__(self, node=""):
        self.node = node

    def filter(self, pod, nodes):
        return np.array([name == self.node for name in nodes.names])


def test_a_file_names_a_plugin_by_module_and_class(cluster, schedule, monkeypatch):
    import sys
    from types import ModuleType

    module = ModuleType("site_plugins")
    module.Named = Named
    monkeypatch.setitem(sys.modules, "site_plugins", module)
    text = (
        HEAD
        + "profiles:\n- plugins:\n    multiPoint:\n      enabled:\n      - name: site_plugins:Named\n"
        + "  pluginConfig:\n  - name: site_plugins:Named\n    args:\n      node: n2\n"
    )
    for number in range(4):
        cluster.add_node(f"n{number}")
    cluster.add_pod("web")
    schedule(configuration=text)
    assert cluster.bound == [("web", "n2")]


@pytest.mark.parametrize(
    ("plugin", "message"),
    [
        (object, "is no scheduler plugin"),
        (type("Empty", (Plugin,), {}), 'plugin "Empty" has none of the methods'),
        (type("NodeName", (Plugin,), {"filter": lambda *_: None}), 'plugin "NodeName" has the name of one of upstream'),
        (Broken, 'initializing plugin "Broken": '),
    ],
)
def test_what_is_no_plugin_is_refused(cluster, schedule, plugin, message):
    with pytest.raises(PluginError, match=message):
        schedule(plugin)
