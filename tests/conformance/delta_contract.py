"""What a source that can tell changes must keep to, in one pull and over the nights.

    class TestMySource(RosterDeltaContract):
        make = staticmethod(my_scene)

    class TestMySourceByNight(DeltaNightContract):
        make = staticmethod(my_region)

A scene whose far side reads the data set itself needs nothing more than for `RosterSourceContract`; one
that exports says by `publish` how it exports what changed. `my_region(folder)` is a `SmallRegion`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.protocol import Capability, Page
from domain.errors import SisbridgeError
from domain.model import Mode, Severity
from simulators.dataset import Dataset
from sisbridge.house import House
from sisbridge.store import snapshots
from sisbridge.sync.night import NightOutcome, sync_district
from tests.conformance.canaries import AT, PERSONAL, Rows, listening, ref, roster
from tests.conformance.roster_contract import Kept, Make, RosterScene, all_pages
from tests.support.small_region import NOW, REST, SmallRegion, add_student

SINCE = AT + timedelta(days=1)
CHANGED: Rows = {"users": [("new",), ("u1",)], "enrollments": [("e:new",), ("e:u-2",)]}
"""What `change` changes, by table; everything else is older than SINCE."""


def change(dataset: Dataset) -> None:
    """Change a user at the very moment SINCE, add one with a seat, and delete a seat, a little later."""
    dataset.change("users", "u1", SINCE, middleName="Changed")
    person = {**dataset.records("users")[0], "sourcedId": "new"}
    dataset.add("users", person, SINCE + timedelta(hours=1))
    place = {"user": ref("new", "user"), "class": ref("k", "class"), "school": ref("s", "org")}
    dataset.add("enrollments", {"sourcedId": "e:new", "role": "student", **place}, SINCE + timedelta(hours=1))
    dataset.withdraw("enrollments", "e:u-2", SINCE + timedelta(hours=2))


def pull_changes(scene: RosterScene, landing: Kept | None = None) -> list[Page]:
    """Return every page of what changed since SINCE."""
    pull = scene.source.open(SINCE, landing or Kept())
    try:
        assert pull.facts.mode is Mode.DELTA
        pages = list(all_pages(pull))
    except SisbridgeError:
        with suppress(SisbridgeError):
            pull.close()
        raise
    pull.close()
    return pages


def brought(scene: RosterScene, pages: list[Page]) -> Rows:
    """Return the rows of pages by table, roles left out: they come with their users."""
    return {name: rows for name, rows in scene.rows(pages).items() if rows and name != "roles"}


def changes_missing(scene: RosterScene) -> tuple[int, int]:
    """Return how many changed rows a pull lacks, and how many it named as held; 0 if it ends in an error."""
    with suppress(SisbridgeError):
        pull = scene.source.open(SINCE, Kept())
        found = brought(scene, list(all_pages(pull)))
        pull.close()
        told = sum(notice.severity == Severity.HOLD_ROW for notice in pull.notices())
        return sum(len(set(rows) - set(found.get(name, []))) for name, rows in CHANGED.items()), told
    return 0, 0


class RosterDeltaContract:
    """One pull of changes. A subclass sets `make`, and runs every test below."""

    make: Make

    @pytest.fixture
    def scene(self, tmp_path: Path) -> Iterator[RosterScene]:
        """The source in front of a data set in which four rows have changed."""
        dataset = roster()
        with self.make(dataset, tmp_path) as scene:
            change(dataset)
            scene.publish(dataset, SINCE)
            yield scene

    def test_it_says_that_it_can(self, scene: RosterScene) -> None:
        assert Capability.ROSTER_DELTA in scene.source.capabilities()

    def test_what_changed_comes_once_and_nothing_else_does(self, scene: RosterScene) -> None:
        assert brought(scene, pull_changes(scene)) == CHANGED

    def test_a_deleted_row_comes_as_deleted_and_the_others_do_not(self, scene: RosterScene) -> None:
        rows = [row for page in pull_changes(scene) for row in page.batch.to_pylist()]
        gone = {row["sourcedId"] for row in rows if row.get("status") == "tobedeleted"}
        assert gone == {"e:u-2"}

    def test_roles_come_with_the_users_that_changed_only(self, scene: RosterScene) -> None:
        roles = scene.rows(pull_changes(scene)).get("roles", [])
        assert {user for user, *_ in roles} <= {"u1", "new"}

    def test_a_delta_begun_again_with_its_landing_brings_the_same(self, scene: RosterScene) -> None:
        landing = Kept()
        broken_off = scene.source.open(SINCE, landing)
        next(iter(broken_off.pages("users")))
        with suppress(SisbridgeError):
            broken_off.close()
        assert brought(scene, pull_changes(scene, landing)) == CHANGED

    def test_when_nothing_changed_a_delta_is_empty_and_no_error(self, tmp_path: Path) -> None:
        dataset = roster()
        with self.make(dataset, tmp_path / "quiet") as scene:
            scene.publish(dataset, SINCE)
            assert brought(scene, pull_changes(scene)) == {}

    def test_no_row_and_no_secret_of_a_delta_is_logged(
        self, scene: RosterScene, capfd: pytest.CaptureFixture[str]
    ) -> None:
        with listening() as ear:
            pull_changes(scene)
        said = "\n".join([*ear.heard, *capfd.readouterr()])
        assert [word for word in (*PERSONAL, *scene.secrets) if word in said] == []

    def test_whatever_breaks_no_change_goes_missing_in_silence(self, tmp_path: Path) -> None:
        with self.make(roster(), tmp_path / "names") as scene:
            names = sorted(scene.breakages) if scene.reads_live else []
        for name in names:
            dataset = roster()
            with self.make(dataset, tmp_path / name.replace(" ", "-")) as scene:
                change(dataset)
                scene.breakages[name]()
                missing, told = changes_missing(scene)
                assert missing <= told, name


class DeltaNightContract:
    """Nights of changes. A subclass sets `make`: what makes the region of a folder.

    tells_totals: whether the far side tells how many rows there are, by which a delta that lost some is
    found out at once; without it that waits for the weekly full.
    """

    make: Callable[[Path], AbstractContextManager[SmallRegion]]
    tells_totals = True

    @pytest.fixture
    def region(self, tmp_path: Path) -> Iterator[SmallRegion]:
        """The region, before its first night."""
        with self.make(tmp_path) as region:
            yield region

    @pytest.fixture
    def house(self, region: SmallRegion, tmp_path: Path) -> Iterator[House]:
        """A house after the first full night."""
        house = region.open(f"sqlite:///{tmp_path / 'store.db'}", tmp_path / "home")
        night(house, region, 1)
        yield house
        house.close()

    def test_what_changed_is_applied_and_the_rest_stays(self, house: House, region: SmallRegion) -> None:
        at, dataset = NOW + timedelta(days=1, hours=9), region.provider.dataset
        dataset.change("users", "u0", at, familyName="Changed")
        add_student(dataset, "u9", "900000009")
        for collection, key in (("users", "u9"), ("enrollments", "e-u9")):
            dataset.change(collection, key, at)
        dataset.withdraw("enrollments", "e-u5", at)
        outcome = night(house, region, 2)
        found = {op: outcome.counts.get(op, 0) for op in ("add", "update", "remove", "missing")}
        assert (outcome.state, mode(house)) == ("finished", Mode.DELTA)
        assert found == {"add": 3, "update": 1, "remove": 1, "missing": 0}

    def test_the_window_is_fixed_before_the_first_request(self, house: House, region: SmallRegion) -> None:
        # A change of the night's very first moment may have been read too late to be in it.
        region.provider.dataset.change("users", "u0", NOW + timedelta(days=1), familyName="Meanwhile")
        assert night(house, region, 2, delta_skew_hours=0).counts["update"] == 1

    def test_a_clock_that_is_behind_loses_nothing(self, house: House, region: SmallRegion) -> None:
        late = NOW + timedelta(days=1) - timedelta(hours=1, minutes=59)
        region.provider.dataset.change("users", "u0", late, familyName="Late")
        assert night(house, region, 2).counts["update"] == 1

    def test_a_delta_proves_no_absence_and_what_vanished_is_found_by_a_full(
        self, house: House, region: SmallRegion
    ) -> None:
        region.provider.dataset.drop("enrollments", "e-u5")
        outcome = night(house, region, 2)
        assert (mode(house), outcome.counts["changes"]) == (Mode.DELTA, 0)
        full = night(house, region, 3 if self.tells_totals else 8)
        assert (mode(house), full.counts.get("missing"), full.counts.get("remove")) == (Mode.BULK, 1, None)


def night(house: House, region: SmallRegion, number: int, **settings: object) -> NightOutcome:
    """Run the night of a day with deltas asked for."""
    region.load(house, NOW + timedelta(days=number), **{"delta": True, **settings})
    return sync_district(house, REST)


def mode(house: House) -> Mode:
    """Return how the last applied roster was read."""
    with house.store.read() as conn:
        snapshot = snapshots.last_applied(conn, REST)
    assert snapshot is not None
    return snapshot.mode
