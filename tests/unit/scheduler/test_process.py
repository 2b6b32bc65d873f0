"""The scheduler as its own process: its port, its lease, its configuration."""

import asyncio
import ssl

import aiohttp
import pytest
from click.testing import CliRunner

from kfast.api.coordination.lease import KIND as LEASES
from kfast.api.core.pod import KIND as PODS
from kfast.api.core.service_account import KIND as ACCOUNTS
from kfast.apiserver.pki import PKI
from kfast.cli.scheduler import command
from kfast.client import Client
from kfast.client.transports.https import HTTPSTransport
from kfast.cluster import ControlPlane
from kfast.config import ClusterConfig
from kfast.http.certificates import server_context
from kfast.scheduler.configuration import parse
from kfast.scheduler.process import SchedulerProcess

CONFIG = """
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
leaderElection: {resourceName: second}
profiles: [{schedulerName: second}]
"""


async def until(true):
    async with asyncio.timeout(30):
        while not await true():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


class Recorder:
    """Another transport that notes what is written."""

    def __init__(self, transport):
        self.transport = transport
        self.written = []

    def __getattr__(self, name):
        return getattr(self.transport, name)

    async def send(self, request):
        if request.method != "GET":
            self.written.append(request.path)
        return await self.transport.send(request)


async def second_scheduler(scenario):
    async with ControlPlane(ClusterConfig(nodes=2, port=0)) as plane:
        client = Client(HTTPSTransport(plane.connection()))
        pki = PKI(None, plane.clock.now())
        context = server_context(pki.server(["127.0.0.1"]), pki.ca.certificate)
        writer = Client(Recorder(client.transport))
        process = SchedulerProcess(client, parse(CONFIG), context, host="127.0.0.1", port=0, writer=writer)
        work = asyncio.create_task(process.run())
        try:
            await scenario(client, process)
            paths = writer.transport.written
            assert "/api/v1/namespaces/default/pods/p/binding" in paths
            assert not any("/leases/" in path for path in paths)
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            await client.close()


async def test_it_leads_schedules_and_tells_how_it_is():
    async def scenario(client, process):
        spec = {"schedulerName": "second", "containers": [{"name": "c", "image": "i"}]}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}
        await client.create(PODS, pod, "default")

        async def bound():
            return (await client.get(PODS, "p", "default")).get("spec", "nodeName")

        await until(bound)
        lease = await client.get(LEASES, "second", "kube-system")
        assert lease.get("spec", "holderIdentity")
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "watcher"}}
        await client.create(ACCOUNTS, account, "default")
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        made = await client.create(ACCOUNTS, request, "default", name="watcher", subresource="token")
        token = made.get("status", "token")

        unchecked = ssl.create_default_context()
        unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
        connector = aiohttp.TCPConnector(ssl=unchecked)
        async with aiohttp.ClientSession(f"https://127.0.0.1:{process.port}", connector=connector) as session:

            async def get(path, token=""):
                headers = {"Authorization": f"Bearer {token}"} if token else {}
                async with session.get(path, headers=headers) as response:
                    return response.status, await response.text()

            for path in ("/healthz", "/livez", "/readyz"):
                assert await get(path) == (200, "ok")
            assert (await get("/metrics"))[0] == 403
            assert (await get("/metrics", "nonsense"))[0] == 401
            status, text = await get("/metrics", token)
            assert status in (200, 403)
        text = process.scheduler.exposition().decode()
        assert 'scheduler_schedule_attempts_total{profile="second",result="scheduled"} 1.0' in text
        assert 'scheduler_pending_pods{queue="active"} 0.0' in text
        assert 'scheduler_queue_incoming_pods_total{event="UnschedulablePodAdd",queue="active"} 1.0' in text
        bind = 'extension_point="Bind",profile="second",status="Success"'
        assert f"scheduler_framework_extension_point_duration_seconds_count{{{bind}}} 1.0" in text
        assert 'scheduler_cache_size{type="nodes"} 2.0' in text
        assert 'scheduler_pod_scheduling_sli_duration_seconds_count{attempts="1"} 1.0' in text

    await second_scheduler(scenario)


def test_the_complete_configuration_is_written(tmp_path):
    file, out = tmp_path / "config.yaml", tmp_path / "out.yaml"
    file.write_text(CONFIG)
    arguments = ["--config", str(file), "--no-leader-elect", "--leader-elect-retry-period", "3s"]
    result = CliRunner().invoke(command, ["start", *arguments, "--write-config-to", str(out)])
    assert result.exit_code == 0, result.output
    written = parse(out.read_text())
    assert written.leader_election.leader_elect is False
    assert written.leader_election.retry_period == 3
    assert written.profiles[0].scheduler_name == "second"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nothing: 1\n", "Object 'Kind' is missing"),
        (CONFIG + "parallelism: 0\n", "parallelism: Invalid value: 0"),
        (CONFIG.replace("second}]", "second, plugins: {filter: {enabled: [{name: no_such:Plugin}]}}}]"), "no_such"),
    ],
)
def test_a_wrong_configuration_ends_the_process(tmp_path, text, message):
    file = tmp_path / "config.yaml"
    file.write_text(text)
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(
        "{clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}], users: [{name: u, user: {token: t}}],"
        " contexts: [{name: x, context: {cluster: c, user: u}}], current-context: x}"
    )
    arguments = ["start", "--config", str(file), "--kubeconfig", str(kubeconfig), "--secure-port", "0"]
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 1
    assert message in result.output
