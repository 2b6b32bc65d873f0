"""What a stock kubectl shows: get in all its forms, describe, explain, api-resources, events."""

import subprocess
import time

import pytest


def table(text: str) -> tuple[list[str], list[list[str]]]:
    lines = text.splitlines()
    return lines[0].split(), [line.split() for line in lines[1:]]


def test_get_prints_the_servers_table(shop):
    header, rows = table(shop("get", "deployments"))
    assert header == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
    assert {row[0]: row[1] for row in rows} == {"cart": "2/2", "catalog": "2/2", "frontend": "3/3"}
    header, rows = table(shop("get", "pods", "-l", "app=cart"))
    assert header == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert [row[1:4] for row in rows] == [["1/1", "Running", "0"]] * 2


def test_get_wide_adds_columns(shop):
    header, rows = table(shop("get", "pods", "-o", "wide", "-l", "app=catalog"))
    assert header[5:] == ["IP", "NODE", "NOMINATED", "NODE", "READINESS", "GATES"]
    assert all(row[5].startswith("10.244.") for row in rows)
    assert "CONTAINERS" in shop("get", "deploy", "-o", "wide")


def test_get_as_yaml_json_jsonpath_name_and_columns(shop):
    assert "kind: Service" in shop("get", "service", "cart", "-o", "yaml")
    assert shop.json("get", "deployment", "cart")["spec"]["replicas"] == 2
    assert shop("get", "service", "cart", "-o", "jsonpath={.spec.ports[0].port}") == "8080"
    assert shop("get", "configmap", "shop", "-o", "name") == "configmap/shop\n"
    assert shop("get", "deploy", "-o", "custom-columns=N:.metadata.name", "--no-headers").split() == [
        "cart",
        "catalog",
        "frontend",
    ]
    everything = shop("get", "all")
    for word in ("pod/", "service/cart", "deployment.apps/cart", "replicaset.apps/cart"):
        assert word in everything


def test_get_selects_by_label_and_field(shop):
    assert len(shop("get", "pods", "-l", "app in (cart,catalog)", "-o", "name").split()) == 4
    assert len(shop("get", "pods", "-l", "app!=cart", "-o", "name").split()) == 5
    running = shop("get", "pods", "--field-selector=status.phase=Running", "-o", "name").split()
    assert len(running) == 7
    assert shop("get", "pods", "--field-selector=spec.nodeName=nowhere", "-o", "name") == ""
    assert "field label not supported: spec.wrong" in shop.fails("get", "pods", "--field-selector=spec.wrong=1")
    assert "unable to parse requirement" in shop.fails(
        "get", "--raw", f"/api/v1/namespaces/{shop.namespace}/pods?labelSelector=a%3D%3D%3Db"
    )


def test_get_pages_through_large_lists(shop):
    names = shop("get", "pods", "--chunk-size=2", "-o", "name").split()
    assert len(names) == len(set(names)) == 7


def test_get_watch_prints_changes_as_they_happen(shop):
    process = subprocess.Popen(
        shop.command("get", "configmap", "-w", "--output-watch-events", "-o", "name"), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        seen = {process.stdout.readline().strip() for _ in range(2)}
        assert any("configmap/shop" in line for line in seen)
        shop("create", "configmap", "later", "--from-literal=a=b")
        assert "configmap/later" in process.stdout.readline()
        shop("delete", "configmap", "later")
        assert "configmap/later" in process.stdout.readline()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("deployment", "cart", ["StrategyType:", "RollingUpdate", "NewReplicaSet:", "ScalingReplicaSet"]),
        ("service", "cart", ["Selector:", "app=cart", "Endpoints:", "10.244."]),
        ("configmap", "shop", ["CURRENCY"]),
        ("secret", "shop", ["DATABASE_PASSWORD:", "bytes"]),
        ("replicaset", "", ["Controlled By:", "Deployment/"]),
        ("pod", "", ["Node:", "Conditions:", "Ready", "Scheduled", "Successfully assigned"]),
        ("endpointslice", "", ["AddressType:", "IPv4"]),
        ("serviceaccount", "default", ["Name:", "default"]),
    ],
)
def test_describe_every_demo_kind(shop, kind, name, expected):
    name = name or shop("get", kind, "-o", "jsonpath={.items[0].metadata.name}")
    # Events are written behind what they tell of.
    deadline = time.monotonic() + 20
    while any(word not in (text := shop("describe", kind, name)) for word in expected):
        assert time.monotonic() < deadline, text


def test_describe_node_counts_its_pods(shop):
    node = shop("get", "nodes", "-o", "name").split()[0]
    text = shop("describe", node)
    for word in ("Allocatable:", "PodCIDR:", "Allocated resources:", "Ready", "Lease:"):
        assert word in text


def test_describe_namespace(shop):
    assert "Active" in shop("describe", "namespace", shop.namespace)


def test_nodes_table(kubectl):
    header, rows = table(kubectl("get", "nodes"))
    assert header == ["NAME", "STATUS", "ROLES", "AGE", "VERSION"]
    assert [row[1] for row in rows] == ["Ready"] * 3
    assert all(row[4].startswith("v1.36") for row in rows)


def test_explain_shows_fields_and_types(kubectl):
    text = kubectl("explain", "deployment.spec")
    assert "GROUP:      apps" in text
    assert "replicas" in text
    assert "strategy" in text
    assert "FIELD: containers" in kubectl("explain", "pods.spec.containers")
    assert "restartPolicy" in kubectl("explain", "pod", "--recursive")
    assert "does not exist" in kubectl.fails("explain", "pod.spec.nonsense")


def test_api_resources_and_versions(kubectl):
    text = kubectl("api-resources")
    for word in ("deployments", "deploy", "apps/v1", "Deployment", "pods", "po", "endpointslices", "leases"):
        assert word in text
    versions = kubectl("api-versions").split()
    assert {"v1", "apps/v1", "batch/v1", "discovery.k8s.io/v1", "coordination.k8s.io/v1"} <= set(versions)
    assert "pods" in kubectl("api-resources", "--namespaced=true", "--verbs=list", "-o", "name")


def test_version_cluster_info_and_health(kubectl):
    assert kubectl.json("version")["serverVersion"]["minor"] == "36"
    assert "is running at https://127.0.0.1" in kubectl("cluster-info")
    assert kubectl("get", "--raw", "/healthz") == "ok"
    assert "[+]" in kubectl("get", "--raw", "/readyz?verbose")
    assert "apiserver_request_total" in kubectl("get", "--raw", "/metrics")


def test_events_tell_what_happened(shop):
    text = shop("events")
    for word in ("ScalingReplicaSet", "SuccessfulCreate", "Scheduled", "Started"):
        assert word in text
    assert "Scheduled" in shop("get", "events", "--field-selector=reason=Scheduled")


def test_missing_things_are_reported_as_upstream_does(kubectl):
    assert kubectl.fails("get", "pod", "none").strip() == 'Error from server (NotFound): pods "none" not found'
    assert 'the server doesn\'t have a resource type "unicorns"' in kubectl.fails("get", "unicorns")
    assert 'namespaces "nowhere" not found' in kubectl.fails("create", "configmap", "a", "-n", "nowhere")


def test_auth_whoami_and_can_i(kubectl):
    assert "system:masters" in kubectl("auth", "whoami")
    assert kubectl("auth", "can-i", "create", "pods").strip() == "yes"
    assert "*.*" in kubectl("auth", "can-i", "--list")
