"""Requests out of bytes, however they are cut."""

from __future__ import annotations

import pytest

from kfast.errors import StatusError
from kfast.http.message import Message
from kfast.http.reader import HEAD_LIMIT, Reader

GET = b"GET /a?x=1 HTTP/1.1\r\nHost: h\r\nAccept: a\r\n\r\n"
POST = b"POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
CHUNKED = b"PUT /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\nT: t\r\n\r\n"


def shown(found: list[Message | StatusError]) -> list[tuple[str, bytes, bytes, str | None]]:
    assert all(isinstance(message, Message) for message in found)
    return [(m.method, m.target, m.body, m.headers.get("accept")) for m in found if isinstance(m, Message)]


EXPECTED = [("GET", b"/a?x=1", b"", "a"), ("POST", b"/b", b"abc", None), ("PUT", b"/c", b"abc", None)]


@pytest.mark.parametrize("size", [1, 2, 7, 50, 10_000])
def test_the_cut_makes_no_difference(size):
    data = (GET + POST + CHUNKED) * 2
    reader = Reader(100)
    found = [m for at in range(0, len(data), size) for m in reader.feed(data[at : at + size])]
    assert shown(found) == EXPECTED * 2
    assert reader.incoming is None
    assert not reader.ended


def test_a_repeated_header_is_read_once_and_a_changed_one_again():
    reader = Reader(100)
    first, second = reader.feed(GET)[0], reader.feed(GET.replace(b"/a", b"/other"))[0]
    assert isinstance(first, Message)
    assert isinstance(second, Message)
    assert second.target == b"/other?x=1"
    assert second.headers is first.headers
    changed = reader.feed(GET.replace(b"Accept: a", b"Accept: b"))
    assert shown(changed) == [("GET", b"/a?x=1", b"", "b")]
    assert shown(reader.feed(POST)) == EXPECTED[1:2]
    assert shown(reader.feed(GET)) == EXPECTED[:1]


@pytest.mark.parametrize(
    "special",
    [
        b"GET / HTTP/1.1\r\nContent-Length: 1\r\n\r\n",
        b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    ],
)
def test_headers_that_say_more_than_a_plain_get_are_always_parsed(special):
    reader = Reader(100)
    assert reader.feed(GET)
    before = [m.old if isinstance(m, Message) else None for m in reader.feed(special)]
    assert reader.incoming is not None or reader.ended or before == [True]
    if reader.incoming is not None:
        assert shown(reader.feed(b"x" if b"Length" in special else b"0\r\n\r\n"))[0][0] == "GET"
        assert reader.feed(special) == []


H2C = b"GET /u HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"


def test_what_follows_a_refused_upgrade_is_http():
    reader = Reader(100)
    assert [m[1] for m in shown(reader.feed(H2C + H2C + GET[:9]))] == [b"/u"]
    assert reader.holds
    assert [m[1] for m in shown(reader.go_on())] == [b"/u"]
    assert shown(reader.feed(GET[9:])) == []
    assert [m[1] for m in shown(reader.go_on())] == [b"/a?x=1"]
    assert not reader.holds


def test_what_follows_a_granted_upgrade_is_not():
    reader = Reader(100)
    assert len(reader.feed(H2C + b"\x81\x00")) == 1
    assert reader.feed(b"\x82") == []
    assert reader.give_up() == b"\x81\x00\x82"
    assert reader.ended


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"POST / HTTP/1.1\r\nContent-Length: 101\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n70\r\n" + b"x" * 112, 413),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nExpect: a cake\r\nContent-Length: 1\r\n\r\n", 417),
        (b"GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nA: " + b"x" * HEAD_LIMIT, 431),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    ],
)
def test_an_error_ends_reading_after_what_came_before_it(data, code):
    reader = Reader(100)
    found = reader.feed(GET)
    for at in range(0, len(data), 1 << 16):
        found += reader.feed(data[at : at + (1 << 16)])
    assert shown(found[:1]) == EXPECTED[:1]
    assert [e.code for e in found[1:] if isinstance(e, StatusError)] == [code]
    assert reader.ended
    assert reader.feed(GET) == []


def test_expecting_to_continue_is_known_before_the_body():
    reader = Reader(100)
    assert reader.feed(POST[:-3].replace(b"Host: h", b"Expect: 100-continue")) == []
    assert reader.continue_due
    assert shown(reader.feed(b"abc")) == EXPECTED[1:2]
    assert not reader.continue_due
