"""Content negotiation: which form the answer takes, and how the body is to be read.

JSON is the stored form: it is answered wherever Accept allows it, also behind protobuf, because every
client that lists both reads both.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from kfast.apiserver.status_errors import no_representation, not_acceptable, unsupported_media_type
from kfast.meta.exchange import Request

JSON = "application/json"
YAML = "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"
SERVED = (JSON, YAML, PROTOBUF)

_STREAMS = (f"{JSON};stream=watch", f"{PROTOBUF};stream=watch")
_AGENTS = ("curl/", "Wget/", "Mozilla/5.0")
_FALSE = ("0", "f", "F", "false", "FALSE", "False")


@dataclass(frozen=True, slots=True)
class Output:
    """The form of the answer. `transform` is empty, Table, PartialObjectMetadata or PartialObjectMetadataList;
    `version` the meta.k8s.io version of a transform."""

    media_type: str = JSON
    transform: str = ""
    version: str = "v1"

    @property
    def plain(self) -> bool:
        """The stored bytes are the answer."""
        return self.media_type == JSON and not self.transform


PLAIN = Output()
_METADATA = ("PartialObjectMetadata", "PartialObjectMetadataList")
"""Transforms that protobuf has a form for, whatever the kind."""
Transforms = Literal["none", "object", "list", "watch"]
_ALLOWED: dict[str, tuple[str, ...]] = {
    "none": (),
    "object": ("Table", "PartialObjectMetadata"),
    "list": ("Table", "PartialObjectMetadataList"),
    "watch": ("Table", "PartialObjectMetadata"),
}


def negotiate(request: Request, transforms: Transforms, protobuf: bool = True, yaml: bool = True) -> Output:
    """The form Accept asks for. Raises StatusError 406."""
    accept = request.headers.get("accept")
    if not accept or accept == JSON or accept == "*/*":
        return PLAIN
    return _negotiate(accept, transforms, SERVED if protobuf else SERVED[:2] if yaml else SERVED[:1])


@lru_cache(maxsize=1024)
def _negotiate(accept: str, transforms: Transforms, served: tuple[str, ...]) -> Output:
    fallback: Output | None = None
    clauses = media_clauses(accept)
    if not any(
        media_type in (*served, "*/*") or parameters.get("as") in _METADATA for media_type, parameters in clauses
    ):
        raise no_representation(served if transforms != "list" else (*served, *_STREAMS))
    for media_type, parameters in clauses:
        output = _output(media_type, parameters, transforms)
        if output is None or (transforms == "watch" and output.media_type == YAML):
            continue
        if output.media_type not in served and output.transform not in _METADATA:
            continue
        if output.media_type == PROTOBUF:
            fallback = fallback or output
        else:
            return output
    if fallback is None:
        raise not_acceptable(_STREAMS if transforms == "watch" else served)
    return fallback


def media_clauses(accept: str) -> list[tuple[str, dict[str, str]]]:
    """(media type, parameters) of an Accept header, most wanted first."""
    ranked = []
    for at, clause in enumerate(accept.split(",")):
        media_type, *rest = (part.strip() for part in clause.split(";"))
        parameters = dict(p.split("=", 1) for p in rest if "=" in p)
        try:
            quality = float(parameters.pop("q", "1"))
        except ValueError:
            quality = 0.0
        ranked.append((-quality, at, media_type.lower(), parameters))
    ranked.sort(key=lambda r: r[:2])
    return [(media_type, parameters) for _, _, media_type, parameters in ranked]


def _output(media_type: str, parameters: dict[str, str], transforms: Transforms) -> Output | None:
    if media_type == "*/*":
        media_type = JSON
    elif media_type not in SERVED:
        return None
    transform = parameters.get("as", "")
    if not transform:
        return Output(media_type)
    version = parameters.get("v", "v1")
    allowed = transform in _ALLOWED[transforms] and parameters.get("g") == "meta.k8s.io"
    if not allowed or version not in ("v1", "v1beta1") or (media_type == PROTOBUF and transform not in _METADATA):
        return None
    return Output(media_type, transform, version)


def wants_pretty(request: Request) -> bool:
    """Whether JSON is to be indented: asked for, or a person's tool is asking."""
    if request.query and "pretty" in request.query:
        return request.param("pretty") not in _FALSE
    agent = request.headers.get("user-agent")
    return agent is not None and agent.startswith(_AGENTS)


def content_type(request: Request) -> str:
    """The media type of the request body; JSON if unsaid. Raises StatusError 415."""
    header = request.headers.get("content-type")
    if not header or header == JSON:
        return JSON
    media_type = header.partition(";")[0].strip().lower()
    if media_type not in SERVED:
        raise unsupported_media_type(SERVED)
    return media_type
