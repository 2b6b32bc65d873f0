"""SPDY frames against the protocol's layout, and sessions against each other."""

from __future__ import annotations

import asyncio
import contextlib
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kfast.http.spdy import Session
from kfast.http.spdy_frames import DICTIONARY, Frame, FrameError, Framer, Kind

_STREAMS = st.integers(1, 2**31 - 1)
_NAMES = st.text("abcdefghijklmnopqrstuvwxyz-:", min_size=1, max_size=20)
_FRAMES = st.one_of(
    st.builds(lambda s, d, f: Frame(Kind.DATA, s, d, final=f), _STREAMS, st.binary(max_size=2000), st.booleans()),
    st.builds(
        lambda k, s, h: Frame(k, s, headers=h),
        st.sampled_from([Kind.SYN_STREAM, Kind.SYN_REPLY, Kind.HEADERS]),
        _STREAMS,
        st.dictionaries(_NAMES, st.text(max_size=50), max_size=5),
    ),
    st.builds(lambda s, v: Frame(Kind.RST_STREAM, s, value=v), _STREAMS, st.integers(1, 11)),
    st.builds(lambda v: Frame(Kind.PING, value=v), st.integers(0, 2**32 - 1)),
    st.builds(lambda s, v: Frame(Kind.GOAWAY, s, value=v), _STREAMS, st.integers(0, 2)),
)


def test_the_dictionary_is_the_protocols():
    assert (len(DICTIONARY), zlib.adler32(DICTIONARY)) == (1423, 0xE3C6A7C2)


@settings(deadline=None)
@given(st.lists(_FRAMES, max_size=8), st.integers(1, 64))
def test_frames_come_out_as_they_went_in(frames, size):
    sender, receiver = Framer(), Framer()
    wire = b"".join(map(sender.encode, frames))
    found = [frame for at in range(0, len(wire), size) for frame in receiver.feed(wire[at : at + size])]
    assert found == frames


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_nonsense_is_refused_or_waited_for(data):
    with contextlib.suppress(FrameError):
        Framer().feed(data)


def test_the_layout_is_the_protocols():
    assert Framer().encode(Frame(Kind.PING, value=7)) == bytes.fromhex("8003 0006 00 000004 00000007")
    assert Framer().encode(Frame(Kind.DATA, 5, b"ab", final=True)) == bytes.fromhex("00000005 01 000002") + b"ab"
    assert Framer().encode(Frame(Kind.RST_STREAM, 3, value=5)) == bytes.fromhex("8003 0003 00 000008 00000003 00000005")
    opened = Framer().encode(Frame(Kind.SYN_STREAM, 1, headers={"Port": "80"}))
    assert opened[:18] == bytes.fromhex("8003 0001 00") + len(opened[8:]).to_bytes(3, "big") + bytes.fromhex(
        "00000001 00000000 0000"
    )
    block = zlib.decompressobj(zdict=DICTIONARY).decompress(opened[18:])
    assert block == bytes.fromhex("00000001 00000004") + b"port" + bytes.fromhex("00000002") + b"80"


def test_what_asks_for_nothing_is_skipped():
    window = bytes.fromhex("8003 0009 00 000008 00000001 00010000")
    settings_frame = bytes.fromhex("8003 0004 00 000004 00000000")
    assert Framer().feed(settings_frame + window) == []


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("8002 0006 00 000004 00000007", "version 2"),
        ("8003 0001 00 000003 000000", "kind 1"),
        ("8003 0001 00 00000c 00000001 00000000 0000 ffff", "header block"),
        ("8003 0005 00 000000", "kind 5"),
    ],
)
def test_malformed_frames_are_refused(data, why):
    with pytest.raises(FrameError, match=why):
        Framer().feed(bytes.fromhex(data))


class Wire:
    """One end of a pair of channels."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[bytes] = asyncio.Queue()
        self.peer: Wire

    async def read(self) -> bytes:
        return await self.queue.get()

    async def write(self, data: bytes) -> None:
        self.peer.queue.put_nowait(data)

    def close(self) -> None:
        self.peer.queue.put_nowait(b"")


@pytest.fixture
async def sessions():
    left, right = Wire(), Wire()
    left.peer, right.peer = right, left
    client, server = Session(left, server=False), Session(right)
    runs = [asyncio.create_task(session.run()) for session in (client, server)]
    yield client, server
    left.close()
    right.close()
    await asyncio.gather(*runs)


async def test_streams_go_both_ways_and_end_each_way(sessions):
    client, server = sessions
    opened = await client.open({"streamType": "data", "port": "80"})
    found = await server.accept()
    assert found.headers == {"streamtype": "data", "port": "80"}
    await server.reply(found)
    await opened.write(b"question")
    await opened.finish()
    assert (await found.read(), await found.read()) == (b"question", b"")
    await found.write(b"answer")
    await found.finish()
    assert (await opened.read(), await opened.read()) == (b"answer", b"")
    with pytest.raises(ConnectionError):
        await opened.write(b"more")
    other = await client.open({})
    assert (await server.accept()).number == other.number == 3


async def test_a_reset_ends_a_stream_and_nothing_else(sessions):
    client, server = sessions
    first, second = await client.open({"n": "1"}), await client.open({"n": "2"})
    await (await server.accept()).reset()
    assert await first.read() == b""
    with pytest.raises(ConnectionError):
        await first.write(b"x")
    await second.write(b"y")
    assert await (await server.accept()).read() == b"y"


async def test_goodbye_ends_all_streams(sessions):
    client, server = sessions
    stream = await client.open({})
    found = await server.accept()
    await client.go_away()
    assert await found.read() == b""
    assert await server.accept() is None
    assert stream.number == 1
