"""`python -m simulators.oneroster`: one provider in the foreground, until it is asked to stop."""

from __future__ import annotations

import argparse
import json
import os
import secrets
from dataclasses import fields
from datetime import datetime
from typing import Any

from domain.clock import FixedClock, system_clock
from domain.oneroster import Version
from simulators.oneroster.auth import Credentials
from simulators.oneroster.dialect import Dialect
from simulators.oneroster.serve import RunningProvider
from simulators.standing import BUNDLED, announce, hold_signals, load, wait_for_the_end


def _arguments(given: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulators.oneroster", description=__doc__)
    known = ", ".join(BUNDLED)
    parser.add_argument("--dataset", default="small", help=f"{known}, or a zip of JSON or CSV files")
    parser.add_argument("--version", type=Version, choices=list(Version), default=Version.V1P1)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 finds a free one")
    parser.add_argument("--client-id", default="sisbridge")
    parser.add_argument("--now", type=datetime.fromisoformat, help="fixed moment for what is written")
    parser.add_argument("--dialect", action="append", default=[], metavar="NAME=VALUE", type=_switch)
    return parser.parse_args(given)


def _switch(text: str) -> tuple[str, Any]:
    name, _, value = text.partition("=")
    if name not in {field.name for field in fields(Dialect)}:
        raise argparse.ArgumentTypeError(f"no such switch: {name}")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


def _credentials(client_id: str) -> Credentials:
    secret = os.environ.get("SIMULATOR_CLIENT_SECRET") or secrets.token_urlsafe(16)
    return Credentials(client_id, secret, os.environ.get("SIMULATOR_BEARER", ""))


def main(given: list[str] | None = None) -> None:
    """Serve one provider; secrets come from SIMULATOR_* variables, or are made up and printed."""
    asked = _arguments(given)
    hold_signals()
    provider = RunningProvider(
        load(asked.dataset),
        asked.version,
        dialect=Dialect(**dict(asked.dialect)),
        credentials=_credentials(asked.client_id),
        clock=FixedClock(asked.now) if asked.now else system_clock,
        control_key=os.environ.get("SIMULATOR_CONTROL_KEY", ""),
        host=asked.host,
        port=asked.port,
    )
    with provider:
        announce(**provider.facts())
        wait_for_the_end()


if __name__ == "__main__":
    main()
