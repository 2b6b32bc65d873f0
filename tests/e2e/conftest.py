"""One cluster a module as `kfast up` makes it, and a stock kubectl that talks to it."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import ROOT, Kubectl, Rest, RunningCluster, kfast_up


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(item.fspath).parent == Path(__file__).parent:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCluster]:
    with kfast_up(tmp_path_factory.mktemp("cluster"), "--nodes", "3") as running:
        yield running


@pytest.fixture
def kubectl(cluster: RunningCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubectl]:
    """kubectl in a namespace of the test's own."""
    name = f"t-{uuid.uuid4().hex[:8]}"
    tool = Kubectl(cluster, tmp_path_factory.getbasetemp() / "kubectl-cache")
    tool("create", "namespace", name)
    tool.namespace = name
    yield tool
    tool("delete", "namespace", name, "--wait=false")


@pytest.fixture
def shop(kubectl: Kubectl) -> Kubectl:
    """A namespace with the project's example shop, Available."""
    kubectl("apply", "-f", str(ROOT / "examples" / "shop"))
    kubectl("wait", "--for=condition=Available", "deployment", "--all", "--timeout=60s")
    return kubectl


@pytest.fixture
def rest(cluster: RunningCluster) -> Rest:
    return Rest(cluster)
