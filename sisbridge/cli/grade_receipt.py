"""`sisbridge grades receipt`: what was sent of a grade, what the SIS held before and what it shows since."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from domain.clock import utc_text
from domain.grading import GradeValue, Mark, Outcome, Receipt, RemoteGrade
from domain.ids import DistrictCode, ItemId
from sisbridge.cli.opening import opened
from sisbridge.cli.output import JsonFlag, addressed, print_json, print_table, tell


def grade_receipt(
    district: Annotated[str, typer.Argument(help="The district's code.")],
    item: Annotated[str, typer.Argument(help="The grade's id on its way, as `grades list --all` shows it.")],
    values: Annotated[
        bool,
        typer.Option("--values", help="Show the grades too; a terminal only, and recorded."),
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Show the receipts of one grade: each attempt, its outcome, and with --values what it proves.

    Exit 2 for --values without a terminal. Example: sisbridge grades receipt 9001 ITEM --values
    """
    if values and not is_terminal():
        raise typer.BadParameter("--values shows grades on a terminal, never to a pipe, a file or a log")
    from sisbridge.sync.answers.receipts import receipts_of

    with opened(as_json) as house:
        code, number = DistrictCode(district), ItemId(item)
        found = receipts_of(house, code, number, house.settings.actor, values=values)
    entries = [_entry(one, values) for one in found]
    if as_json:
        print_json(entries)
    elif not entries:
        typer.echo("Nothing was sent of this grade yet.")
    else:
        heads = [name for name in entries[0] if name not in ("message", "fix")]
        print_table(f"Receipts of {item}", heads, [[one[name] for name in heads] for one in entries])
        for one in found:
            if one.message:
                tell(f"Attempt {one.attempt}: {one.message} {addressed(one.fix, district)}".strip())


def is_terminal() -> bool:
    """Return whether what is printed goes to a person's screen."""
    return sys.stdout.isatty()


def _entry(one: Receipt, values: bool) -> dict[str, object]:
    shown = {"held before": _held(one.before), "sent": _value(one.sent), "read back": _held(one.after)}
    return {
        "attempt": one.attempt,
        "at": utc_text(one.sent_at),
        "outcome": one.outcome.value,
        "adopted": "yes" if one.outcome is Outcome.ADOPTED else "no",
        **(shown if values else {}),
        "remote": one.remote,
        "message": one.message,
        "fix": one.fix,
    }


def _held(grade: RemoteGrade | None) -> str:
    return _value(grade.value if grade else None)


def _value(value: GradeValue | None) -> str:
    """Return a grade as a person reads it; "none" for no grade."""
    if value is None:
        return "none"
    mark = "" if value.mark is Mark.GRADED else value.mark.value
    percent = "" if value.percent is None else str(value.percent)
    return " ".join(filter(None, (percent, value.text_score, mark))) or "none"
