"""OneRoster 1.1 as PowerSchool's Universal Rostering serves it: the plain provider, stricter in writing.

Points only; the category must be there, district-wide and active; titles are short and unique in a section;
a due date inside the class's term; whole points (Canvas, Otus and Schoology guides to PowerSchool passback).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web

from domain.clock import Clock
from domain.oneroster import Service, Version
from simulators.dataset import Dataset
from simulators.oneroster.auth import SCOPES
from simulators.oneroster.dialect import Dialect
from simulators.oneroster.lists import Path
from simulators.oneroster.problems import ProblemError
from simulators.oneroster.provider import Provider
from simulators.powerschool.manner import Manner

_DIALECT = Dialect(nulls="null", strict_writes=False)


class UniversalRostering(Provider):
    """The OneRoster side of one PowerSchool, behind its own token and page size."""

    def __init__(self, dataset: Dataset, clock: Clock) -> None:
        super().__init__(dataset, Version.V1P1, dialect=_DIALECT, clock=clock)
        self.manner = Manner()
        self.registered = True
        self.inactive_categories: set[str] = set()

    def _admit(self, request: web.Request, path: Path, service: Service) -> None:
        """The token was looked at already; a plugin that was never registered may not write (Otus)."""
        self._desk = _Admitted()  # type: ignore[assignment]
        super()._admit(request, path, service)
        if request.method != "GET" and not self.registered:
            raise ProblemError(403, "forbidden", "the plugin is not registered for the gradebook")

    def _put(self, writer: Any, path: Path, body: Any, *, keep: bool) -> web.Response:
        checks: dict[str, Callable[[Any], None]] = {
            "categories": self._no_categories, "lineItems": self._check_line_item,
        }  # fmt: skip
        record = next(iter(body.values()), None) if isinstance(body, dict) else None
        if path.collection in checks and isinstance(record, dict):
            checks[path.collection](record)
            title = str(record.get("title", ""))
            keep = keep and not (self.manner.long_titles == "drop" and len(title) > self.manner.title_limit)
        return super()._put(writer, path, body, keep=keep)

    def _no_categories(self, record: Any) -> None:
        raise ProblemError(403, "forbidden", "categories are the district's")

    def _check_line_item(self, record: Any) -> None:
        category = (record.get("category") or {}).get("sourcedId", "")
        if self.dataset.get("categories", category) is None or category in self.inactive_categories:
            raise ProblemError(422, "invaliddata", "the category is not there or not active")
        title, limit = str(record.get("title", "")), self.manner.title_limit
        if len(title) > limit and self.manner.long_titles == "refuse":
            raise ProblemError(422, "invaliddata", f"the title has more than {limit} characters")
        self._check_unique(record, title)
        self._check_due(record)
        most = record.get("resultValueMax", 0)
        if most != int(most):
            raise ProblemError(422, "invaliddata", "the points are not whole")

    def _check_unique(self, record: Any, title: str) -> None:
        there = self.dataset.referring("lineItems", "class", record["class"]["sourcedId"])
        if any(one["title"] == title and one["sourcedId"] != record["sourcedId"] for one in there):
            raise ProblemError(422, "invaliddata", "the title is not unique in the section")

    def _check_due(self, record: Any) -> None:
        one = self.dataset.get("classes", record["class"]["sourcedId"])
        if one is None:
            raise ProblemError(422, "invaliddata", "class refers to nothing")
        term = self.dataset.get("academicSessions", one["terms"][0]["sourcedId"])
        due = str(record.get("dueDate", ""))[:10]
        if term is None or not term["startDate"] <= due < term["endDate"]:
            raise ProblemError(422, "invaliddata", "the due date is outside the section's term")


class _Admitted:
    """Stands where the provider's own desk would look at a token."""

    def admit(self, request: web.Request) -> frozenset[str]:
        return SCOPES[Version.V1P1]

    def revoke(self, request: web.Request) -> None:
        """Nothing to revoke."""
