"""`python -m simulators.infinite_campus`: one district's Campus in the foreground, until it is asked to stop.

Key, secret and vendor key are made up and printed.
"""

from __future__ import annotations

import argparse

from domain.clock import system_clock
from domain.oneroster import Version
from simulators.infinite_campus.forms import TaskSpec, publish_tasks
from simulators.infinite_campus.serve import RunningCampus
from simulators.standing import BUNDLED, announce, hold_signals, load, wait_for_the_end


def _arguments(given: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulators.infinite_campus", description=__doc__)
    known = ", ".join(BUNDLED)
    parser.add_argument("--dataset", default="small", help=f"{known}, or a zip of JSON or CSV files")
    parser.add_argument("--version", type=Version, choices=list(Version), default=Version.V1P2)
    parser.add_argument("--task", action="append", default=[], help="a grading task published in every class")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 finds a free one")
    return parser.parse_args(given)


def main(given: list[str] | None = None) -> None:
    """Serve one Campus with its grading tasks published and open."""
    asked = _arguments(given)
    hold_signals()
    dataset = load(asked.dataset)
    publish_tasks(dataset, [TaskSpec(title) for title in asked.task], system_clock())
    campus = RunningCampus(dataset, asked.version, host=asked.host, port=asked.port)
    with campus:
        announce(**campus.facts())
        wait_for_the_end()


if __name__ == "__main__":
    main()
