"""A pull of files that is made only to see whether it can be: headers, one row of each, whose orgs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

from connectors.check_steps import Step
from connectors.demographics import DEMOGRAPHICS, OFF, ON, absent
from connectors.protocol import Pull, SeenOrgs
from domain.errors import SisbridgeError


class TriedPull:
    """One pull for a check; nothing of it is kept but the orgs that prove whose files these are.

    begin: opens the pull into a landing that keeps nothing. orgs_table: the source table of orgs.
    """

    def __init__(self, begin: Callable[[], Pull], orgs_table: str = "orgs") -> None:
        self._begin = begin
        self._orgs_table = orgs_table
        self._pull: Pull | None = None

    def steps(self, name: str) -> Iterator[Step]:
        """Yield the steps: headers (under the name given), then a row of every table."""
        yield Step(name, self._headers)
        yield Step("sample row", self._sample)

    def births(self, *, wanted: bool) -> Step:
        """Return the step that says whether birth dates are read, and tries it."""
        return Step(DEMOGRAPHICS, self._births if wanted else lambda: OFF, blocks=False)

    def orgs(self) -> SeenOrgs | None:
        """Return the orgs, None when the files hold none."""
        pull = self._opened()
        if self._orgs_table not in pull.facts.source_tables:
            return None
        batches = tuple(page.batch for page in pull.pages(self._orgs_table))
        return SeenOrgs(pull.facts.version, self._orgs_table, batches)

    def close(self) -> None:
        """Let go of the copies."""
        if self._pull is not None:
            with suppress(SisbridgeError):
                self._pull.close()

    def _headers(self) -> str:
        facts = self._opened().facts
        tables = ", ".join(facts.source_tables) or "nothing changed"
        absent = f"; not there: {', '.join(facts.absent)}" if facts.absent else ""
        return f"{facts.version}, {facts.mode.value}: {tables}{absent}"

    def _sample(self) -> str:
        pull = self._opened()
        tables = [table for table in pull.facts.source_tables if table != DEMOGRAPHICS]
        return ", ".join(f"{self._rows_of(table)} of {table}" for table in tables)

    def _rows_of(self, table: str) -> str:
        return "a row" if next(iter(self._opened().pages(table))).batch.num_rows else "no rows"

    def _births(self) -> str:
        if DEMOGRAPHICS not in self._opened().facts.source_tables:
            raise absent()
        return f"{ON}; {self._rows_of(DEMOGRAPHICS)}"

    def _opened(self) -> Pull:
        if self._pull is None:
            self._pull = self._begin()
        return self._pull
