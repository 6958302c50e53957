"""Points into PowerSchool's gradebook, by OneRoster or by the PowerTeacher Pro API.

A score is no grade of record: PowerSchool computes the term's grade from it, and the school stores that. So
the pattern is a home section with one category and one column of 100 points for each reporting term.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from connectors.check_steps import run_steps
from connectors.http_steps import connection_steps
from connectors.oneroster.gradebook import Payloads, refuse_strangers
from connectors.powerschool.fixes import ONEROSTER_FIXES, QUERY_FIXES
from connectors.powerschool.grade_settings import PowerSchoolGradebookSettings
from connectors.powerschool.gradebook_points import PointsGradebook
from connectors.powerschool.gradebook_xte import XteGradebook
from connectors.protocol import Capability, CheckReport, RouteLimits
from connectors.sending import receipt_of
from domain.clock import Clock, system_clock
from domain.grading import GradePayload, GradeValue, OutboxItem, Receipt, RemoteGrade
from domain.ids import DistrictCode, ItemId, LineItemId

ROUTE = "powerschool_gradebook"


class PowerSchoolGradebookSink:
    """A district's gradebook; implements `connectors.protocol.GradeSink` and `RemembersIds`."""

    def __init__(
        self, district: DistrictCode, settings: PowerSchoolGradebookSettings, *, clock: Clock = system_clock
    ) -> None:
        """Remember where PowerSchool is; nothing is sent yet."""
        self._district = district
        self._settings = settings
        self._receipt = partial(receipt_of, clock)
        self._way: PointsGradebook | XteGradebook = (
            XteGradebook(settings, self._receipt)
            if settings.by == "xte"
            else PointsGradebook(district, settings, clock)
        )

    @property
    def district(self) -> DistrictCode:
        """Return the district this sink writes to."""
        return self._district

    def capabilities(self) -> frozenset[Capability]:
        """Return that grades are written, read back and withdrawn."""
        return frozenset({Capability.GRADES_WRITE, Capability.GRADES_READ, Capability.GRADES_WITHDRAW})

    def limits(self) -> RouteLimits:
        """Return that points carry a percent, and what else the way can say."""
        return self._way.limits()

    def check(self) -> CheckReport:
        """Try connection, sign-in, lists and the right to write, without writing a grade."""
        with self._way.client() as client:
            steps = [*connection_steps(client, self._settings.root), *self._way.steps(client)]
            fixes = QUERY_FIXES if self._settings.by == "xte" else ONEROSTER_FIXES
            return run_steps(self._district, steps, fixes, self._way.whose)

    def canonical(self, value: GradeValue) -> GradeValue:
        """Return a value as points show it."""
        return self._way.canonical(value)

    def know(self, ids: Mapping[str, str]) -> None:
        """Take what PowerSchool called our columns and scores before."""
        self._way.know(ids)

    def learnt(self) -> Mapping[str, str]:
        """Return what PowerSchool calls our columns and scores, as learnt since."""
        return self._way.learnt()

    def gone(self) -> frozenset[LineItemId]:
        """Return our columns that a teacher deleted since, as far as we looked."""
        return self._way.gone()

    def prepare(self, payloads: Sequence[GradePayload]) -> None:
        """Make sure of the columns; StopDistrict WB74 when the agreed category is not there."""
        refuse_strangers(self._district, payloads)
        self._way.prepare(payloads)

    def current(self, payloads: Sequence[GradePayload]) -> Mapping[ItemId, RemoteGrade | None]:
        """Read what the gradebook holds for each item, one list for each class."""
        refuse_strangers(self._district, payloads)
        return self._way.current(payloads)

    def deliver(self, items: Sequence[OutboxItem], payloads: Payloads) -> Iterator[Receipt]:
        """Write the points; yield a receipt as each answer comes. Raises StopDistrict WB64, WB75."""
        refuse_strangers(self._district, [*items, *(payloads[item.item_id] for item in items)])
        yield from self._way.deliver(items, payloads)

    def withdraw(self, items: Sequence[OutboxItem], payloads: Payloads) -> Iterator[Receipt]:
        """Take back what still is as we wrote it, then columns of ours left empty."""
        refuse_strangers(self._district, [*items, *(payloads[item.item_id] for item in items)])
        yield from self._way.withdraw(items, payloads)
