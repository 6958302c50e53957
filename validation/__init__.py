"""Judges rosters and grades: rules become findings, rows become clean or quarantined."""

from validation.arrow import among
from validation.belonging import Belonging, belonging, foreign_orgs
from validation.context import GradeContext, JudgeContext, KeySet
from validation.frames import usual_width
from validation.guards import (
    Limits,
    bled,
    empty_table,
    left_out,
    mass_change,
    unresolved_share,
    year_ahead,
    year_over,
)
from validation.judge import judge, judge_grades
from validation.masking import mask, shown_id
from validation.roster_cells import shown
from validation.rules import catalogue
from validation.settle import Judged
from validation.sizes import sizes
from validation.wording import case_message

__all__ = [
    "among",
    "judge",
    "judge_grades",
    "Judged",
    "JudgeContext",
    "GradeContext",
    "KeySet",
    "usual_width",
    "Limits",
    "bled",
    "left_out",
    "mass_change",
    "unresolved_share",
    "year_ahead",
    "year_over",
    "empty_table",
    "Belonging",
    "belonging",
    "foreign_orgs",
    "sizes",
    "case_message",
    "catalogue",
    "mask",
    "shown",
    "shown_id",
]
