"""Points by PowerSchool's OneRoster 1.1: the OneRoster gradebook, its columns fitted to PowerSchool."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from connectors.check_steps import Step
from connectors.http import HttpClient
from connectors.oneroster.gradebook import OneRosterGradebookSink
from connectors.oneroster.gradebook_check import gradebook_steps, orgs_beside
from connectors.oneroster.settings import OneRosterGradebookSettings
from connectors.powerschool.grade_settings import PowerSchoolGradebookSettings
from connectors.powerschool.points_columns import PointsColumns
from connectors.powerschool.refusals import not_registered
from connectors.powerschool.settings import TOKEN_PATH
from connectors.protocol import RouteLimits, SeenOrgs
from domain.clock import Clock
from domain.errors import StopDistrict
from domain.grading import GradePayload, GradeValue, Mark, OutboxItem, Receipt, RemoteGrade
from domain.ids import DistrictCode, ItemId, LineItemId

Payloads = Mapping[ItemId, GradePayload]

_CONNECTION = 3
"""Steps of a gradebook's check that a PowerSchool's check begins with by itself."""

ONEROSTER_PATH = "/api/ims/oneroster/v1p1"


def oneroster_settings(settings: PowerSchoolGradebookSettings) -> OneRosterGradebookSettings:
    """Return the settings of the OneRoster gradebook underneath; titles are cut by us, not by it."""
    shared = (
        "client_id", "client_secret", "in_flight", "min_interval_ms", "ca_file", "allow_plain_http",
        "connect_timeout", "read_timeout", "attempts", "first_wait", "patience", "decimals",
    )  # fmt: skip
    values = {name: getattr(settings, name) for name in shared}
    return OneRosterGradebookSettings.model_validate(
        {
            **values,
            "base_url": settings.oneroster_url or settings.root + ONEROSTER_PATH,
            "token_url": settings.token_url or settings.root + TOKEN_PATH,
            "version": "1.1",
            "page_size": settings.page_size or 100,
            "title_limit": 200,
            "send_text": False,
            "send_comment": False,
        }
    )


class PointsGradebook:
    """The OneRoster way of `PowerSchoolGradebookSink`."""

    def __init__(self, district: DistrictCode, settings: PowerSchoolGradebookSettings, clock: Clock) -> None:
        self._district = district
        self._clock = clock
        self._wide = oneroster_settings(settings)
        self._columns = PointsColumns(self._wide, settings.category, settings.title_limit)
        self._category = ""
        self._inner = OneRosterGradebookSink(district, self._wide, clock=clock)

    def limits(self) -> RouteLimits:
        """Return that points carry a percent and nothing besides."""
        return RouteLimits(comment_length=0, marks=frozenset({Mark.GRADED}), needs_percent=True)

    def steps(self, client: HttpClient) -> Iterator[Step]:
        """Yield the steps of a check: those of a OneRoster gradebook, and the category."""
        *others, writing = gradebook_steps(client, self._wide.base_url, self._district)
        yield from others[_CONNECTION:]
        yield Step("category", lambda: f"the category is {self._columns.category(client) and 'there'}")
        yield writing

    def client(self) -> HttpClient:
        """Return a client for the OneRoster service."""
        return self._wide.client(self._wide.authorizer(self._wide.gradebook_scopes))

    def whose(self) -> SeenOrgs:
        """Return the orgs that prove whose connection it is."""
        return orgs_beside(self._wide)

    def canonical(self, value: GradeValue) -> GradeValue:
        """Return a value as points show it."""
        return self._inner.canonical(value)

    def know(self, ids: Mapping[str, str]) -> None:
        """Take what PowerSchool called our things before."""
        self._inner.know(ids)

    def learnt(self) -> Mapping[str, str]:
        """Return what PowerSchool calls our things."""
        return self._inner.learnt()

    def gone(self) -> frozenset[LineItemId]:
        """Return our columns that a teacher deleted since, as far as we looked."""
        return self._inner.gone()

    def prepare(self, payloads: Sequence[GradePayload]) -> None:
        """Find the category, fit the columns and make those that are not there."""
        if not payloads:
            return
        with self.client() as client:
            if not self._category:
                self._category = self._columns.category(client)
                self._inner.use_category(self._category)
            self._columns.fit(client, payloads)
        with _registered():
            self._inner.prepare([self._columns.fitted(payload) for payload in payloads])

    def current(self, payloads: Sequence[GradePayload]) -> Mapping[ItemId, RemoteGrade | None]:
        """Read what stands, one list for each class."""
        return self._inner.current(payloads)

    def deliver(self, items: Sequence[OutboxItem], payloads: Payloads) -> Iterator[Receipt]:
        """Write the points; raises StopDistrict WB75 when the plugin was never registered."""
        fitted = {number: self._columns.fitted(payload) for number, payload in payloads.items()}
        with _registered():
            yield from self._inner.deliver(items, fitted)

    def withdraw(self, items: Sequence[OutboxItem], payloads: Payloads) -> Iterator[Receipt]:
        """Take back what is still ours."""
        with _registered():
            yield from self._inner.withdraw(items, payloads)


@contextmanager
def _registered() -> Iterator[None]:
    try:
        yield
    except StopDistrict as error:
        if error.code == "CN04":
            raise not_registered(error.place) from None
        raise
