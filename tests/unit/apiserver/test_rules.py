"""Refusals of the kinds' rules in upstream's words.

rules.txt has collections with an object each accepts, below them changes of one field (`~`: an update, `~x/`: of
subresource x), below each what the server says.
"""

from pathlib import Path
from typing import Any

import msgspec
import pytest

KINDS = [
    part.splitlines()
    for part in Path(__file__).with_name("rules.txt").read_text("utf-8").replace("\n/", "\0/").split("\0")
]


def with_field(body: Any, path: str, value: Any) -> Any:
    """A copy with one field set; missing objects on the way are made."""
    key, _, rest = path.partition(".")
    if isinstance(body, list):
        return [
            (with_field(item, rest, value) if rest else value) if str(at) == key else item
            for at, item in enumerate(body)
        ]
    return {**body, key: with_field(body.get(key, {}), rest, value) if rest else value}


def said(status: dict[str, Any]) -> list[str]:
    causes = status.get("details", {}).get("causes")
    texts = [f"{cause['field']}: {cause['message']}" for cause in causes] if causes else [status["message"]]
    return [text.replace("\n", "\\n") for text in texts]


@pytest.mark.parametrize("lines", KINDS, ids=lambda lines: lines[0].split(" ")[0].rpartition("/")[2])
async def test_refusals(call: Any, lines: list[str]) -> None:
    path, _, text = lines[0].partition(" ")
    review = path.endswith("reviews")
    body = msgspec.json.decode(text)
    body = body if review else {"metadata": {"name": "rules"}, **body}
    await call.ok("POST", path, body)
    expected: dict[str, list[str]] = {}
    answers: dict[str, list[str]] = {}
    case = ""
    for line in lines[1:]:
        if line.startswith("    "):
            expected.setdefault(case, []).append(line[4:])
            continue
        case = line.strip()
        at, _, value = case.partition(" = ")
        subresource, _, field = at.removeprefix("~").rpartition("/")
        changed = with_field(body, field, msgspec.json.decode(value))
        written = f"{path}/rules/{subresource}".rstrip("/")
        write = ("PUT", f"{written}?dryRun=All") if at.startswith("~") else ("POST", f"{path}?dryRun=All")
        answers[case] = said((await call(*write, changed)).body)
    assert answers == expected
