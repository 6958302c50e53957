"""A night's summary: one table over the districts, and every open case in a sentence with its fix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import typer

from domain.ids import DistrictCode
from domain.model import Case
from sisbridge.cli.output import addressed, case_entry, case_sentence, print_table
from sisbridge.house import House
from sisbridge.sync.answers.cases import open_cases
from sisbridge.sync.grades.collect_grades import Collected
from sisbridge.sync.grades.release import Released
from sisbridge.sync.grades.writeback import DeliveryCounts
from sisbridge.sync.night import NightOutcome
from sisbridge.sync.roster.standing import standing

READ_COLUMNS = ("read", "out_of_scope", "clean", "quarantined")
CHANGE_COLUMNS = ("add", "update", "remove", "missing", "return", "in_force", "seats")
GRADE_COLUMNS = ("released", "sent", "delivered", "confirmed", "held", "conflict")


@dataclass(frozen=True)
class NightSummary:
    """What one night came to, district by district."""

    title: str
    states: Mapping[str, str]
    counts: Mapping[str, Mapping[str, int]]
    cases: Sequence[Case]

    def as_dict(self) -> dict[str, object]:
        """Return the summary as a JSON object."""
        cases = [case_entry(case) for case in self.cases]
        return {"title": self.title, "states": self.states, "counts": self.counts, "cases": cases}


def summarize(
    house: House,
    title: str,
    outcomes: Sequence[NightOutcome],
    collected: Collected,
    released: Mapping[DistrictCode, Released],
    delivered: Mapping[DistrictCode, DeliveryCounts],
) -> NightSummary:
    """Put together what the use-cases of one night returned."""
    counts = {}
    for outcome in outcomes:
        code = outcome.district
        out, in_force = delivered[code].as_dict(), standing(house, code)
        counts[str(code)] = {
            **{name: int(outcome.counts.get(name, 0)) for name in (*READ_COLUMNS, *CHANGE_COLUMNS)},
            "in_force": in_force.rows,
            "seats": in_force.seats,
            "released": released[code].queued,
            "held": collected.by_district.get(code, {}).get("held", 0) + released[code].waiting,
            **{name: out[name] for name in ("sent", "delivered", "confirmed", "conflict")},
        }
    states = {str(outcome.district): outcome.state for outcome in outcomes}
    return NightSummary(title, states, counts, open_cases(house))


def show(summary: NightSummary) -> None:
    """Print the summary: rosters in, grades out, open cases."""
    _table("Rosters in", summary, READ_COLUMNS, with_state=True)
    _table("Changes applied, and what is in force now", summary, CHANGE_COLUMNS)
    _table("Grades out", summary, GRADE_COLUMNS)
    typer.echo(f"Open cases: {len(summary.cases)}")
    for case in summary.cases:
        typer.echo(f"  - {case_sentence(case)}")
        typer.echo(f"      Fix: {addressed(case.fix, case.district)}")


def _table(title: str, summary: NightSummary, columns: Sequence[str], *, with_state: bool = False) -> None:
    heads = ("district", *(("roster",) if with_state else ()), *columns)
    rows = [
        (code, *((summary.states[code],) if with_state else ()), *(counts[name] for name in columns))
        for code, counts in summary.counts.items()
    ]
    print_table(title, [head.replace("_", " ") for head in heads], rows)
