"""One cluster for all conformance tests, a namespace for each, and the count at the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import exam
import pytest
from harness import Kubectl, RunningCluster, kfast_up
from kube import Kube

TALLY = exam.Tally()
COMPACTION = "10s"
"""History is kept for ten to twenty seconds: no test needs older, and one waits until a list's pages have expired."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "conformance(name): stands for this test of upstream's conformance suite")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that stands for a conformance name drives a whole cluster; its name has to be one of upstream's."""
    known = set(exam.names_in(exam.NAMES)) if exam.NAMES.exists() else None
    not_yet = set(exam.names_in(exam.NOT_YET))
    for item in items:
        for name in exam.names_of(item):
            item.add_marker(pytest.mark.e2e)
            if known is not None and name not in known:
                raise pytest.UsageError(f"{item.nodeid}: upstream has no conformance test {name!r}")
            if name in not_yet:
                item.add_marker(pytest.mark.xfail(reason="not yet served"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    report: pytest.TestReport = yield
    if report.when == "call" or not report.passed:
        TALLY.add(exam.names_of(item), report.passed)
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if TALLY.run:
        terminalreporter.section("conformance names passed")
        for line in TALLY.lines():
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCluster]:
    with kfast_up(tmp_path_factory.mktemp("cluster"), "--etcd-compaction-interval", COMPACTION) as running:
        yield running


@pytest.fixture(scope="session")
def admin(cluster: RunningCluster) -> Iterator[Kube]:
    client = Kube(cluster.kubeconfig, cluster.data_dir.parent / "discovery")
    yield client
    client.close()


@pytest.fixture
def kube(admin: Kube) -> Iterator[Kube]:
    """The client in a new namespace that has its service account."""
    namespaces = admin("Namespace")
    admin.namespace = namespaces.post({"metadata": {"generateName": "t-"}})["metadata"]["name"]
    admin("ServiceAccount").wait("default", lambda _: True)
    yield admin
    namespaces.delete(admin.namespace)
    admin.namespace = "default"


@pytest.fixture
def kubectl(cluster: RunningCluster, kube: Kube) -> Kubectl:
    return Kubectl(cluster, cluster.data_dir.parent / "kubectl-cache", kube.namespace)
