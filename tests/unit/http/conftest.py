"""Everything here runs on both loops a server may have, the server also on aiofastnet: TLS and buffers differ."""

from __future__ import annotations

import asyncio
import importlib.util
import sys

import pytest
import uvloop


def pytest_asyncio_loop_factories(config, item):
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture(params=["loop", "aiofastnet"])
def transports(request, monkeypatch):
    """Whose transports the server uses."""
    if request.param == "loop":
        monkeypatch.setitem(sys.modules, "aiofastnet", None)
    elif importlib.util.find_spec("aiofastnet") is None:
        pytest.skip("the extra `fast` is not installed")
