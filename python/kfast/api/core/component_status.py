"""ComponentStatus: whether a part of the control plane is well; asked when read, never stored."""

from __future__ import annotations

from kfast.api.columns import NAME, condition
from kfast.api.kind import Body, Cell, Column, Kind

_STATES = {"True": "Healthy", "False": "Unhealthy"}


def _healthy(component: Body, field: str) -> str:
    found = condition(component, "Healthy", at="conditions")
    return found.get(field) or "" if found else ""


def _of_condition(field: str) -> Column:
    def value(component: Body, _: float) -> Cell:
        return _healthy(component, field)

    return Column(field.capitalize(), value, description=f"{field.capitalize()} of the component conditions")


def _status(component: Body, _: float) -> Cell:
    return _STATES.get(_healthy(component, "status"), "Unknown")


KIND = Kind(
    group="",
    version="v1",
    kind="ComponentStatus",
    plural="componentstatuses",
    namespaced=False,
    short_names=("cs",),
    verbs=("get", "list"),
    columns=(
        NAME,
        Column("Status", _status, description="Status of the component conditions"),
        _of_condition("message"),
        _of_condition("error"),
    ),
    has_generation=False,
    deprecation="v1 ComponentStatus is deprecated in v1.19+",
)
