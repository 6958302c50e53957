"""What the three command lines share: naming a data set, saying that they are ready, waiting for the end."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import orjson

from simulators.data import GRAND_BEND, LARGE, MEDIUM, SMALL
from simulators.dataset import Dataset

BUNDLED = {"grand-bend": GRAND_BEND, "small": SMALL, "medium": MEDIUM, "large": LARGE}

_STOP = (signal.SIGTERM, signal.SIGINT)


def load(name: str) -> Dataset:
    """Return a bundled data set by short name, or one from a zip of JSON or CSV files by path."""
    path = BUNDLED.get(name, Path(name))
    return Dataset.from_zip(path.read_bytes())


def announce(**facts: object) -> None:
    """Print one JSON line: what stands where, and how to get in."""
    sys.stdout.write(orjson.dumps(facts).decode() + "\n")
    sys.stdout.flush()


def hold_signals() -> None:
    """Keep SIGTERM and Ctrl-C for `wait_for_the_end`; called before any thread starts, so that all do."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP)


def wait_for_the_end() -> None:
    """Return when the process was asked to stop."""
    signal.sigwait(_STOP)
