"""`sisbridge history`: what changed of one record, when, and by whom."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from domain.ids import DistrictCode, SourcedId
from sisbridge.cli.opening import opened
from sisbridge.cli.output import JsonFlag, print_json, print_table

if TYPE_CHECKING:
    from sisbridge.sync.answers.history import HistoryStep


def history(
    district: Annotated[str, typer.Argument(help="A district's code.")],
    sourced_id: Annotated[str, typer.Argument(help="A record's sourcedId, of any table.")],
    as_json: JsonFlag = False,
) -> None:
    """Show what changed of a record and when, newest first; values only by their shape.

    A record that a re-key gave another sourcedId is followed back. Example: sisbridge history 9001 u17
    """
    from sisbridge.sync.answers.history import history as told

    with opened(as_json) as house:
        steps = told(house, DistrictCode(district), SourcedId(sourced_id))
    if as_json:
        print_json([asdict(step) for step in steps])
    elif not steps:
        typer.echo(f"Nothing with the sourcedId {sourced_id} was ever on the roster of district {district}.")
        typer.echo(f"What is known of it: sisbridge why {sourced_id} --district {district}")
    else:
        rows = [
            (one.night_on.isoformat(), one.table, one.sourced_id, one.what, _moves(one), one.decided_by)
            for one in steps
        ]
        heads = ("night", "table", "sourcedId", "what", "fields", "by")
        print_table(f"History of {sourced_id}", heads, rows, whole=("sourcedId",))


def _moves(step: HistoryStep) -> str:
    return "\n".join(f"{f.field}: {f.before or '(blank)'} -> {f.after or '(blank)'}" for f in step.fields)
