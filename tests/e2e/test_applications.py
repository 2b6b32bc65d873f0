"""Real applications, applied unchanged, become available with all their endpoints."""

from pathlib import Path

import pytest

SHARED = Path(__file__).parents[3] / "shared" / "data"


@pytest.mark.parametrize(("manifest", "deployments"), [("online-boutique.yaml", 12), ("guestbook.yaml", 3)])
def test_published_manifests_become_available(kubectl, manifest, deployments):
    path = SHARED / "manifests" / manifest
    if not path.exists():
        pytest.skip(f"{path} is not there: the shared data folder is needed")
    kubectl("apply", "-f", str(path))
    kubectl("wait", "--for=condition=Available", "deployment", "--all", "--timeout=90s", timeout=120)
    found = kubectl.json("get", "deployments")["items"]
    assert len(found) == deployments
    pods = kubectl.json("get", "pods")["items"]
    for service in kubectl.json("get", "services")["items"]:
        selector = service["spec"]["selector"].items()
        expected = {p["status"]["podIP"] for p in pods if selector <= p["metadata"]["labels"].items()}
        name = service["metadata"]["name"]
        slices = kubectl.json("get", "endpointslices", "-l", f"kubernetes.io/service-name={name}")["items"]
        addresses = {a for s in slices for e in s.get("endpoints") or [] for a in e["addresses"]}
        assert expected
        assert addresses == expected, name
        legacy = kubectl.json("get", "endpoints", name)["subsets"]
        assert {a["ip"] for subset in legacy for a in subset["addresses"]} == expected, name
