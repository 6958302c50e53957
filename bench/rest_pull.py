"""`python -m bench.rest_pull`: users over REST, landed and flattened, beside the least it could take.

The limit is requests / in flight x latency. Beside it stand the same pages fetched and dropped by bare
aiohttp, and, where an interpreter that has it is named, the `oneroster` client of PyPI.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import aiohttp
import pyarrow as pa
from rich.console import Console
from rich.table import Table

from bench.process import in_fresh_process, peak_mib
from bench.rest_provider import running
from connectors.oneroster.rest import OneRosterRestSource
from connectors.oneroster.settings import OneRosterRestSettings
from domain.ids import DistrictCode, SnapshotId
from sisbridge.store import migrations
from sisbridge.store.database import Store
from sisbridge.store.landing import LandingZone
from sisbridge.store.sealing import Keyring

IN_FLIGHT = 4
LATENCY = 0.05
GOALS = {100: 1.25, 1000: 1.7}
"""Times the limit at most, by page size."""

_PEER = """
import sys, time
from oneroster import ClasslinkConnector
host, size = sys.argv[1], int(sys.argv[2])
started = time.perf_counter()
users = ClasslinkConnector(host + "/", "id", "secret", page_size=size).get_users(user_filter="users")
print(time.perf_counter() - started, len(users))
"""


@dataclass(frozen=True)
class Cost:
    """One pull: users that came, seconds from open to the last page, our CPU seconds, peak MiB."""

    rows: int
    seconds: float
    cpu: float
    peak: float


def pull(url: str, page_size: int) -> Cost:
    """Pull all users into a new landing zone, sealed, and take every flattened page."""
    # pyarrow imports pandas for its first array. Imports are not measured, neither ours nor the peer's.
    pa.array([""])
    with tempfile.TemporaryDirectory(prefix="sisbridge-bench-") as folder:
        store = Store(f"sqlite:///{Path(folder) / 'keys.db'}")
        migrations.upgrade(store)
        zone = LandingZone(str(Path(folder) / "landing"), Keyring(store, os.urandom(32)))
        district, values = DistrictCode("9101"), _settings(url, page_size)
        source = OneRosterRestSource(district, OneRosterRestSettings.model_validate(values))
        started, cpu, rows = time.perf_counter(), time.process_time(), 0
        reading = source.open(None, zone.for_pull(district, SnapshotId("bench")))
        for page in reading.pages("users"):
            rows += page.batch.num_rows if page.source_table == "users" else 0
        cost = Cost(rows, time.perf_counter() - started, time.process_time() - cpu, peak_mib())
        reading.close()
        store.dispose()
    return cost


def _settings(url: str, page_size: int) -> dict[str, object]:
    return {
        "base_url": url, "auth": "bearer", "bearer_token": "bench",
        "page_size": page_size, "in_flight": IN_FLIGHT,
    }  # fmt: skip


def fetch_only(url: str, users: int, page_size: int) -> float:
    """Return the seconds in which bare aiohttp fetches the same pages, as many in flight, and drops them."""

    async def one(session: aiohttp.ClientSession, offset: int, free: asyncio.Semaphore) -> None:
        async with free, session.get(f"{url}/users?limit={page_size}&offset={offset}") as answer:
            await answer.read()

    async def everything() -> None:
        free = asyncio.Semaphore(IN_FLIGHT)
        async with aiohttp.ClientSession() as session:
            await asyncio.gather(*(one(session, offset, free) for offset in range(0, users, page_size)))

    started = time.perf_counter()
    asyncio.run(everything())
    return time.perf_counter() - started


def peer(python: Path, url: str, users: int, page_size: int) -> float:
    """Return the seconds that the `oneroster` client of PyPI takes for the same users."""
    done = subprocess.run(
        [python, "-c", _PEER, url, str(page_size)], check=True, capture_output=True, text=True
    )
    seconds, rows = done.stdout.split()
    assert int(rows) == users
    return float(seconds)


@dataclass(frozen=True)
class Measured:
    """All runs of one page size; peers is empty when the client of PyPI was not asked for."""

    page_size: int
    limit: float
    pulls: Sequence[Cost]
    bare: Sequence[float]
    peers: Sequence[float]


def measure(users: int, page_size: int, runs: int, peer_python: Path | None) -> Measured:
    """Measure one page size, everything in turn in each run, each pull in a process of its own."""
    pulls, bare, peers = [], [], []
    with running(users, page_size, LATENCY) as url:
        for _ in range(runs):
            bare.append(in_fresh_process(fetch_only, url, users, page_size))
            pulls.append(in_fresh_process(pull, url, page_size))
            assert pulls[-1].rows == users
            if peer_python is not None:
                peers.append(peer(peer_python, url, users, page_size))
    limit = math.ceil(users / page_size) / IN_FLIGHT * LATENCY
    return Measured(page_size, limit, pulls, bare, peers)


def show(found: Sequence[Measured], console: Console) -> None:
    """Print the seconds and ratios of every page size: median, and the least in brackets."""
    names = ("page size", "limit s", "bare aiohttp", "pull s", "our CPU s", "x limit", "goal", "oneroster")
    table = Table(*names)
    for one in found:
        seconds = [cost.seconds for cost in one.pulls]
        table.add_row(
            str(one.page_size),
            f"{one.limit:.2f}",
            _both(one.bare),
            _both(seconds),
            _both([cost.cpu for cost in one.pulls]),
            _both([value / one.limit for value in seconds]),
            f"{GOALS[one.page_size]:.2f}" if one.page_size in GOALS else "",
            _both(one.peers) + f", {median(one.peers) / median(seconds):.1f} x ours" if one.peers else "",
        )
    console.print(table)


def _both(values: Sequence[float]) -> str:
    return f"{median(values):.2f} ({min(values):.2f})"


def main() -> None:
    """Measure what the arguments ask for and print it."""
    asked, console = _arguments(), Console(width=130)
    found = [measure(asked.users, size, asked.runs, asked.peer_python) for size in asked.page_sizes]
    console.print(f"{asked.users:,} users, {LATENCY * 1000:.0f} ms a request, {IN_FLIGHT} in flight; "
                  f"median (min) of {asked.runs}; machine load {os.getloadavg()[0]:.1f}")  # fmt: skip
    show(found, console)
    if asked.large:
        _show_growth(found[-1], asked.large, console.print)


def _show_growth(small: Measured, users: int, say: Callable[[str], None]) -> None:
    with running(users, small.page_size, LATENCY) as url:
        large = in_fresh_process(pull, url, small.page_size)
    peak = max(cost.peak for cost in small.pulls)
    ratio = f"{large.peak / peak:.2f} x (goal 1.20)"
    say(f"peak memory {peak:.0f} MiB; of {users:,} users {large.peak:.0f} MiB: {ratio}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.rest_pull", description=__doc__)
    add = parser.add_argument
    add("--users", type=int, default=50_000)
    add("--page-sizes", type=int, nargs="+", default=[100, 1000], help="the last one's memory is looked at")
    add("--runs", type=int, default=3, help="how often; median and least are shown")
    add("--large", type=int, default=500_000, help="users whose peak memory is compared; 0 for none")
    add("--peer-python", type=Path, default=None, help="an interpreter that has `oneroster` installed")
    return parser.parse_args()


if __name__ == "__main__":
    main()
