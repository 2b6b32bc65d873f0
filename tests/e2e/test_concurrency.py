"""Many clients at once: no lost update, no lost or repeated event."""

import asyncio
import json

import aiohttp

WRITERS = 200
RECONNECTS = 100


async def increment(session: aiohttp.ClientSession, path: str) -> None:
    """Adds one to data.n with compare on resourceVersion, as long as it takes."""
    while True:
        async with session.get(path) as answer:
            body = await answer.json()
        body["data"]["n"] = str(int(body["data"]["n"]) + 1)
        async with session.put(path, json=body) as answer:
            if answer.status == 200:
                return
            assert answer.status == 409, await answer.text()


async def test_parallel_writers_with_conflicts_lose_no_update(kubectl, rest):
    kubectl("create", "configmap", "counter", "--from-literal=n=0")
    path = f"/api/v1/namespaces/{kubectl.namespace}/configmaps/counter"
    async with rest.session() as session:
        await asyncio.gather(*(increment(session, path) for _ in range(WRITERS)))
        async with session.get(path) as answer:
            assert (await answer.json())["data"]["n"] == str(WRITERS)


async def test_a_watcher_that_reconnects_sees_every_event_exactly_once(kubectl, rest):
    path = f"/api/v1/namespaces/{kubectl.namespace}/configmaps"
    total = 400
    seen: list[tuple[str, str]] = []

    async def write(session: aiohttp.ClientSession) -> None:
        for number in range(total // 2):
            async with session.post(path, json={"metadata": {"name": f"e-{number}"}}) as answer:
                assert answer.status == 201
            async with session.delete(f"{path}/e-{number}") as answer:
                assert answer.status == 200

    async def watch(session: aiohttp.ClientSession, since: str) -> int:
        connections = 0
        while len(seen) < total:
            connections += 1
            query = {"watch": "1", "resourceVersion": since, "labelSelector": "!kubernetes.io/none"}
            async with session.get(path, params=query) as stream:
                # Leaves in the middle of the stream after a few events.
                for _ in range(total // RECONNECTS):
                    event = json.loads(await stream.content.readline())
                    since = event["object"]["metadata"]["resourceVersion"]
                    if event["object"]["metadata"]["name"].startswith("e-"):
                        seen.append((event["type"], event["object"]["metadata"]["name"]))
        return connections

    async with rest.session() as session:
        async with session.get(path) as answer:
            since = (await answer.json())["metadata"]["resourceVersion"]
        _, connections = await asyncio.gather(write(session), asyncio.wait_for(watch(session, since), 60))
    assert connections >= RECONNECTS
    assert seen == [(kind, f"e-{n}") for n in range(total // 2) for kind in ("ADDED", "DELETED")]
