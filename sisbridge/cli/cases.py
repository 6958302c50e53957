"""`sisbridge cases`: what is open, why, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from domain.ids import DistrictCode, SourcedId
from domain.model import Case
from sisbridge.cli.opening import opened
from sisbridge.cli.output import JsonFlag, case_entry, print_json, tell_case, veiled

if TYPE_CHECKING:
    from sisbridge.house import House
    from sisbridge.sync.roster.behind import CaseKey

    Behind = Mapping[DistrictCode, Mapping[CaseKey, Sequence[SourcedId]]]

_WHOM = "Whom a case is about: --students."
_WHERE_TO_GO_ON = "What waits for a decision: sisbridge holds list"


def cases(
    district: Annotated[
        str | None, typer.Argument(help="A district's code; all districts when left out.")
    ] = None,
    students: Annotated[
        bool, typer.Option("--students", help="Name the students of each case, by sourcedId.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """List the open cases, each in a sentence with its fix; with --students, whom each is about.

    Example: sisbridge cases 9001 --students
    """
    from sisbridge.sync.answers.cases import open_cases

    with opened(as_json) as house:
        found = open_cases(house, DistrictCode(district) if district else None)
        behind = _behind(house, found) if students else {}
    if as_json:
        print_json(
            [
                {**case_entry(case), **({"student_ids": _whom(case, behind)} if students else {})}
                for case in found
            ]
        )
        return
    for case in found:
        tell_case(case)
        for student in _whom(case, behind):
            typer.echo(f"    Student {veiled(student)}")
    if found and not students:
        typer.echo(_WHOM)
    typer.echo(_WHERE_TO_GO_ON if found else "No case is open.")


def _behind(house: House, found: Sequence[Case]) -> Behind:
    from sisbridge.sync.answers.students import students_behind

    return {code: students_behind(house, code) for code in {case.district for case in found}}


def _whom(case: Case, behind: Behind) -> list[str]:
    key = (case.rule, case.table, case.field, case.group)
    return [str(student) for student in behind.get(case.district, {}).get(key, ())]
