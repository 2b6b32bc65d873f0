"""The selectors of a request as authorizers see them: requirements that narrow what is asked for.

What cannot be parsed is left out: a request is then for more than it says, never for less.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from kfast._core import FieldSelector, LabelSelector
from kfast.api.kind import Body
from kfast.meta.names import path_segment

_FIELD_OPERATORS = {"=": "In", "!=": "NotIn"}


class Requirement(NamedTuple):
    """One term of many that must all hold. `operator` is In or NotIn; of labels also Exists, DoesNotExist, Gt or Lt."""

    key: str
    operator: str
    values: tuple[str, ...]


class Selection(NamedTuple):
    """A selector's requirements, and what is wrong with those that are left out."""

    requirements: tuple[Requirement, ...] = ()
    error: str = ""

    def exact(self, key: str) -> str:
        """The value a requirement prescribes, empty if none does."""
        return next((r.values[0] for r in self.requirements if r.key == key and r.operator == "In"), "")


EVERYTHING = Selection()


@lru_cache(maxsize=1024)
def selected_fields(text: str) -> Selection:
    """A field selector in its written form."""
    return _read(lambda: [(k, _FIELD_OPERATORS[o], [v]) for k, o, v in FieldSelector.parse(text).requirements])


@lru_cache(maxsize=1024)
def selected_labels(text: str) -> Selection:
    """A label selector in its written form."""
    return _read(lambda: LabelSelector.parse(text).requirements)


def stated_fields(selector: Body | None) -> Selection:
    """The FieldSelectorAttributes of an access review."""
    return _stated(selector, selected_fields, _stated_field)


def stated_labels(selector: Body | None) -> Selection:
    """The LabelSelectorAttributes of an access review."""
    return _stated(selector, selected_labels, _stated_label)


def selected_name(fields: Selection) -> str:
    """The one object's name a list or watch is for, if it can be a name."""
    name = fields.exact("metadata.name")
    return "" if path_segment(name) else name


def _read(terms: Callable[[], Sequence[tuple[str, str, Sequence[str]]]]) -> Selection:
    try:
        found = terms()
    except ValueError as error:
        return Selection((), str(error))
    return Selection(tuple(Requirement(key, operator, tuple(values)) for key, operator, values in found))


def _stated(
    selector: Body | None, written: Callable[[str], Selection], one: Callable[[Body], Requirement]
) -> Selection:
    selector = selector or {}
    requirements = selector.get("requirements") or ()
    if not requirements:
        return written(selector.get("rawSelector") or "")
    found, errors = [], []
    for requirement in requirements:
        try:
            found.append(one(requirement))
        except ValueError as error:
            errors.append(str(error))
    return Selection(tuple(found), "; ".join(errors))


def _stated_field(requirement: Body) -> Requirement:
    key, operator = requirement.get("key") or "", requirement.get("operator") or ""
    values = tuple(requirement.get("values") or ())
    if operator not in ("In", "NotIn") or len(values) != 1:
        raise ValueError(f"field selectors take In and NotIn of one value, not {operator} of {len(values)}")
    return Requirement(key, operator, values)


def _stated_label(requirement: Body) -> Requirement:
    ((key, operator, values),) = LabelSelector.from_dict({"matchExpressions": [requirement]}).requirements
    return Requirement(key, operator, tuple(values))
