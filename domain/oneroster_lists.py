"""The lists that OneRoster 1.1 and 1.2 serve below a record, as data.

Sources: 1EdTech OneRoster 1.1 and 1.2 REST bindings, tables of endpoints.
"""

from __future__ import annotations

from domain.oneroster import BOTH, Version

_BOTH = (
    "schools/*/courses schools/*/classes schools/*/enrollments schools/*/students schools/*/teachers "
    "schools/*/terms schools/*/classes/*/enrollments schools/*/classes/*/students "
    "schools/*/classes/*/teachers terms/*/classes terms/*/gradingPeriods courses/*/classes "
    "students/*/classes teachers/*/classes users/*/classes classes/*/students classes/*/teachers "
    "classes/*/lineItems classes/*/results classes/*/lineItems/*/results classes/*/students/*/results "
    "courses/*/resources classes/*/resources"
)
_NEW = "schools/*/scoreScales classes/*/categories classes/*/scoreScales users/*/resources"

NESTED_LISTS: dict[str, tuple[Version, ...]] = {
    **dict.fromkeys(_BOTH.split(), BOTH),
    **dict.fromkeys(_NEW.split(), (Version.V1P2,)),
}
"""Path with `*` for every sourcedId → the versions that have it."""
