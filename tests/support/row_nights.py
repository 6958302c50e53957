"""Nights of a tiny roster put down row by row, judged already: compare and apply without a SIS or rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa

from domain.errors import StopDistrict
from domain.ids import DistrictCode, SnapshotId, fresh_id
from domain.model import Decision, Mode, RosterSnapshot
from domain.tables import ROSTER, RosterTable
from mappings import digests
from mappings.tally import school_of
from sisbridge.house import House
from sisbridge.store import holds, roster, runs, snapshots
from sisbridge.store.holds import Chosen
from sisbridge.sync.context import Stage, canonical_name, clean_name, raw_name, seen_name
from sisbridge.sync.region import load_entries
from sisbridge.sync.roster.apply import apply
from sisbridge.sync.roster.compare import compare

FIRST = datetime(2026, 1, 5, 8, tzinfo=UTC)
TABLES = RosterTable
Rows = dict[RosterTable, dict[str, dict[str, str]]]


@dataclass(frozen=True)
class Night:
    """What a SIS sends one night: users by what becomes of them, and how the snapshot came about.

    present: usable; moved: those of them at the second school; held: in quarantine; deleted: marked as such,
    their rows with them unless lingering. hours: since the night before. called: what every user's sourcedId
    begins with, after a re-key.
    """

    present: frozenset[str]
    moved: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()
    deleted: frozenset[str] = frozenset()
    lingering: bool = False
    hours: int = 24
    complete: bool = True
    mode: Mode = Mode.BULK
    called: str = ""


def rows_of(night: Night) -> tuple[Rows, dict[RosterTable, set[str]]]:
    """Return the clean rows of a night, and the ids of the quarantined ones."""
    rows: Rows = {table: {} for table in TABLES}
    rows[TABLES.ORGS] = {s: {"name": s, "type": "school"} for s in ("s1", "s2")}
    rows[TABLES.COURSES] = {"c": {"title": "c", "course_code": "C", "org_sourced_id": "s1"}}
    for k, s in (("k1", "s1"), ("k2", "s2")):
        rows[TABLES.CLASSES][k] = {"course_sourced_id": "c", "school_sourced_id": s, "title": k}
    for user in night.present | night.held | night.deleted:
        school, key = "s2" if user in night.moved else "s1", night.called + user
        gone = {"status": "tobedeleted"} if user in night.deleted - night.present - night.held else {}
        rows[TABLES.USERS][key] = {"given_name": "G", "family_name": "F", "identifier": user, **gone}
        after = {} if night.lingering else gone
        role = {"user_sourced_id": key, "role": "student", "org_sourced_id": school}
        rows[TABLES.ROLES][f"r{user}"] = {**role, **after}
        seat = {"user_sourced_id": key, "class_sourced_id": school.replace("s", "k"), "role": "student"}
        rows[TABLES.ENROLLMENTS][f"e{user}"] = {**seat, "school_sourced_id": school, **after}
    seen: dict[RosterTable, set[str]] = {table: set() for table in TABLES}
    for user in night.held:
        for table, key in (
            (TABLES.USERS, night.called + user),
            (TABLES.ROLES, f"r{user}"),
            (TABLES.ENROLLMENTS, f"e{user}"),
        ):
            seen[table].add(key)
    return rows, seen


@dataclass
class RowNights:
    """One district's nights, and what an honest bookkeeper knows of its rows beside them."""

    house: House
    district: DistrictCode = field(default_factory=lambda: DistrictCode(fresh_id()))
    at: datetime = FIRST
    last: Stage | None = None
    absent_since: dict[tuple[RosterTable, str], datetime] = field(default_factory=dict)
    told: set[tuple[RosterTable, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Load the district."""
        self._load()

    def _load(self, **settings: str) -> None:
        entry = {
            "code": self.district,
            "name": "D",
            "state": "IN",
            "school_year": "2026",
            "time_zone": "UTC",
            "mou_approved_on": date(2025, 7, 1),
            "settings": settings,
        }
        load_entries(self.house, {"district": [entry]}, "tester")

    def stage(self, night: Night) -> Stage:
        """Put a night's rows where compare expects them."""
        self.at += timedelta(hours=night.hours)
        known = self.house.district(self.district)
        known = replace(known, settings={**known.settings, "fixed_now": self.at.isoformat()})
        with self.house.store.begin("test") as conn:
            run_id = runs.open_run(conn, self.district, self.at.date(), "nightly", self.at)
            stage = Stage(self.house, known, run_id, SnapshotId(fresh_id()), self.at.date())
            snapshots.save(
                conn,
                RosterSnapshot(
                    stage.snapshot, self.district, run_id, self.at, night.mode, "1.2", (), night.complete
                ),
            )
        rows, seen = rows_of(night)
        stage.write(raw_name("users"), iter(()))
        for table in TABLES:
            stage.write(canonical_name(table), iter(()))
            self._land(stage, table, rows[table], seen[table])
        return stage

    def run(self, night: Night) -> dict[str, int]:
        """Run a night to its end; return its counts."""
        stage = self.stage(night)
        if night.complete:
            self._note(night)
            self.last = stage
        return compare(stage) | apply(stage)

    def release(self) -> None:
        """Let everything that is held go, and apply it at once as the last snapshot has it."""
        self.decide(Decision.APPLY)
        assert self.last is not None
        with self.house.store.begin("test") as conn:
            run_id = runs.open_run(conn, self.district, self.at.date(), "release", self.at)
        stage = replace(self.last, run_id=run_id)
        compare(stage)
        apply(stage)

    def decide(self, decision: Decision) -> None:
        """Decide on everything that is held."""
        with self.house.store.begin("test") as conn:
            holds.decide(conn, self.district, decision, "registrar", self.at, Chosen())

    def decide_rekey(self, decide: Callable[[House, DistrictCode, str], object]) -> bool:
        """Accept or refuse the re-key that waits, today; return whether there was one."""
        self._load(fixed_now=self.at.isoformat())
        try:
            decide(self.house, self.district, "director")
        except StopDistrict as nothing:
            if nothing.code != "CF86":
                raise
            return False
        return True

    def in_force(self) -> dict[RosterTable, dict[str, dict[str, str | None]]]:
        """Return the rows in force by table and sourcedId."""
        with self.house.store.read() as conn:
            tables = {table: roster.rows(conn, self.district, table).to_pylist() for table in TABLES}
        return {table: {row["sourced_id"]: row for row in rows} for table, rows in tables.items()}

    def _note(self, night: Night) -> None:
        """Remember since when each row has been absent, and which were marked as deleted when last seen."""
        rows, seen = rows_of(night)
        for table, mine in self.in_force().items():
            for key in mine:
                if key in rows[table] or key in seen[table]:
                    self.absent_since.pop((table, key), None)
                    is_told = rows[table].get(key, {}).get("status") == "tobedeleted"
                    (self.told.add if is_told else self.told.discard)((table, key))
                elif night.mode is Mode.BULK:
                    self.absent_since.setdefault((table, key), self.at)

    def _land(
        self, stage: Stage, table: RosterTable, rows: dict[str, dict[str, str]], seen: Iterable[str]
    ) -> None:
        held = sorted(seen)
        clean = {key: row for key, row in sorted(rows.items()) if key not in set(held)}
        batch = _batch(table, clean)
        judged = [batch.append_column("digest", digests.digests(table, batch))] if clean else []
        stage.write(clean_name(table), iter(judged))
        schools = school_of(table, _batch(table, {key: rows[key] for key in held}))
        quarantined = pa.record_batch({"sourced_id": pa.array(held, pa.string()), "school": schools})
        stage.write(seen_name(table), iter([quarantined]))


def _batch(table: RosterTable, rows: dict[str, dict[str, str]]) -> pa.RecordBatch:
    schema = pa.schema([(name, pa.string()) for name in ROSTER[table].names])
    full = [{"status": "active", **row, "sourced_id": key} for key, row in rows.items()]
    return pa.RecordBatch.from_pylist(full, schema=schema)
