"""PodTemplate."""

from __future__ import annotations

from kfast.api.columns import NAME, container_columns, labels
from kfast.api.kind import Body, Column, FieldError, Kind
from kfast.api.pod_template import default_template, template_errors, template_rules


def _defaults(holder: Body) -> None:
    default_template(holder.setdefault("template", {}))


def _validate(holder: Body) -> list[FieldError]:
    return template_errors(holder["template"], "template")


def _warnings(holder: Body) -> list[str]:
    return template_rules().warnings(holder["template"], "template")


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
    warnings=_warnings,
)
