"""`qps` and `burst` as a file states them: writes wait, reads do not."""

import asyncio

import pytest

from kfast.clock import LoopClock
from kfast.meta.exchange import Request, Response
from kfast.scheduler.configuration.load import decode
from kfast.scheduler.throttle import throttled
from kfast.testing.virtual_time import run_virtual

HEAD = "{apiVersion: kubescheduler.config.k8s.io/v1, kind: KubeSchedulerConfiguration, clientConnection: {%s}}"


class Recorder:
    """A transport that notes when it was asked."""

    def __init__(self):
        self.at = []

    async def send(self, request):
        self.at.append((request.method, asyncio.get_running_loop().time()))
        return Response(200)


async def times(stated, methods):
    recorder = Recorder()
    transport = throttled(recorder, decode(HEAD % stated).client_connection, LoopClock())
    start = asyncio.get_running_loop().time()
    await asyncio.gather(*(transport.send(Request(method, "/")) for method in methods))
    return [(method, pytest.approx(at - start)) for method, at in recorder.at]


def test_writes_beyond_the_burst_come_at_the_rate_and_reads_at_once():
    seen = run_virtual(times("qps: 10, burst: 2", ["POST", "PATCH", "PUT", "GET", "POST"]))
    assert seen == [("POST", 0), ("PATCH", 0), ("GET", 0), ("PUT", 0.1), ("POST", 0.2)]


@pytest.mark.parametrize(
    ("stated", "last"), [("", 0), ("kubeconfig: f", 0), ("qps: -1", 0), ("burst: 1", 3), ("qps: 1", 51)]
)
def test_only_what_the_file_states_slows_down(stated, last):
    assert run_virtual(times(stated, ["POST"] * 151))[-1] == ("POST", last)
