"""PodTemplate."""

from __future__ import annotations

from kfast.api.columns import NAME, container_columns, labels
from kfast.api.kind import Body, Column, FieldError, Kind
from kfast.api.pod_spec import default_template
from kfast.api.pod_validation import validate_pod_spec


def _defaults(holder: Body) -> None:
    default_template(holder.setdefault("template", {}))


def _validate(holder: Body) -> list[FieldError]:
    errors: list[FieldError] = []
    validate_pod_spec(holder["template"]["spec"], "template.spec", errors)
    return errors


KIND = Kind(
    group="",
    version="v1",
    kind="PodTemplate",
    plural="podtemplates",
    columns=(
        NAME,
        *container_columns("template.spec", priority=0),
        Column("Pod Labels", labels("template.metadata.labels")),
    ),
    defaults=_defaults,
    validate=_validate,
)
