"""`sisbridge people`: who is who, who cannot be told apart, and what a person says about it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from domain.ids import DistrictCode, SourcedId
from domain.masking import HIDDEN
from sisbridge.cli.opening import opened
from sisbridge.cli.output import JsonFlag, print_json, print_table, tell, veiled

if TYPE_CHECKING:
    from sisbridge.sync.identity.people_desk import Waiting

app = typer.Typer(help="Students as persons, by sourcedId only.", no_args_is_help=True)

District = Annotated[str, typer.Argument(help="A district's code.")]
One = Annotated[str, typer.Argument(help="A student's sourcedId.")]
Other = Annotated[str, typer.Argument(help="Another student's sourcedId.")]

_NAMED_AND_BORN = ("birth_date", "family_name", "given_name")


@app.command("list")
def list_people(district: District, as_json: JsonFlag = False) -> None:
    """Say by which number the students are recognised, who has several users, and who several districts.

    Example: sisbridge people list 9001
    """
    from sisbridge.sync.identity.people_desk import overview

    with opened(as_json) as house:
        found = overview(house, DistrictCode(district))
    if as_json:
        print_json(asdict(found))
        return
    rows = [
        (kind, many, f"{many / max(sum(found.kinds.values()), 1):.1%}") for kind, many in found.kinds.items()
    ]
    print_table(f"Students of {district} by the best number they have", ("number", "students", "share"), rows)
    typer.echo(
        f"{found.students} users are {found.people} persons; {found.waiting} wait for a decision;"
        f" {len(found.homes)} are known in another district too."
    )
    if found.users_of:
        several = [(who, ", ".join(map(veiled, users))) for who, users in sorted(found.users_of.items())]
        print_table("Persons with several users", ("person", "sourcedIds"), several, whole=("person",))


@app.command("worklist")
def worklist(district: District, as_json: JsonFlag = False) -> None:
    """List the students that cannot be recognised or told apart, each with the field to mend.

    It is written even when the night was stopped. Example: sisbridge people worklist 9001
    """
    from sisbridge.sync.identity.people_desk import worklist as waiting

    with opened(as_json) as house:
        found = waiting(house, DistrictCode(district))
    entries = [
        {
            "sourced_id": one.entry.user,
            "rule": one.entry.rule,
            "mend": one.mend,
            "perhaps": list(one.entry.others),
            "agree": list(one.entry.agree),
            "other_districts": one.elsewhere,
            "since": one.since,
        }
        for one in found
    ]
    if as_json:
        print_json(entries)
    elif not found:
        typer.echo("Every student has a number to be recognised by, and no two have the same.")
    else:
        for one in found:
            _tell_waiting(district, one)


def _tell_waiting(district: str, one: Waiting) -> None:
    """Print a student of the worklist, what to mend, and what a person may say of it instead."""
    entry = one.entry
    user, others = veiled(entry.user), [*map(veiled, entry.others)]
    tell(f"{user}: {one.mend}. [{entry.rule}, since {one.since}]")
    if one.elsewhere:
        where = "another district" if one.elsewhere == 1 else f"each of {one.elsewhere} other districts"
        tell(f"A student of {where} has the same name and birth date.", indent=4)
    if not others:
        return
    tell(f"Perhaps the same as {', '.join(others)}{_reason(entry.agree)}.", indent=4)
    if HIDDEN in (user, others[0]):
        return
    pair = f"{district} {user} {others[0]}"
    typer.echo(f"    If so: sisbridge people match {pair}")
    typer.echo(f"    If not: sisbridge people split {pair}")


def _reason(agree: tuple[str, ...]) -> str:
    """Return why two may be one: by name and birth date where both are the same, else by the fields."""
    fields = [name for name in agree if "birth_date" not in agree or name not in _NAMED_AND_BORN]
    known = ": same name and birth date" if "birth_date" in agree else ""
    return known + (f", as these fields agree: {', '.join(fields)}" if fields else "")


@app.command("match")
def match(district: District, one: One, other: Other, as_json: JsonFlag = False) -> None:
    """Say that two users are one person; it is recorded with your name and remembered.

    Exit 3 when grades were collected for both. Example: sisbridge people match 9001 u17 u93
    """
    from sisbridge.sync.identity.people_desk import match as decide

    with opened(as_json) as house:
        said = decide(house, DistrictCode(district), SourcedId(one), SourcedId(other), house.settings.actor)
    _tell(said, as_json)


@app.command("split")
def split(district: District, one: One, other: Other, as_json: JsonFlag = False) -> None:
    """Say that two users are two persons; it is recorded with your name and remembered.

    Exit 3 when grades were collected under both. Example: sisbridge people split 9001 u17 u93
    """
    from sisbridge.sync.identity.people_desk import split as decide

    with opened(as_json) as house:
        said = decide(house, DistrictCode(district), SourcedId(one), SourcedId(other), house.settings.actor)
    _tell(said, as_json)


@app.command("renew")
def renew(district: District, one: One, as_json: JsonFlag = False) -> None:
    """Say that the SIS gave a user's sourcedId to another student; it is recorded with your name.

    The grades of the student it was stay here. Example: sisbridge people renew 9001 u17
    """
    from sisbridge.sync.identity.people_desk import renew as decide

    with opened(as_json) as house:
        said = decide(house, DistrictCode(district), SourcedId(one), house.settings.actor)
    _tell(said, as_json)


def _tell(said: str, as_json: bool) -> None:
    if as_json:
        print_json({"said": said})
    else:
        typer.echo(said)
