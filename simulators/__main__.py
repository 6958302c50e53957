"""`python -m simulators`: four simulated districts in the foreground, for the compose file's demo profile.

A OneRoster 1.1 provider and a 1.2 provider that clamps pages and sends no totals, an SFTP server with
a bulk zip and one with loose CSV files, on four ports in a row. Secrets are made up and printed.
"""

from __future__ import annotations

import argparse
import secrets
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from domain.oneroster import Version
from simulators.oneroster import Dialect, RunningProvider
from simulators.sftp import RunningSftp, SftpAccount
from simulators.standing import announce, hold_signals, load, wait_for_the_end

FIRST_PORT = 8901
_CLAMPED = Dialect(page_cap=250, send_total=False, send_link=False)


def main(given: list[str] | None = None) -> None:
    """Serve the four districts until asked to stop."""
    parser = argparse.ArgumentParser(prog="python -m simulators", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=FIRST_PORT, help="the first of four; 0 finds free ones")
    asked = parser.parse_args(given)
    hold_signals()
    ports = [asked.port and asked.port + place for place in range(4)]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        for provider in _providers(asked.host, ports):
            announce(**stack.enter_context(provider).facts())
        for server, files in _servers(folder, asked.host, ports):
            _drop(stack.enter_context(server), files)
            announce(**server.facts())
        wait_for_the_end()


def _providers(host: str, ports: list[int]) -> tuple[RunningProvider, RunningProvider]:
    return (
        RunningProvider(load("medium"), Version.V1P1, host=host, port=ports[0]),
        RunningProvider(load("grand-bend"), Version.V1P2, host=host, port=ports[1], dialect=_CLAMPED),
    )


def _servers(folder: Path, host: str, ports: list[int]) -> list[tuple[RunningSftp, dict[str, bytes]]]:
    drops = [{"roster.zip": load("large").bulk_zip(Version.V1P1)}, load("small").csv_package(Version.V1P1)]
    servers = []
    for place, files in enumerate(drops):
        account = SftpAccount("district", password=secrets.token_urlsafe(12))
        servers.append((RunningSftp(folder / str(place), [account], host=host, port=ports[2 + place]), files))
    return servers


def _drop(server: RunningSftp, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (server.outgoing("district") / name).write_bytes(content)


if __name__ == "__main__":
    main()
