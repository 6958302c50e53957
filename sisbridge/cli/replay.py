"""`sisbridge replay` and `sisbridge preview`: a night again from its raw data."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from domain.ids import DistrictCode
from sisbridge.cli.opening import opened
from sisbridge.cli.outlook import outlook_entry, row_entry, show_rows, show_tables, show_withheld
from sisbridge.cli.output import JsonFlag, print_json, print_table

if TYPE_CHECKING:
    from sisbridge.sync.roster.replay import Preview, Replayed

JUDGED = ("read", "out_of_scope", "clean", "quarantined")
APPLIED = ("changes", "add", "update", "remove", "missing", "return", "seats")

MostOption = Annotated[int, typer.Option(min=0, help="How many changed rows to show.")]


def replay(
    district: Annotated[str, typer.Argument(help="The district's code.")],
    night: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The night; the last one when left out.")
    ] = None,
    as_then: Annotated[
        bool, typer.Option("--as-then", help="With that night's mapping and rules instead of today's.")
    ] = False,
    for_real: Annotated[
        bool, typer.Option("--for-real", help="Apply it; otherwise it stops at the change list.")
    ] = False,
    over_newer: Annotated[
        bool, typer.Option("--over-newer", help="Even when a newer roster is in force.")
    ] = False,
    most: MostOption = 20,
    as_json: JsonFlag = False,
) -> None:
    """Run a night again from the raw data it landed, and show what it would change; nothing is pulled.

    Example: sisbridge replay 9001 --night 2026-01-20
    """
    from sisbridge.sync.roster import replay as replaying

    code, night_on = DistrictCode(district), night.date() if night else None
    with opened(as_json) as house:
        if for_real:
            actor = house.settings.actor
            done = replaying.replay(
                house, code, actor, night_on, as_then=as_then, over_newer=over_newer, most=most
            )
        else:
            done = replaying.rehearse(house, code, night_on, as_then=as_then, most=most)
    if as_json:
        print_json({**_facts(done), "counts": dict(done.counts), "applied": for_real})
    else:
        _show_night(done, f"of {district}, {'applied' if for_real else 'rehearsed'} again")


def _show_night(done: Replayed, how: str) -> None:
    names = (*JUDGED, *APPLIED)
    print_table(
        f"The night of {done.night_on} {how}",
        [name.replace("_", " ") for name in names],
        [[int(done.counts.get(name, 0)) for name in names]],
    )
    show_tables(done.outlook)
    show_rows("The first {} changed rows", done.changes)
    show_withheld(done.outlook)


def preview(
    district: Annotated[str, typer.Argument(help="The district's code.")],
    edit: Annotated[Path, typer.Argument(help="A TOML file with settings, as under [district.settings].")],
    most: MostOption = 20,
    as_json: JsonFlag = False,
) -> None:
    """Show what an edit of a district's settings would have made of last night's data; nothing is changed.

    Example: sisbridge preview 9001 edit.toml
    """
    from sisbridge.sync.roster import replay as replaying

    settings = _read(edit)
    with opened(as_json) as house:
        done = replaying.preview(house, DistrictCode(district), settings, most=most)
    if as_json:
        print_json({**_facts(done), "before": dict(done.before), "after": dict(done.after)})
        return
    rows = [(name.replace("_", " "), _count(done.before, name), _count(done.after, name)) for name in JUDGED]
    print_table(f"The night of {done.night_on} of {district}", ("rows", "as it was", "under the edit"), rows)
    show_rows("The first {} rows that the edit changes", done.changes)
    _show_judged(done)
    show_tables(done.outlook)
    show_withheld(done.outlook)


def _read(edit: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(edit.read_text(encoding="utf-8"))
    except OSError as error:
        raise typer.BadParameter(f"it cannot be read: {error.strerror}", param_hint="EDIT") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise typer.BadParameter(f"it is no TOML file: {error}", param_hint="EDIT") from None


def _facts(done: Replayed | Preview) -> dict[str, object]:
    return {
        "district": done.district,
        "night_on": done.night_on,
        "changes": [row_entry(row) for row in done.changes],
        **outlook_entry(done.outlook),
    }


def _count(counts: Mapping[str, int], name: str) -> int:
    return int(counts.get(name, 0))


def _show_judged(done: Preview) -> None:
    """Show the tables of which the edit makes other rows usable."""
    rows = [
        (one.table, *done.judged[one.table], one.clean, one.quarantined)
        for one in done.outlook.tables
        if done.judged[one.table] != (one.clean, one.quarantined)
    ]
    if rows:
        heads = ("table", "usable", "quarantined", "usable under the edit", "quarantined under the edit")
        print_table("Tables that the edit judges otherwise", heads, rows)
