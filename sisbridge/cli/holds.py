"""`sisbridge holds`: what waits for a person, and what a person says about it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from domain.ids import DistrictCode
from sisbridge.cli.opening import opened
from sisbridge.cli.output import ExitCode, JsonFlag, addressed, print_json, print_table, tell, veiled

app = typer.Typer(help="Changes that wait for a person.", no_args_is_help=True)

_REKEY = "SZ30"

District = Annotated[str, typer.Argument(help="A district's code.")]
Number = Annotated[int | None, typer.Argument(help="A hold's number; every hold when left out.")]
School = Annotated[str | None, typer.Option(help="Only changes of this school, by its sourcedId.")]
Table = Annotated[str | None, typer.Option(help="Only changes of this table, such as enrollments.")]
Op = Annotated[str | None, typer.Option(help="Only changes of this kind: add, update or remove.")]
All = Annotated[bool, typer.Option("--all", help="Every held change of the district.")]


@app.command("list")
def list_holds(
    district: Annotated[str | None, typer.Argument(help="A district's code; all when left out.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """List the standing holds, each in a sentence with its fix.

    Example: sisbridge holds list 9001
    """
    from sisbridge.sync.answers.waiting import standing_holds

    with opened(as_json) as house:
        found = standing_holds(house, DistrictCode(district) if district else None)
    if as_json:
        print_json([asdict(one) for one in found])
        return
    for one in found:
        tell(f"{one.district} {one.hold_id}: {one.message} [{one.rule}, {_many(one.rows)}, {one.state}]")
        fix = addressed(one.fix, one.district)
        tell(f"Since {one.opened_on}, last asked for on {one.last_seen_on}. {fix}", indent=4)
        typer.echo(f"    Look into it: {_look(one.district, one.hold_id, one.rule)}")
    if not found:
        typer.echo("Nothing is held.")


@app.command("show")
def show(
    district: District,
    hold: Annotated[int, typer.Argument(help="The hold's number.")],
    as_json: JsonFlag = False,
) -> None:
    """Show what a hold holds: how many changes of which kind, and the first of them by sourcedId.

    Example: sisbridge holds show 9001 3
    """
    from sisbridge.sync.holding.decisions import contents

    with opened(as_json) as house:
        found = contents(house, DistrictCode(district), hold)
    heads = ("table", "school", "op", "decision")
    tally = [(*key, rows) for key, rows in found.tally.items()]
    if as_json:
        lines = [dict(zip((*heads, "rows"), line, strict=True)) for line in tally]
        fields = [asdict(one) for one in found.fields]
        first = [asdict(one) for one in found.rows]
        print_json({"hold": asdict(found.hold), "tally": lines, "fields": fields, "first": first})
        return
    tell(f"{found.hold.message} Fix: {addressed(found.hold.fix, district)}")
    print_table(f"Hold {hold} of {district}", (*heads, "rows"), tally, whole=("school",))
    if found.fields:
        changed = [(one.table, one.field, one.rows, one.blanked) for one in found.fields]
        print_table("What would change", ("table", "field", "rows", "of them to blank"), changed)
    names = ("op", "school", "first_held_on", "decision")
    print_table(
        "The first changes",
        ("table", "sourcedId", "op", "school", "since", "decision"),
        [(one.table, veiled(one.sourced_id), *(getattr(one, name) for name in names)) for one in found.rows],
        whole=("sourcedId", "school"),
    )
    typer.echo(f"Decide: {_decide(district, hold, found.hold.rule)}")


@app.command("release")
def release(
    district: District,
    hold: Number = None,
    school: School = None,
    table: Table = None,
    op: Op = None,
    everything: All = False,
    as_json: JsonFlag = False,
) -> None:
    """Let held changes go: they are checked against the newest snapshot and applied; recorded with your name.

    Example: sisbridge holds release 9001 3 --op remove
    """
    from sisbridge.sync.holding import decisions

    _require_choice(hold, school, table, op, everything)
    with opened(as_json) as house:
        meant = decisions.chosen(hold, school, table, op)
        done = decisions.release(house, DistrictCode(district), house.settings.actor, meant)
    if as_json:
        print_json(asdict(done))
        return
    typer.echo(f"{done.changes} changes are released. {done.reason}".rstrip())
    if done.applied is not None:
        said = ", ".join(f"{rows} {op}" for op, rows in done.applied.items()) or "nothing had to move"
        typer.echo(f"Applied from the newest snapshot: {said}.")


@app.command("discard")
def discard(
    district: District,
    hold: Number = None,
    school: School = None,
    table: Table = None,
    op: Op = None,
    everything: All = False,
    as_json: JsonFlag = False,
) -> None:
    """Keep the roster as it was, until the SIS asks for something else; recorded with your name.

    Example: sisbridge holds discard 9001 --school s1
    """
    from sisbridge.sync.holding import decisions

    _require_choice(hold, school, table, op, everything)
    with opened(as_json) as house:
        meant = decisions.chosen(hold, school, table, op)
        done = decisions.discard(house, DistrictCode(district), house.settings.actor, meant)
    if as_json:
        print_json(asdict(done))
    else:
        typer.echo(f"{done.changes} changes are kept back for as long as the SIS asks for them.")


@app.command("suggest")
def suggest(district: District, as_json: JsonFlag = False) -> None:
    """Show which thresholds would have held nothing ordinary so far, and why; nothing is set by itself.

    Example: sisbridge holds suggest 9001
    """
    from sisbridge.sync.holding.suggest import FEWEST_NIGHTS, suggestions

    with opened(as_json) as house:
        found = suggestions(house, DistrictCode(district))
    if as_json:
        print_json([asdict(one) for one in found])
        return
    for one in found:
        typer.echo(f"{one.table}.{one.threshold} = {one.suggested:g} (now {one.usual:g}): {one.reason}")
    if not found:
        typer.echo(f"No table has changed on {FEWEST_NIGHTS} nights yet, so its history suggests nothing.")


def _many(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows:,} rows"


def _look(district: str, hold: int, rule: str) -> str:
    return f"sisbridge rekey show {district}" if rule == _REKEY else f"sisbridge holds show {district} {hold}"


def _decide(district: str, hold: int, rule: str) -> str:
    """Return what a person types to decide on a hold; a re-key is decided as a whole."""
    if rule == _REKEY:
        return f"sisbridge rekey accept {district}, or sisbridge rekey refuse {district}"
    return f"sisbridge holds release {district} {hold}, or sisbridge holds discard {district} {hold}"


def _require_choice(*given: object) -> None:
    """End with the usage code unless something says which changes are meant: all is a thing to say."""
    if all(one is None or one is False for one in given):
        typer.echo("Name a hold, a school, a table or an op; or say --all.", err=True)
        raise typer.Exit(ExitCode.USAGE)
