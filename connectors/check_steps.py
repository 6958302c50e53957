"""A check as steps: each is tried, one that fails says the fix, those that depend on it are skipped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from connectors.protocol import CheckReport, CheckStep, SeenOrgs
from domain.errors import SisbridgeError
from domain.ids import DistrictCode

Attempt = Callable[[], str]
"""Tries a step: returns one sentence, or raises one of the four errors."""

Fixes = Mapping[str, str]
"""What to do in one vendor's own menus, by the code of a failure, or by `step/code` for one step."""


class Step(NamedTuple):
    """A step's name and what tries it. blocks: whether the steps after it cannot go without it."""

    name: str
    attempt: Attempt
    blocks: bool = True


def run_steps(
    district: DistrictCode,
    steps: Sequence[Step | tuple[str, Attempt]],
    fixes: Fixes | None = None,
    orgs: Callable[[], SeenOrgs | None] | None = None,
) -> CheckReport:
    """Try the steps in order until one fails that the others cannot go without, and report them all.

    fixes: a vendor's words instead of the general ones. orgs: reads the orgs that prove whose connection
    this is; a failure there is left to its own step, and no orgs are reported then.
    """
    done: list[CheckStep] = []
    blocked = ""
    for step in (Step(*one) for one in steps):
        if blocked:
            done.append(CheckStep(step.name, "skipped", f"not tried, because the step {blocked} failed"))
            continue
        done.append(_tried(step, fixes or {}))
        if step.blocks and done[-1].outcome == "failed":
            blocked = step.name
    return CheckReport(district, tuple(done), None if blocked or orgs is None else _orgs(orgs))


def with_fixes(report: CheckReport, fixes: Fixes) -> CheckReport:
    """Return a report with a vendor's fixes in the place of the general ones."""
    steps = tuple(
        replace(step, fix=_fix(step.name, step.message.partition(":")[0], fixes) or step.fix)
        if step.outcome == "failed"
        else step
        for step in report.steps
    )
    return replace(report, steps=steps)


def _tried(step: Step, fixes: Fixes) -> CheckStep:
    try:
        return CheckStep(step.name, "passed", step.attempt())
    except SisbridgeError as error:
        fix = _fix(step.name, error.code, fixes) or error.fix
        return CheckStep(step.name, "failed", f"{error.code}: {error.message}", fix)


def _fix(step: str, code: str, fixes: Fixes) -> str:
    return fixes.get(f"{step}/{code}") or fixes.get(code, "")


def _orgs(read: Callable[[], SeenOrgs | None]) -> SeenOrgs | None:
    try:
        return read()
    except SisbridgeError:
        return None


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
