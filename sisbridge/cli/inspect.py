"""`sisbridge inspect`: what a OneRoster source is, and where it deviates from the standard."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from domain.oneroster import Version
from sisbridge.cli.output import ExitCode, JsonFlag, console, fail, print_json, print_table, writable
from sisbridge.sync.unexpected import named

if TYPE_CHECKING:
    from sisbridge.sync.inspect import Inspection

SECRET = "SISBRIDGE_CLIENT_SECRET"


class Auth(StrEnum):
    """How to sign in."""

    BASIC = "basic"
    BODY = "body"
    OAUTH1 = "oauth1"
    BEARER = "bearer"


class Asked(StrEnum):
    """The version to hold the source to."""

    AUTO = "auto"
    V1P1 = "1.1"
    V1P2 = "1.2"


def inspect(
    source: Annotated[
        str, typer.Argument(help="A server's address, a zip, or a folder.", metavar="URL|PATH")
    ],
    token_url: Annotated[str, typer.Option(help="Where OAuth 2 tokens are given out.")] = "",
    client_id: Annotated[str, typer.Option(help="Client id or consumer key.")] = "",
    auth: Annotated[
        Auth, typer.Option(help=f"How to sign in; the secret is read from {SECRET}.")
    ] = Auth.BASIC,
    scope: Annotated[list[str] | None, typer.Option(help="A scope to ask for; may be repeated.")] = None,
    version: Annotated[Asked, typer.Option(help="Which version to hold it to.")] = Asked.AUTO,
    page_size: Annotated[int, typer.Option(min=1, max=10_000, help="Records to ask for at a time.")] = 1000,
    html: Annotated[
        Path | None, typer.Option(callback=writable, help="Write the report as an HTML page too.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Report what a OneRoster source is, its counts, and every deviation from the standard.

    Nothing is changed, nothing is kept, and no personal value is shown. Exit 0 without errors, 3 with
    errors (or when credentials are refused), 4 when it cannot be reached, 6 when it is no OneRoster.

    Example: sisbridge inspect export.zip --html report.html
    """
    from sisbridge.sync import inspect as use_case

    wanted = None if version is Asked.AUTO else Version(version.value)
    try:
        with _progress(as_json) as progress:
            if source.startswith(("http://", "https://")):
                settings = use_case.connection(
                    source, auth.value, token_url=token_url, client_id=client_id,
                    secret=os.environ.get(SECRET, ""), scopes=tuple(scope) if scope else None,
                    page_size=page_size,
                )  # fmt: skip
                report = use_case.inspect_server(settings, wanted, progress)
            else:
                report = use_case.inspect_path(Path(source), wanted, progress)
    except Exception as error:  # noqa: BLE001 - an error's own text might hold a row
        fail(named("The inspection", error), as_json)
    _give(report, html, as_json)
    if report.has_errors:
        raise typer.Exit(ExitCode.STOPPED)


def _give(report: Inspection, html: Path | None, as_json: bool) -> None:
    if html is not None:
        from sisbridge.cli.inspect_page import page

        html.write_text(page(report), encoding="utf-8")
    if as_json:
        print_json(asdict(report) | {"facts": dict(report.facts), "levels": report.by_level()})
    else:
        _show(report)
        if html is not None:
            typer.echo(f"Written: {html}")


def _show(report: Inspection) -> None:
    print_table(report.source, ("What", "Seen"), report.facts)
    print_table("Records", ("Collection", "Rows"), list(report.counts.items()))
    rows = [
        (one.level.value, one.code, _where(one.where, one.field), one.rows,
         one.message + (f" ({one.sample})" if one.sample else ""), "\n".join(one.places))
        for one in report.deviations
    ]  # fmt: skip
    if rows:
        print_table("Deviations", ("Severity", "Code", "Where", "How many", "What", "First places"), rows)
    told = ", ".join(
        f"{count} {level}{'s' if count != 1 else ''}" for level, count in report.by_level().items()
    )
    console().print(f"OneRoster {report.version.value}: {told}. Each kind at one place counts once.")


def _where(where: str, field: str) -> str:
    return f"{where} {field}".strip()


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[str, int], None] | None]:
    """Show what is being read and how many rows of it were, on a terminal only."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console

    with Console(stderr=True).status("looking") as status:
        yield lambda where, rows: status.update(f"{where} {rows or ''}")
