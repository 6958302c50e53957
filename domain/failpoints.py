"""Named places where a test can stop the process, as a power cut would.

Nothing happens unless SISBRIDGE_FAILPOINT is set: `name@3` kills the process with SIGKILL when that
place is reached for the third time. SISBRIDGE_FAILPOINT_LOG names a file that collects every place
passed, so that a test can list them all and stop at each in turn.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from pathlib import Path

_passed: Counter[str] = Counter()


def failpoint(name: str) -> None:
    """Mark a place by name; stop the process here if a test asked for it."""
    wanted, log = os.environ.get("SISBRIDGE_FAILPOINT"), os.environ.get("SISBRIDGE_FAILPOINT_LOG")
    if not wanted and not log:
        return
    _passed[name] += 1
    here = f"{name}@{_passed[name]}"
    if log:
        with Path(log).open("a", encoding="utf-8") as file:
            file.write(here + "\n")
    if here == wanted:
        os.kill(os.getpid(), signal.SIGKILL)


def forget_passed() -> None:
    """Start counting afresh (a test that forks many nights from one process)."""
    _passed.clear()
