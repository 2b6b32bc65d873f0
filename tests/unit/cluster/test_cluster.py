"""`kfast.Cluster` from the outside: starts, stops, HTTPS, a data directory taken up again, the README's example."""

import re
import ssl
import time
import urllib.request
from pathlib import Path

import pytest

import kfast
from kfast.api.catalog import kind
from kfast.errors import KfastError, StatusError

POD, NODE, NAMESPACE = kind("Pod"), kind("Node"), kind("Namespace")
README = Path(__file__).parents[3] / "README.md"


def pod(name: str, **annotations: str) -> dict:
    return {
        "metadata": {
            "name": name,
            "annotations": {f"kfast.dev/{k.replace('_', '-')}": v for k, v in annotations.items()},
        },
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    }


def until(check, seconds: float = 20.0):
    """What `check` returns once it is true."""
    deadline = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.005)
    return found


def running(cluster: kfast.Cluster, *names: str) -> dict | None:
    found = {p.name: p for p in cluster.client.list(POD, "default").objects}
    there = all(n in found and found[n].get("status", "phase") == "Running" for n in names)
    return found if there else None


def test_a_cluster_is_ready_when_it_has_started():
    with kfast.Cluster(nodes=3) as cluster:
        nodes = cluster.client.list(NODE).objects
        assert [n.name for n in nodes] == ["node-0", "node-1", "node-2"]
        for node in nodes:
            conditions = {c["type"]: c["status"] for c in node.get("status", "conditions")}
            assert conditions["Ready"] == "True"
            assert node.get("status", "allocatable", "cpu") == "4"
        cluster.client.create(POD, pod("p"), "default")
        until(lambda: running(cluster, "p"))


def test_a_cluster_without_nodes_starts():
    with kfast.Cluster(nodes=0) as cluster:
        assert cluster.client.list(NODE).objects == []


def test_stop_is_idempotent_and_a_stopped_cluster_starts_afresh():
    cluster = kfast.Cluster(nodes=1)
    with pytest.raises(KfastError, match="not running"):
        _ = cluster.client
    for _ in range(2):
        cluster.start()
        cluster.client.create(NAMESPACE, {"metadata": {"name": "once"}})
        cluster.stop()
        cluster.stop()


def test_two_clusters_live_side_by_side():
    with kfast.Cluster(nodes=1) as one, kfast.Cluster(nodes=2) as two:
        one.client.create(NAMESPACE, {"metadata": {"name": "mine"}})
        with pytest.raises(StatusError, match='namespaces "mine" not found'):
            two.client.get(NAMESPACE, "mine")
        assert len(two.client.list(NODE).objects) == 2


def test_https_is_served_if_a_port_is_given():
    with kfast.Cluster(nodes=1, port=0) as cluster:
        context = ssl.create_default_context(cadata=cluster.plane.connection().ca_pem)
        with urllib.request.urlopen(f"{cluster.url}/readyz", context=context) as answer:
            assert answer.read() == b"ok"
        assert cluster.kubeconfig()["clusters"][0]["cluster"]["server"] == cluster.url
        client = cluster.https_client()
        try:
            assert [n.name for n in client.list(NODE).objects] == ["node-0"]
        finally:
            client.close()


def test_there_is_no_https_without_a_port():
    with kfast.Cluster(nodes=1) as cluster, pytest.raises(KfastError, match="serves no HTTPS"):
        _ = cluster.url


def test_a_data_directory_brings_everything_back(tmp_path):
    with kfast.Cluster(nodes=2, data_dir=tmp_path) as cluster:
        for name in ("a", "b"):
            cluster.client.create(POD, pod(name), "default")
        cluster.client.create(POD, pod("loop", run_seconds="0", exit_code="1"), "default")
        before = until(lambda: running(cluster, "a", "b", "loop"))
        nodes = {n.name: n for n in cluster.client.list(NODE).objects}
    with kfast.Cluster(nodes=2, data_dir=tmp_path) as cluster:
        cluster.client.create(POD, pod("c"), "default")
        after = until(lambda: running(cluster, "a", "b", "c", "loop"))
        for name in ("a", "b"):
            old, new = (p[name].get("status") for p in (before, after))
            assert after[name].uid == before[name].uid
            assert new["podIP"] == old["podIP"]
            assert new["startTime"] == old["startTime"]
            assert new["containerStatuses"][0]["state"] == old["containerStatuses"][0]["state"]
            assert new["containerStatuses"][0]["restartCount"] == 0
        restarts = [p["loop"].get("status", "containerStatuses")[0]["restartCount"] for p in (before, after)]
        assert restarts[1] >= restarts[0]
        addresses = [p.get("status", "podIP") for p in after.values()]
        assert len(set(addresses)) == len(addresses)
        for node in cluster.client.list(NODE).objects:
            assert node.uid == nodes[node.name].uid
            conditions = [
                next(c for c in n.get("status", "conditions") if c["type"] == "Ready") for n in (nodes[node.name], node)
            ]
            assert conditions[0]["lastTransitionTime"] == conditions[1]["lastTransitionTime"]


def test_a_data_directory_takes_more_nodes_of_another_size(tmp_path):
    with kfast.Cluster(nodes=1, data_dir=tmp_path):
        pass
    with kfast.Cluster(nodes=2, data_dir=tmp_path, node_capacity=(("cpu", "8"), ("pods", "10"))) as cluster:
        for node in cluster.client.list(NODE).objects:
            assert node.get("status", "capacity", "cpu") == "8"


@pytest.mark.parametrize("needle", ["kfast.Cluster(", "run_cluster(scenario"])
def test_the_readmes_examples_run_as_written(needle):
    examples = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    (example,) = [text for text in examples if needle in text]
    exec(compile(example, str(README), "exec"), {})


def test_five_hundred_nodes_run_two_thousand_pods():
    with kfast.Cluster(nodes=500) as cluster:
        for number in range(2000):
            cluster.client.create(POD, pod(f"p{number}"), "default")

        def all_run() -> list | None:
            found = cluster.client.list(POD, "default").objects
            return found if all(p.get("status", "phase") == "Running" for p in found) else None

        found = until(all_run, 60)
        addresses = {p.get("status", "podIP") for p in found}
        assert len(addresses) == 2000
        assert len({p.get("spec", "nodeName") for p in found}) == 500


def test_five_thousand_nodes_register():
    with kfast.Cluster(nodes=5000) as cluster:
        found = cluster.client.list(NODE).objects
        assert len({n.get("spec", "podCIDR") for n in found}) == 5000
        assert len(cluster.client.list(kind("Lease"), "kube-node-lease").objects) == 5000


def test_a_cluster_tells_how_its_parts_are():
    parts = kind("ComponentStatus")
    with kfast.Cluster(nodes=0) as cluster:
        healthy = {p.name: p.get("conditions")[0]["status"] for p in cluster.client.list(parts).objects}
        assert healthy == {"scheduler": "True", "controller-manager": "True", "etcd-0": "True"}
        assert cluster.client.get(parts, "scheduler").name == "scheduler"
