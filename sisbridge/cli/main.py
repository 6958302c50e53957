"""The `sisbridge` command: every noun's commands under one name."""

from __future__ import annotations

import logging

import typer

from sisbridge.cli import (
    cases,
    check,
    drift,
    grades,
    history,
    holds,
    inspect,
    new_connector,
    people,
    plugin,
    region,
    rekey,
    replay,
    retention,
    runs,
    secret,
    sync,
    why,
)
from sisbridge.cli.demo.command import demo

app = typer.Typer(
    name="sisbridge",
    help="Rosters in from many school districts, grades out with receipts.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    add_completion=False,
)
app.command("demo")(demo)
app.command("check")(check.check)
app.command("inspect")(inspect.inspect)
app.command("new-connector")(new_connector.new_connector)
app.command("sync")(sync.sync)
app.command("replay")(replay.replay)
app.command("preview")(replay.preview)
app.command("cases")(cases.cases)
app.command("why")(why.why)
app.command("history")(history.history)
app.command("runs")(runs.runs)
app.command("drift")(drift.drift)
app.command("retain")(retention.retain)
app.command("purge")(retention.purge)
app.command("grant-console")(retention.grant_console)
app.add_typer(grades.app, name="grades")
app.add_typer(holds.app, name="holds")
app.add_typer(people.app, name="people")
app.add_typer(region.app, name="region")
app.add_typer(plugin.app, name="plugin")
app.add_typer(rekey.app, name="rekey")
app.add_typer(secret.app, name="secret")


def main() -> None:
    """Run the command line."""
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    app()


if __name__ == "__main__":
    main()
