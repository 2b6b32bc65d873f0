"""The rules of resourceVersion: parsing, which revision a list is read at, and waiting for one to come."""

from __future__ import annotations

from kfast.apiserver.options import ListOptions
from kfast.apiserver.status_errors import bad_request, quoted, too_large_resource_version
from kfast.apiserver.strconv import parse_uint
from kfast.errors import StatusError
from kfast.store.protocol import Store

WAIT_SECONDS = 3.0
"""How long a read waits for a revision that is not there yet."""


def parse(text: str) -> int:
    """The revision of a resourceVersion; 0 if it is unset. Raises StatusError 500, as upstream does but for lists."""
    if not text:
        return 0
    try:
        return parse_uint(text)
    except ValueError as error:
        raise StatusError(500, "", f"resourceVersion: Invalid value: {quoted(text)}: {error}") from None


async def not_older_than(store: Store, revision: int) -> None:
    """Waits until `revision` is readable. Raises StatusError 504 after WAIT_SECONDS."""
    if revision > store.revision and not await store.wait_revision(revision, WAIT_SECONDS):
        raise too_large_resource_version(revision, store.revision)


async def list_revision(store: Store, options: ListOptions) -> int:
    """The exact revision a list without continue token reads at; 0 = the newest. Raises StatusError 400, 504."""
    try:
        revision = parse(options.resource_version)
    except StatusError as error:
        raise bad_request(f"invalid resource version: {error.message}") from None
    if revision == 0:
        return 0
    await not_older_than(store, revision)
    if options.match == "Exact" or (not options.match and options.limit > 0):
        return revision
    return 0
