"""`sisbridge rekey`: a SIS gave its rows new sourcedIds; see how they are paired, and decide."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from domain.ids import DistrictCode
from sisbridge.cli.opening import opened
from sisbridge.cli.output import JsonFlag, print_json, print_table, veiled

app = typer.Typer(help="A SIS that gave its rows new sourcedIds.", no_args_is_help=True)

District = Annotated[str, typer.Argument(help="A district's code.")]
_SHOWN = 5


@app.command("show")
def show(district: District, as_json: JsonFlag = False) -> None:
    """Show which rows seem to be the same under new sourcedIds, by what, and how sure that is.

    Exit 3 when there is nothing to decide. Example: sisbridge rekey show 9001
    """
    from sisbridge.sync.identity.rekey_desk import proposal

    with opened(as_json) as house:
        found = proposal(house, DistrictCode(district))
    pairs = {table.value: rows.to_pylist() for table, rows in found.crosswalk.items()}
    if as_json:
        print_json({"tables": [asdict(one) for one in found.tables], "pairs": pairs})
        return
    heads = ("table", "in force", "gone", "found again", "confidence")
    rows = [(t.table, t.in_force, t.gone, t.paired, f"{t.confidence:.0%}") for t in found.tables]
    print_table(f"Re-key of {district}", heads, rows)
    for table, several in pairs.items():
        first = [(veiled(old), veiled(new), by) for old, new, by in map(dict.values, several[:_SHOWN])]
        ids = ("old sourcedId", "new sourcedId")
        print_table(f"{table}: the first of {len(several):,}", (*ids, "by"), first, whole=ids)
    typer.echo(f"Decide: sisbridge rekey accept {district}, or sisbridge rekey refuse {district}")


@app.command("accept")
def accept(district: District, as_json: JsonFlag = False) -> None:
    """Carry roster, people, seats and grades in the outbox over to the new sourcedIds, all or nothing.

    It is recorded with your name. Exit 3 when there is nothing to decide.

    Example: sisbridge rekey accept 9001
    """
    from sisbridge.sync.identity.rekey_desk import accept as decide

    with opened(as_json) as house:
        carried = decide(house, DistrictCode(district), house.settings.actor)
    if as_json:
        print_json(asdict(carried))
        return
    print_table("Carried over", ("table", "rows"), list(carried.rows.items()))
    typer.echo(
        f"{carried.people} persons, {carried.seats} seats and {carried.payloads} grades in the outbox follow."
    )
    for session in carried.terms:
        typer.echo(f"The region file still names the session {session}: write its new sourcedId there too.")


@app.command("refuse")
def refuse(district: District, as_json: JsonFlag = False) -> None:
    """Say that these are other rows: from the next night on they come and go like any others.

    It is recorded with your name. Exit 3 when there is nothing to decide.

    Example: sisbridge rekey refuse 9001
    """
    from sisbridge.sync.identity.rekey_desk import refuse as decide

    with opened(as_json) as house:
        many = decide(house, DistrictCode(district), house.settings.actor)
    if as_json:
        print_json({"refused": many})
    else:
        typer.echo(f"{many} pairs are refused; the next night takes them for other rows.")
