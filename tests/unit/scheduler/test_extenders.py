"""HTTP extenders, asked over real connections: what they are sent, what comes of their answers and their faults."""

import asyncio

import pytest
from aiohttp import web

from kfast.apiserver.pki import PKI
from kfast.client import Client, LocalTransport
from kfast.clock import SystemClock
from kfast.http.certificates import server_context
from kfast.meta.exchange import User
from kfast.scheduler import Scheduler
from kfast.scheduler.configuration import parse

HEAD = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\nextenders:\n"


class Site:
    """An extender: `answers` by verb, `asked` what it was sent."""

    def __init__(self, **answers):
        self.answers = answers
        self.asked = []

    async def handle(self, request):
        verb, body = request.path.rsplit("/", 1)[1], await request.json()
        self.asked.append((verb, body))
        answer = self.answers[verb]
        if callable(answer):
            answer = answer(body)
            if asyncio.iscoroutine(answer):
                answer = await answer
        return answer if isinstance(answer, web.Response) else web.json_response(answer)

    async def start(self, context=None):
        app = web.Application()
        app.router.add_post("/{tail:.*}", self.handle)
        self.runner = web.AppRunner(app)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0, ssl_context=context).start()
        return self.runner.addresses[0][1]


async def schedule(cluster, site, options, until, context=None):
    """Runs a scheduler with the extender until `until()`."""
    port = await site.start(context)
    scheme = "https" if context else "http"
    text = HEAD + f"- urlPrefix: {scheme}://127.0.0.1:{port}/scheduler\n" + "".join(f"  {o}\n" for o in options)
    clock = SystemClock()
    client = Client(LocalTransport(cluster.handle, User("system:kube-scheduler")), clock)
    scheduler = Scheduler(client, clock, configuration=parse(text), seed=1)
    await scheduler.start()
    try:
        async with asyncio.timeout(20):
            while not until():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    finally:
        await scheduler.stop()
        await site.runner.cleanup()


def notes(cluster):
    return [e["note"] for e in cluster.events]


@pytest.fixture
def three(cluster):
    for name in ("n1", "n2", "n3"):
        cluster.add_node(name)
    cluster.add_pod("web")
    return cluster


async def test_filter_and_prioritize_with_whole_nodes(three):
    def keep(body):
        items = [n for n in body["Nodes"]["items"] if n["metadata"]["name"] != "n1"]
        return {"Nodes": {"items": items}, "FailedNodes": {"n1": "not today"}}

    site = Site(filter=keep, prioritize=[{"Host": "n3", "Score": 10}, {"Host": "n2", "Score": 1}])
    options = ["filterVerb: filter", "prioritizeVerb: prioritize", "weight: 5"]
    await schedule(three, site, options, lambda: three.bound)
    assert three.bound == [("web", "n3")]
    (first, asked), (second, scored) = site.asked
    assert (first, second) == ("filter", "prioritize")
    assert asked["Pod"]["metadata"]["name"] == "web"
    assert {n["metadata"]["name"] for n in asked["Nodes"]["items"]} == {"n1", "n2", "n3"}
    assert asked["NodeNames"] is None
    assert {n["metadata"]["name"] for n in scored["Nodes"]["items"]} == {"n2", "n3"}


async def test_names_only_for_one_that_caches_nodes(three):
    site = Site(filter=lambda body: {"nodenames": ["n2"], "failedNodes": {}})
    await schedule(three, site, ["filterVerb: filter", "nodeCacheCapable: true"], lambda: three.bound)
    assert three.bound == [("web", "n2")]
    [(_, asked)] = site.asked
    assert (sorted(asked["NodeNames"]), asked["Nodes"]) == (["n1", "n2", "n3"], None)


async def test_reasons_of_failed_nodes_are_counted(three):
    answer = {
        "NodeNames": [],
        "FailedNodes": {"n1": "busy", "n2": "busy"},
        "FailedAndUnresolvableNodes": {"n3": "broken"},
    }
    site = Site(filter=answer)
    await schedule(three, site, ["filterVerb: filter", "nodeCacheCapable: true"], lambda: three.events)
    assert notes(three)[0].startswith("0/3 nodes are available: 1 broken, 2 busy.")
    assert three.condition("web")["reason"] == "Unschedulable"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"Error": "out of order"}, "out of order"),
        (lambda _: web.Response(status=503), "failed filter with extender at URL {url}/filter, code 503"),
        (
            {"NodeNames": ["n9"]},
            'extender "{url}" claims a filtered node "n9" which is not found in the input node list',
        ),
        (lambda _: asyncio.sleep(5), 'Post "{url}/filter": context deadline exceeded'),
        ([], "an extender answered list, not an object"),
    ],
)
async def test_an_error_fails_the_attempt(three, answer, message):
    site = Site(filter=answer)
    options = ["filterVerb: filter", "nodeCacheCapable: true", "httpTimeout: 200ms"]
    await schedule(three, site, options, lambda: three.events)
    condition = three.condition("web")
    url = condition["message"].partition("http://")[2].partition("/scheduler")[0]
    assert condition["message"] == message.format(url=f"http://{url}/scheduler")
    assert condition["reason"] == "SchedulerError"
    assert three.bound == []


async def test_an_ignorable_one_may_fail(three):
    site = Site(filter=lambda _: web.Response(status=500))
    await schedule(three, site, ["filterVerb: filter", "ignorable: true"], lambda: three.bound)
    assert [name for name, _ in three.bound] == ["web"]


async def test_scores_of_one_that_fails_do_not_count(three):
    site = Site(prioritize=lambda _: web.Response(status=500))
    await schedule(three, site, ["prioritizeVerb: prioritize", "weight: 1"], lambda: three.bound)
    assert [name for name, _ in three.bound] == ["web"]


async def test_it_binds_what_it_manages_and_hides_it_from_the_filter(three):
    three.add_pod("gpu")
    pod = three.objects["pods"]["gpu"]
    pod["spec"]["containers"][0]["resources"]["requests"]["example.com/gpu"] = "1"

    def bind(body):
        three.objects["pods"][body["PodName"]]["spec"]["nodeName"] = body["Node"]
        return {"Error": ""}

    site = Site(bind=bind)
    options = ["bindVerb: bind", "managedResources: [{name: example.com/gpu, ignoredByScheduler: true}]"]
    await schedule(three, site, options, lambda: len(three.events) == 2)
    [(verb, asked)] = site.asked
    assert verb == "bind"
    assert (asked["PodName"], asked["PodNamespace"], asked["PodUID"]) == ("gpu", "default", "uid-gpu")
    assert [name for name, _ in three.bound] == ["web"]


async def test_tls_with_an_authority(three):
    pki = PKI(None, SystemClock().now())
    context = server_context(pki.server(["127.0.0.1"]), pki.ca.certificate)
    import base64

    authority = base64.b64encode(pki.ca.certificate).decode()
    site = Site(filter=lambda body: {"NodeNames": ["n1"]})
    options = [
        "filterVerb: filter",
        "nodeCacheCapable: true",
        "enableHTTPS: true",
        f"tlsConfig: {{caData: {authority}}}",
    ]
    await schedule(three, site, options, lambda: three.bound, context)
    assert three.bound == [("web", "n1")]


@pytest.fixture
def full(cluster):
    """Two full nodes: n1 is the cheaper one to make room on."""
    for name, priority in (("n1", 1), ("n2", 2)):
        cluster.add_node(name, "1")
        cluster.add_pod(f"on-{name}", nodeName=name, priority=priority)
    cluster.add_pod("high", priority=9)
    return cluster


def gone(cluster):
    return {"on-n1", "on-n2"} - set(cluster.objects["pods"])


async def test_it_takes_candidates_of_a_preemption_away(full):
    def keep(body):
        return {"nodeNameToMetaVictims": {"n2": body["NodeNameToMetaVictims"]["n2"]}}

    site = Site(preempt=keep)
    await schedule(full, site, ["preemptVerb: preempt", "nodeCacheCapable: true"], lambda: full.bound)
    assert (gone(full), full.bound) == ({"on-n2"}, [("high", "n2")])
    verb, asked = site.asked[0]
    assert (verb, asked["Pod"]["metadata"]["name"], asked["NodeNameToVictims"]) == ("preempt", "high", None)
    assert asked["NodeNameToMetaVictims"] == {
        name: {"Pods": [{"UID": f"uid-on-{name}"}], "NumPDBViolations": 0} for name in ("n1", "n2")
    }


async def test_whole_victims_for_one_that_caches_nothing_and_the_cheapest_of_its_answer_goes(full):
    def all_of_them(body):
        victims = body["NodeNameToVictims"]
        uids = {n: [{"UID": p["metadata"]["uid"]} for p in v["Pods"]] for n, v in victims.items()}
        return {"NodeNameToMetaVictims": {n: {"Pods": uids[n], "NumPDBViolations": int(n == "n1")} for n in uids}}

    site = Site(preempt=all_of_them)
    await schedule(full, site, ["preemptVerb: preempt"], lambda: full.bound)
    assert (gone(full), full.bound) == ({"on-n2"}, [("high", "n2")])
    assert site.asked[0][1]["NodeNameToMetaVictims"] is None


def victims(node, *uids):
    return {"NodeNameToMetaVictims": {node: {"Pods": [{"UID": uid} for uid in uids]}}}


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({}, "no candidate node for preemption"),
        (lambda _: web.Response(status=503), "failed preempt with extender at URL {url}/preempt, code 503"),
        (victims("n1"), 'expected at least one victim pod on node "n1"'),
        (victims("n9", "uid-on-n1"), 'nodeinfo not found for node name "n9"'),
        (
            victims("n1", "uid-on-n2"),
            "extender: {url} claims to preempt pod (UID: uid-on-n2) on node: n1, but the pod is not found on that node",
        ),
    ],
)
async def test_without_candidates_left_nobody_goes(full, answer, message):
    site = Site(preempt=answer)
    await schedule(full, site, ["preemptVerb: preempt"], lambda: full.events)
    condition = full.condition("high")
    url = condition["message"].partition("http://")[2].partition("/scheduler")[0]
    expected = "0/2 nodes are available: 2 Insufficient cpu. preemption: " + message
    assert condition["message"] == expected.format(url=f"http://{url}/scheduler")
    assert (condition["reason"], gone(full)) == ("Unschedulable", set())


@pytest.mark.parametrize("answer", [lambda _: web.Response(status=500), {"NodeNameToMetaVictims": {"n1": 5}}])
async def test_one_that_may_fail_leaves_the_candidates_as_they_are(full, answer):
    site = Site(preempt=answer)
    await schedule(full, site, ["preemptVerb: preempt", "ignorable: true"], lambda: full.bound)
    assert full.bound == [("high", "n1")]
