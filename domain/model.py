"""The core types of a roster's way in: districts, snapshots, changes, findings, cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from domain.ids import (
    CaseId,
    DistrictCode,
    RunId,
    SnapshotId,
    SourcedId,
)
from domain.tables import RosterTable

Settings = Mapping[str, object]
"""JSON-like settings of a connector or a district; secrets are never in it, only their names."""


@dataclass(frozen=True, slots=True)
class District:
    """A local education agency that we sync.

    settings: per-district choices that are no connector's (scales, code overrides, thresholds,
    `fixed_now` for the demo and replay). mou_approved_on: without it nothing is applied or written back.
    """

    code: DistrictCode
    name: str
    state: str
    lea_identifier: str
    time_zone: str
    school_year: str
    mou_approved_on: date | None
    settings: Settings = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ConnectorConfig:
    """How one district is reached: which connector, over what, with which settings and secrets.

    purpose: `roster` or `grades` (a district may read one way and write another).
    secrets: setting name → name of the secret, never its value.
    """

    district: DistrictCode
    purpose: str
    kind: str
    settings: Settings
    secrets: Mapping[str, str] = field(default_factory=dict)
    checked_at: datetime | None = None


class Mode(StrEnum):
    """OneRoster's two CSV modes, used for REST pulls too."""

    BULK = "bulk"
    DELTA = "delta"


@dataclass(frozen=True, slots=True)
class TableFacts:
    """What a snapshot holds of one table: rows landed, distinct ids, what the source said it had."""

    table: RosterTable
    rows: int
    distinct_ids: int
    declared_total: int | None
    sha256: str


@dataclass(frozen=True, slots=True)
class RosterSnapshot:
    """One landed roster of one district; usable only when `complete`, else `reason` says why not."""

    snapshot_id: SnapshotId
    district: DistrictCode
    run_id: RunId
    as_of: datetime
    mode: Mode
    version: str
    tables: tuple[TableFacts, ...]
    complete: bool
    reason: str = ""


class Op(StrEnum):
    """The kinds of change. MISSING is soft: not in a complete snapshot once; RETURN undoes it."""

    ADD = "add"
    UPDATE = "update"
    REMOVE = "remove"
    MISSING = "missing"
    RETURN = "return"


class Decision(StrEnum):
    """What becomes of a change."""

    APPLY = "apply"
    HOLD = "hold"
    DISCARD = "discard"


@dataclass(frozen=True, slots=True)
class Change:
    """One row's step from the roster of record to tonight's snapshot."""

    table: RosterTable
    sourced_id: SourcedId
    op: Op
    before_digest: str | None
    after_digest: str | None


class Severity(StrEnum):
    """The three effects a finding can have, and no others."""

    DROP_VALUE = "drop value"
    HOLD_ROW = "hold row"
    HOLD_FEED = "hold feed"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong in one row, value or feed.

    place: file and line, or endpoint and page. key: the row's sourcedId. masked: the value's shape
    with every letter and digit hidden (or a code in clear where the column is a code).
    group: what a case is opened per (a code, a school, a field); "" for the rule alone.
    student: sourcedId of the student affected, where one is.
    """

    rule: str
    severity: Severity
    table: str
    field: str
    place: str
    key: str
    masked: str
    message: str
    fix: str
    group: str = ""
    student: SourcedId | None = None


class CaseState(StrEnum):
    """Where a case stands on the alert desk."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    HANDED_OVER = "handed over"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Case:
    """The standing form of like findings of one district: one sentence and one fix."""

    case_id: CaseId
    district: DistrictCode
    rule: str
    table: str
    field: str
    group: str
    state: CaseState
    message: str
    fix: str
    first_place: str
    first_key: str
    rows: int
    students: int
    nights: int
    opened_on: date
    last_seen_on: date
