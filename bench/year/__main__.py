"""`make year`: a school year of small districts with planted disasters, and a table of what came of each."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from bench.year.drive import Asked, Year, year
from bench.year.feeds import KINDS
from bench.year.report import passed, show


def main() -> int:
    """Live through the year and print what was held; exit 1 when anybody was removed wrongly."""
    asked = _arguments()
    started = time.perf_counter()
    towns = [(f"{7000 + number}", KINDS[number % len(KINDS)]) for number in range(asked.districts)]
    wanted = Asked(asked.nights, asked.students, asked.seed)
    with ProcessPoolExecutor(asked.workers, initializer=_quiet) as pool:
        running = [pool.submit(year, code, kind, wanted) for code, kind in towns]
        years: list[Year] = []
        for future in running:
            years.append(future.result())
            print(f"{len(years)} of {len(towns)} districts have lived their year", file=sys.stderr)
    show(years, time.perf_counter() - started)
    return 0 if passed(years) else 1


def _quiet() -> None:
    logging.disable(logging.WARNING)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.year", description=__doc__)
    parser.add_argument("--nights", type=int, default=180)
    parser.add_argument("--districts", type=int, default=12)
    parser.add_argument("--students", type=int, default=220, help="about so many in each district")
    parser.add_argument("--seed", type=int, default=1, help="another seed makes another year")
    parser.add_argument("--workers", type=int, default=2, help="processes at once")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
