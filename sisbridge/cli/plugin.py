"""`sisbridge plugin`: what a district installs in its SIS to let us in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from domain.ids import DistrictCode
from sisbridge.cli.opening import opened
from sisbridge.cli.output import JsonFlag, print_json, print_table, writable

app = typer.Typer(help="Plugins that a district installs in its SIS.", no_args_is_help=True)


@app.callback()
def _noun() -> None:
    """Keep `plugin` a group although it knows one SIS so far."""


@app.command("powerschool")
def powerschool(
    district: Annotated[str, typer.Option("--district", help="The district's code.")],
    out: Annotated[Path, typer.Option("--out", callback=writable, help="The ZIP to write.", dir_okay=False)],
    publisher: Annotated[
        str, typer.Option("--publisher", help="Who PowerSchool shows as the publisher.")
    ] = "sisbridge",
    contact: Annotated[
        str, typer.Option("--contact", help="The e-mail address shown beside it.")
    ] = "sisbridge@example.org",
    as_json: JsonFlag = False,
) -> None:
    """Write the PowerSchool plugin of a district, and beside it the list of its fields and what for.

    Example: sisbridge plugin powerschool --district 9001 --out maple.zip
    """
    from sisbridge.sync.plugin import powerschool_plugin

    with opened(as_json) as house:
        made = powerschool_plugin(house, DistrictCode(district), publisher, contact)
    page = out.with_suffix(".fields.md")
    out.write_bytes(made.content)
    page.write_text(made.page, encoding="utf-8")
    rows = [(one.table, one.field, one.access, one.why) for one in made.fields]
    if as_json:
        names = ("table", "field", "access", "why")
        fields = [dict(zip(names, row, strict=True)) for row in rows]
        print_json({"plugin": str(out), "page": str(page), "name": made.choice.name, "fields": fields})
        return
    print_table(
        f"What {made.choice.name!r} may see and write", ("Table", "Field", "Access", "What for"), rows
    )
    typer.echo(f"Wrote {out} and {page}. Install the ZIP in PowerSchool under")
    typer.echo("  System > System Settings > Plugin Management Configuration > Install, and enable it.")
