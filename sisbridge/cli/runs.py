"""`sisbridge runs`: what each district's last night cost, stage by stage."""

from __future__ import annotations

import typer

from sisbridge.cli.opening import opened
from sisbridge.cli.output import JsonFlag, print_json, print_table


def runs(as_json: JsonFlag = False) -> None:
    """List the last run of each district with the rows and seconds of its stages.

    Example: sisbridge runs
    """
    from sisbridge.sync.answers.costs import last_costs

    with opened(as_json) as house:
        costs = last_costs(house)
    if as_json:
        print_json(
            [
                {
                    "district": c.district,
                    "night_on": c.night_on,
                    "state": c.state,
                    "stage": c.stage,
                    "rows": c.rows,
                    "seconds": c.seconds,
                }
                for c in costs
            ]
        )
        return
    rows = [(c.district, c.night_on, c.state, c.stage, c.rows, f"{c.seconds:.2f}") for c in costs]
    print_table("Last runs", ("district", "night", "state", "stage", "rows", "seconds"), rows)
    typer.echo("What the SIS has and what is in force: sisbridge drift DISTRICT")
