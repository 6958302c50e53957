"""A check as steps: each is tried, the first that fails says the fix, the rest are skipped."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from connectors.protocol import CheckReport, CheckStep
from domain.errors import SisbridgeError
from domain.ids import DistrictCode

Step = tuple[str, Callable[[], str]]
"""A step's name and what tries it: returns one sentence, or raises one of the four errors."""


def run_steps(district: DistrictCode, steps: Sequence[Step]) -> CheckReport:
    """Try the steps in order until one fails, and report them all."""
    done: list[CheckStep] = []
    for name, attempt in steps:
        if done and done[-1].outcome != "passed":
            done.append(CheckStep(name, "skipped", "not tried, because a step before it failed"))
        else:
            done.append(_try(name, attempt))
    return CheckReport(district, tuple(done))


def _try(name: str, attempt: Callable[[], str]) -> CheckStep:
    try:
        return CheckStep(name, "passed", attempt())
    except SisbridgeError as error:
        return CheckStep(name, "failed", f"{error.code}: {error.message}", error.fix)


class NoLanding:
    """A landing that keeps nothing: for checks."""

    def keep(self, name: str, data: bytes) -> None:
        """Forget the bytes."""

    def kept(self, prefix: str = "") -> Sequence[str]:
        """Return nothing."""
        return ()

    def fetch(self, name: str) -> bytes:
        """Raise LookupError: nothing was kept."""
        raise LookupError(name)

    def forget(self, prefix: str = "") -> None:
        """Do nothing: nothing was kept."""
