"""The pytest plugin: `pytest_plugins = ["kfast.testing.pytest_plugin"]` in a conftest.py.

`kfast_cluster` is a fresh cluster for each test; `@pytest.mark.kfast(nodes=3)` says what it is made of.
`kfast_kubeconfig` is the path of a kubeconfig for it, for clients of any kind; the cluster then serves HTTPS.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from kfast.cluster import Cluster
from kfast.testing.clusters import cluster


def pytest_configure(config: pytest.Config) -> None:
    """Declares the marker."""
    config.addinivalue_line("markers", "kfast(**options): options of the cluster of `kfast_cluster`")


@pytest.fixture
def kfast_cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A fresh cluster in memory, stopped after the test."""
    marker = request.node.get_closest_marker("kfast")
    options = dict(marker.kwargs) if marker is not None else {}
    if "kfast_kubeconfig" in request.fixturenames:
        options.setdefault("port", 0)
    with cluster(**options) as running:
        yield running


@pytest.fixture
def kfast_kubeconfig(kfast_cluster: Cluster, tmp_path: Path) -> Path:
    """The path of the admin's kubeconfig."""
    path = tmp_path / "kubeconfig.yaml"
    path.write_text(yaml.safe_dump(kfast_cluster.kubeconfig()))
    path.chmod(0o600)
    return path
