"""What a night that is not applied yet comes to, as tables: for a rehearsal, a replay and a preview."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from domain.model import Op
from sisbridge.cli.output import print_table

if TYPE_CHECKING:
    from sisbridge.sync.roster.changes import ChangedRow
    from sisbridge.sync.roster.outlook import Outlook


def outlook_entry(found: Outlook) -> Mapping[str, object]:
    """Return what would flow, by table, and what would wait, as a JSON object."""
    return {
        "tables": [asdict(one) | {"would_be": one.would_be} for one in found.tables],
        "withheld": [asdict(one) for one in found.withheld],
        "held_rows": [row_entry(row) for row in found.held_rows],
    }


def row_entry(row: ChangedRow) -> Mapping[str, object]:
    """Return a changed row as a JSON object; its values are masked."""
    return {
        "table": row.table,
        "sourced_id": row.sourced_id,
        "op": row.op,
        "values": [[value.field, value.before, value.after] for value in row.values],
    }


def show_tables(found: Outlook, title: str = "Against the roster in force") -> None:
    """Show what would become of the roster in force, by table, where anything moves or waits."""
    moving = [one for one in found.tables if any(one.flowing.values()) or one.held]
    rows = [
        (one.table, one.in_force, *(one.flowing.get(op, 0) for op in Op), one.would_be, one.held)
        for one in moving
    ]
    if rows:
        heads = ("table", "in force", *Op, "in force then", "held")
        print_table(title, heads, rows)


def show_withheld(found: Outlook) -> None:
    """Show what waits for a person, why, and the first of its rows."""
    rows = [(one.rows, one.rule, one.message, one.fix) for one in found.withheld]
    if rows:
        print_table("What is held, and why", ("changes", "rule", "because", "what to do"), rows)
    if found.held_rows:
        show_rows("The first {} held rows", found.held_rows)


def show_rows(title: str, changes: Sequence[ChangedRow]) -> None:
    """Show changed rows column by column, or that there are none. title: `{}` stands for their number."""
    if not changes:
        typer.echo("No row differs.")
        return
    rows = [
        (row.table, row.sourced_id, row.op, value.field if value else "", _arrow(value))
        for row in changes
        for value in (row.values or (None,))
    ]
    heads = ("table", "sourcedId", "change", "column", "before → after (masked)")
    print_table(title.format(len(changes)), heads, rows, whole=("sourcedId",))


def _arrow(value: Any) -> str:
    return f"{value.before or '-'} → {value.after or '-'}" if value else ""
