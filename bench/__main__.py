"""`make bench`: three nights of a made district, stage by stage, beside the least they could cost."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from bench.databases import SQLITE, CannotMeasure
from bench.markdown import page
from bench.measure import measure
from bench.report import as_json, show


def main() -> int:
    """Measure what the arguments ask for, print it, and return the exit code: 2 without a database."""
    asked = _arguments()
    try:
        found = [
            measure(students, database, runs=asked.runs, seed=asked.seed, folder=asked.folder, say=_say)
            for database in asked.database
            for students in sorted(asked.students)
        ]
    except CannotMeasure as error:
        _say(str(error))
        return 2
    if asked.json:
        print(json.dumps(as_json(found), indent=2))
    elif asked.markdown:
        print(page(found), end="")
    else:
        show(found)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    add = parser.add_argument
    add("--students", type=_size, nargs="+", default=[50_000], help="sizes of the district, 400 or more")
    databases = "sqlite, postgresql (a private server) or the address of an empty database"
    add("--database", nargs="+", default=[SQLITE], help=databases)
    add("--runs", type=int, default=1, help="how often; medians are shown")
    add("--seed", type=int, default=1, help="another seed makes other ids")
    add("--folder", type=Path, default=None, help="where to work; about 20 kB a student are needed")
    add("--json", action="store_true", help="print JSON with every run's figures")
    add("--markdown", action="store_true", help="print the tables of docs/performance.md")
    return parser.parse_args()


def _size(text: str) -> int:
    students = int(text)
    if students < 400:
        raise argparse.ArgumentTypeError("fewer than 400 students have no next night")
    return students


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
