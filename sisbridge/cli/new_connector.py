"""`sisbridge new-connector`: the files of a connector for another SIS, to begin from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sisbridge.cli.output import JsonFlag, print_json
from sisbridge.cli.scaffold.generate import REGISTRY, CannotGenerate, generate, lines_of


def new_connector(
    name: Annotated[str, typer.Argument(help="The SIS's name: small letters, digits and _.")],
    into: Annotated[Path, typer.Option(help="The root of a source tree of sisbridge.")] = Path(),
    as_json: JsonFlag = False,
) -> None:
    """Write a connector for another SIS to begin from, with its column maps and contract tests.

    It reads files by SFTP and hands grades over by file, and is green as it is; see docs/adding-a-sis.md.

    Example: sisbridge new-connector skyward
    """
    try:
        written = generate(name, into)
    except CannotGenerate as error:
        raise typer.BadParameter(str(error)) from None
    if as_json:
        print_json({"written": [str(path) for path in written], "registered": lines_of(name)})
        return
    typer.echo("\n".join(f"wrote {path}" for path in written if path != REGISTRY))
    typer.echo(f"added to {REGISTRY}:")
    typer.echo("".join(lines_of(name).values()), nl=False)
    typer.echo("Now run:")
    typer.echo("  ruff check --fix . && ruff format .")
    typer.echo(f"  pytest -q tests/conformance/test_{name}.py tests/mappings/test_dialects.py")
