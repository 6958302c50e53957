"""`python -m simulators.powerschool`: one PowerSchool in the foreground, until it is asked to stop.

Client id and secret are made up and printed.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from simulators.powerschool.plugin import NotInstallableError, Plugin
from simulators.powerschool.serve import RunningPowerSchool
from simulators.standing import BUNDLED, announce, hold_signals, load, wait_for_the_end


def _arguments(given: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulators.powerschool", description=__doc__)
    known = ", ".join(BUNDLED)
    parser.add_argument("--dataset", default="small", help=f"{known}, or a zip of JSON or CSV files")
    parser.add_argument(
        "--plugin", type=_plugin, help="the ZIP of `sisbridge plugin`; without, everything is allowed"
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 finds a free one")
    return parser.parse_args(given)


def _plugin(path: str) -> Plugin:
    try:
        return Plugin.from_zip(Path(path).read_bytes())
    except (OSError, NotInstallableError) as error:
        raise argparse.ArgumentTypeError(f"cannot be installed: {error}") from None


def main(given: list[str] | None = None) -> None:
    """Serve one PowerSchool with a plugin installed and registered."""
    asked = _arguments(given)
    hold_signals()
    server = RunningPowerSchool(load(asked.dataset), plugin=asked.plugin, host=asked.host, port=asked.port)
    with server:
        announce(**server.facts())
        wait_for_the_end()


if __name__ == "__main__":
    main()
