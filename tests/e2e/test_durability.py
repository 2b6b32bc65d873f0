"""kill -9 at any moment: what was acknowledged is there after the restart."""

import asyncio
import random

import aiohttp
import pytest
from harness import Rest, kfast_up

PATH = "/api/v1/namespaces/default/configmaps"
ROUNDS = 5


async def write_until_killed(rest: Rest, round_number: int, kill, seconds: float) -> dict[str, str]:
    """Creates and updates from 16 writers until the server dies; name -> last acknowledged value."""
    acknowledged: dict[str, str] = {}

    async def writer(number: int, session: aiohttp.ClientSession) -> None:
        count = 0
        while True:
            name = f"c-{round_number}-{number}-{count // 2}"
            body = {"metadata": {"name": name}, "data": {"v": str(count)}}
            created = count % 2 == 0
            send = session.post(PATH, json=body) if created else session.put(f"{PATH}/{name}", json=body)
            async with send as answer:
                if answer.status not in (200, 201):
                    raise AssertionError(await answer.text())
            acknowledged[name] = str(count)
            count += 1

    async with rest.session() as session:
        writers = [asyncio.create_task(writer(i, session)) for i in range(16)]
        await asyncio.sleep(seconds)
        kill()
        results = await asyncio.gather(*writers, return_exceptions=True)
    unexpected = [r for r in results if not isinstance(r, (aiohttp.ClientError, OSError))]
    assert unexpected == []
    return acknowledged


async def stored(rest: Rest) -> tuple[dict[str, str], int]:
    async with rest.session() as session, session.get(PATH) as answer:
        body = await answer.json()
    found = {i["metadata"]["name"]: i["data"]["v"] for i in body["items"] if "v" in (i.get("data") or {})}
    return found, int(body["metadata"]["resourceVersion"])


@pytest.mark.timeout(300)
async def test_kill_9_under_load_loses_no_acknowledged_write(tmp_path):
    chance = random.Random(36)
    acknowledged: dict[str, str] = {}
    newest = 0
    for round_number in range(ROUNDS):
        with kfast_up(tmp_path, "--nodes", "0") as running:
            rest = Rest(running)
            found, revision = await stored(rest)
            assert revision >= newest
            lost = {n for n, v in acknowledged.items() if int(found.get(n, "-1")) < int(v)}
            assert lost == set()
            newest = revision
            kill = running.process.kill
            acknowledged |= await write_until_killed(rest, round_number, kill, chance.uniform(0.2, 0.8))
            running.process.wait()
    assert len(acknowledged) > 100
    with kfast_up(tmp_path, "--nodes", "0") as running:
        found, revision = await stored(Rest(running))
        assert {n for n, v in acknowledged.items() if int(found.get(n, "-1")) < int(v)} == set()


async def test_a_clean_stop_and_start_keeps_everything(tmp_path):
    with kfast_up(tmp_path, "--nodes", "1") as running:
        rest = Rest(running)
        body = {"metadata": {"name": "kept"}, "data": {"v": "1"}}
        async with rest.session() as session, session.post(PATH, json=body) as answer:
            kept = await answer.json()
        assert running.stop() == 0
    with kfast_up(tmp_path, "--nodes", "1") as running:
        async with Rest(running).session() as session, session.get(f"{PATH}/kept") as answer:
            assert await answer.json() == kept
