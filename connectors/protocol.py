"""What every connector promises: sources of rosters and grades, sinks for grades.

Nothing here logs a row, and every failure is one of the four errors of `domain.errors`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

import pyarrow as pa

from domain.errors import RetryLater
from domain.grading import GradePayload, GradeValue, OutboxItem, Receipt, RemoteGrade
from domain.grading import RouteLimits as RouteLimits
from domain.ids import DistrictCode, ItemId
from domain.model import Mode


class Capability(StrEnum):
    """What a connector can do for a district as it is configured."""

    ROSTER_BULK = "roster bulk"
    ROSTER_DELTA = "roster delta"
    GRADES_READ = "grades read"
    GRADES_WRITE = "grades write"
    GRADES_WITHDRAW = "grades withdraw"
    GRADES_FILE = "grades by file"


@dataclass(frozen=True, slots=True)
class CheckStep:
    """One step of a check: what was tried, how it went, and the fix when it failed.

    outcome: "passed", "failed" or "skipped".
    """

    name: str
    outcome: str
    message: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class SeenOrgs:
    """The orgs that a check saw, as a pull would page them: dialect, source table, batches."""

    version: str
    source_table: str
    batches: tuple[pa.RecordBatch, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The steps of a check in the order tried; those that depend on a failed one are skipped.

    orgs: what proves whose connection this is, where rosters are read and nothing stood in the way.
    """

    district: DistrictCode
    steps: tuple[CheckStep, ...]
    orgs: SeenOrgs | None = None

    @property
    def passed(self) -> bool:
        """Return whether no step failed."""
        return all(step.outcome != "failed" for step in self.steps)


class Landing(Protocol):
    """Where a pull lands the very bytes it got, sealed and never edited. Names are computed, not chosen.

    A pull that was interrupted is begun again with the same landing and finds there what it had landed.
    """

    def keep(self, name: str, data: bytes) -> None:
        """Land one raw answer or one piece of a raw file, whole or not at all; the last of a name counts."""

    def kept(self, prefix: str = "") -> Sequence[str]:
        """Return the names landed so far that begin with a prefix, sorted."""

    def fetch(self, name: str) -> bytes:
        """Return what was landed under a name."""

    def forget(self, prefix: str = "") -> None:
        """Let go of everything whose name begins with a prefix: it is no longer what the source says."""


class RosterMoved(RetryLater):
    """The roster changed while it was read; to begin again with the same landing reads what moved anew."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where to go on in one table: opaque to everyone but the source that made it."""

    page: int
    offset: int = 0
    token: str = ""


@dataclass(frozen=True, slots=True)
class PageProof:
    """Why a page can be believed: its number, rows received, the total if told, where the next begins.

    next: None on the last page, and only there.
    """

    number: int
    rows: int
    total: int | None
    next: Cursor | None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of one source table.

    source_table: the OneRoster collection or file name (`users`, `academicSessions`, `roles`).
    batch: text columns (nulls allowed) under the SIS's own names, and `domain.tables.PLACE`.
    """

    source_table: str
    batch: pa.RecordBatch = field(repr=False)
    proof: PageProof


@dataclass(frozen=True, slots=True)
class Notice:
    """Something worth a person's eye that did not stop the pull (a wrong encoding, a ragged row).

    A held row (severity as in domain.model.Severity) is named by place and key only.
    """

    code: str
    severity: str
    source_table: str
    place: str
    message: str
    fix: str
    key: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True)
class PullFacts:
    """What a pull knows before its first page.

    version: the source's column dialect ("1.1", "1.2" or a vendor's own), which picks the column map.
    source_tables: what is offered, in the order to read. absent: what the source says it does not have.
    export: the fingerprint of the files it is read from; "" where a server is asked anew every time.
    """

    mode: Mode
    version: str
    source_tables: tuple[str, ...]
    as_of: datetime
    absent: tuple[str, ...] = ()
    export: str = ""


class Pull(Protocol):
    """One pull of one district's roster, begun by `RosterSource.open`."""

    @property
    def facts(self) -> PullFacts:
        """Return what is known of this pull before its first page."""

    def pages(self, source_table: str) -> Iterator[Page]:
        """Yield the proven pages of one table; raises rather than skipping a page silently."""

    def notices(self) -> Sequence[Notice]:
        """Return what was noticed so far without stopping."""

    def close(self) -> None:
        """Verify what can only be verified at the end (totals again, revision) and let go of the source.

        Raises RosterMoved when the roster moved while it was read.
        """


class RosterSource(Protocol):
    """A place rosters come from."""

    def capabilities(self) -> frozenset[Capability]:
        """Return what this source can do as configured."""

    def check(self) -> CheckReport:
        """Try the connection step by step and say how to mend the first thing that fails."""

    def open(self, since: datetime | None, landing: Landing) -> Pull:
        """Begin a pull: everything (since None) or what changed since a moment."""


class GradeSink(Protocol):
    """A way into a SIS for grades. One sink serves one district and refuses payloads of another."""

    @property
    def district(self) -> DistrictCode:
        """Return the district this sink writes to."""

    def capabilities(self) -> frozenset[Capability]:
        """Return what this route can do as configured."""

    def limits(self) -> RouteLimits:
        """Return what this route can carry, as configured; asks nothing of the SIS."""

    def check(self) -> CheckReport:
        """Try the connection and the right to write, without writing a grade."""

    def canonical(self, value: GradeValue) -> GradeValue:
        """Return a value as this route would hold it: its rounding, what it can carry."""

    def prepare(self, payloads: Sequence[GradePayload]) -> None:
        """Make sure the line items and categories the payloads need are there; safe to repeat."""

    def current(self, payloads: Sequence[GradePayload]) -> Mapping[ItemId, RemoteGrade | None]:
        """Read what the SIS holds now for each item: before writing, and back after it."""

    def deliver(
        self, items: Sequence[OutboxItem], payloads: Mapping[ItemId, GradePayload]
    ) -> Iterator[Receipt]:
        """Write the items; yield one receipt each as soon as its outcome is known (no read-back yet).

        An item whose window is closed in the SIS gets a receipt of the outcome WAITING, whose message names
        the grading task and the term, and whose fix says where the window is opened.
        """

    def withdraw(
        self, items: Sequence[OutboxItem], payloads: Mapping[ItemId, GradePayload]
    ) -> Iterator[Receipt]:
        """Take back what we wrote, only if it is still ours."""


@dataclass(frozen=True, slots=True)
class FileBatch:
    """A file to hand over: its name, bytes and fingerprint, fixed before anything is written."""

    name: str
    content: bytes = field(repr=False)
    sha256: str
    rows: int


class FileState(StrEnum):
    """What is to be seen of a file batch on the far side."""

    ABSENT = "absent"
    PARTIAL = "partial"
    IN_PLACE = "in place"
    CHANGED = "changed since it was placed"
    ACKNOWLEDGED = "acknowledged"


@runtime_checkable
class FileGradeSink(GradeSink, Protocol):
    """A sink whose route is a file: the batch is named and hashed first, and looked for after a crash."""

    def render(self, items: Sequence[OutboxItem], payloads: Mapping[ItemId, GradePayload]) -> FileBatch:
        """Return the file for these items; the same items and payloads give the same name and bytes."""

    def stage(self, batch: FileBatch) -> None:
        """Write the file under its `.part` name, where nobody picks it up; safe to repeat."""

    def place(self, batch: FileBatch) -> FileState:
        """Rename the staged `.part`, write the control file; return what is in place then. Safe to repeat."""

    def look(self, name: str, sha256: str) -> FileState:
        """Look for a batch placed earlier: the file, its control file or an acknowledgement."""

    def take_back(self, name: str, sha256: str) -> FileState:
        """Take a file that nobody loaded out of the folder and return what is to be seen then: ABSENT, or
        ACKNOWLEDGED for one that is left because it was. Safe to repeat."""
