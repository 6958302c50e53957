"""A process that can be killed at any point of what it does: a parent that imports once, a child per act.

Run as `python -m tests.support.night_process`. One JSON line in, one JSON line out: the child's exit
code (negative for a signal). Forking from a parent without threads spares each night the imports.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Self


@dataclass(frozen=True)
class NightSpec:
    """One night to run, or another act of `killable_acts`: where the house is, which districts, where to die.

    kill_after: seconds after which SIGKILL falls, wherever the act is then.
    """

    database_url: str
    home: str
    districts: list[str]
    grades: str
    failpoint: str = ""
    log: str = ""
    kill_after: float = 0.0
    act: str = "whole night"


class NightProcess:
    """The forking parent, driven from a test."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.support.night_process"]
        root = str(Path(__file__).parents[2])
        self._process = subprocess.Popen(
            command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._pipe(self._process.stdin).close()
        self._process.wait(timeout=30)

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None
        return pipe

    def run(self, spec: NightSpec) -> int:
        """Run one night in a fresh child and return its exit code; -9 when it was killed."""
        print(json.dumps(asdict(spec)), file=self._pipe(self._process.stdin), flush=True)
        answer = self._pipe(self._process.stdout).readline()
        assert answer, "the night process went away"
        return int(json.loads(answer))


def _child(spec: NightSpec) -> None:
    if spec.failpoint:
        os.environ["SISBRIDGE_FAILPOINT"] = spec.failpoint
    if spec.log:
        os.environ["SISBRIDGE_FAILPOINT_LOG"] = spec.log
    if spec.kill_after:
        threading.Timer(spec.kill_after, lambda: os.kill(os.getpid(), signal.SIGKILL)).start()
    from tests.support.killable_acts import perform

    perform(spec)


def _run_forked(spec: NightSpec) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            _child(spec)
            os._exit(0)
        finally:
            # Reached only by a failure, whose trace the interpreter would print too late.
            traceback.print_exc()
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main() -> None:
    """Import what an act needs, then perform one per line."""
    import validation.engine.runner  # noqa: F401

    for line in sys.stdin:
        print(_run_forked(NightSpec(**json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
