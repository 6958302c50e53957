"""`sisbridge retain`, `purge` and `grant-console`: what goes, and who may look at what stays."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from domain.ids import DistrictCode
from sisbridge.cli.opening import chosen, opened
from sisbridge.cli.output import JsonFlag, print_json, print_table, writable


def retain(
    districts: Annotated[
        list[str] | None, typer.Argument(help="Codes of districts; all districts when left out.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Delete raw data that was landed longer ago than each district's `retention_days` (30 unless set).

    Counts and hashes stay, and so does what is in force. Example: sisbridge retain
    """
    from sisbridge.sync.retain import retain as retain_district

    with opened(as_json) as house:
        done = [retain_district(house, code) for code in chosen(house, districts)]
    rows = [(one.district, one.days, one.snapshots, one.quarantined) for one in done]
    names = ("district", "days", "snapshots", "quarantined")
    if as_json:
        print_json([dict(zip(names, row, strict=True)) for row in rows])
    else:
        print_table("Raw data deleted", ("district", "kept days", "snapshots", "quarantined rows"), rows)


def purge(
    district: Annotated[str, typer.Argument(help="The district's code.")],
    certificate: Annotated[Path, typer.Option(callback=writable, help="Where the certificate is written.")],
    confirm: Annotated[
        str,
        typer.Option(prompt="This cannot be undone. Type the district's code again", help="The code again."),
    ],
    unsent_grades_too: Annotated[
        bool, typer.Option("--unsent-grades-too", help="Delete grades too that are not in the SIS yet.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Delete everything of a district, destroy its key, and write a certificate; its audit stays.

    Example: sisbridge purge 9004 --certificate 9004.txt --confirm 9004
    """
    from sisbridge.sync.purge import purge as purge_district

    if confirm != district:
        raise typer.BadParameter("the two codes differ; nothing was deleted", param_hint="--confirm")
    if certificate.exists():
        raise typer.BadParameter("it is there already", param_hint="--certificate")
    with opened(as_json) as house:
        certified = purge_district(
            house, DistrictCode(district), house.settings.actor, unsent_too=unsent_grades_too
        )
    # Shown before it is written: a disk without room must not cost the only copy.
    if as_json:
        print_json(certified.as_dict())
    else:
        typer.echo(certified.text())
    certificate.write_text(certified.text(), encoding="utf-8")
    if not as_json:
        typer.echo(f"The certificate is in {certificate}.")


def grant_console(as_json: JsonFlag = False) -> None:
    """Make the PostgreSQL role that sees one district at a time, or renew its rights after an upgrade.

    Example: sisbridge grant-console
    """
    from sisbridge.store.row_security import CONSOLE_ROLE, grant

    with opened(as_json) as house, house.store.begin("grant") as conn:
        grant(conn)
    if as_json:
        print_json({"role": CONSOLE_ROLE})
        return
    typer.echo(f"The role {CONSOLE_ROLE} may read every table but keys and secrets, one district at a time.")
