"""Whole nights and deliveries full of names, numbers, grades and secrets: none is seen in any place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from simulators.infinite_campus import serve as campus
from simulators.oneroster.problems import ProblemError
from simulators.powerschool.problems import Refusal
from simulators.powerschool.stored import StoredGrades
from sisbridge.cli.main import app
from sisbridge.house import House
from sisbridge.store import identity
from sisbridge.store import seats as seat_store
from sisbridge.sync.region import load_entries
from tests.conformance.canaries import FAMILY, GIVEN, NUMBER, listening
from tests.routes import scenes
from tests.routes.scenes import RouteScene
from tests.support.campus_region import CampusRegion
from tests.support.leaks import (
    COMMENT,
    MARRIED,
    PERCENT,
    STATE_ID,
    THEIRS,
    Watch,
    births_in_clear,
    disguise,
    landed,
    stored,
)
from tests.support.powerschool_region import PowerSchoolRegion
from tests.support.small_region import GRADE_HEAD, NOW, SmallRegion, add_student

ROUTES = (scenes.powerschool_stored_grades, scenes.infinite_campus_gradebook)
AN_ANSWER = f"{GIVEN} {FAMILY} ({NUMBER}01), {COMMENT}, has {PERCENT}: the percent is not valid"
"""What a SIS may say when it refuses a grade."""


@dataclass
class Office:
    """One installation at work: its SIS, its commands, and all that was seen."""

    scene: RouteScene
    house: House
    watch: Watch
    folder: Path

    def run(self, *words: str, **more: Any) -> Result:
        """Run a command as a person does, in both forms, and keep what it printed."""
        done = CliRunner().invoke(app, list(words), **more)
        self.watch.note(" ".join(words), done.output + repr(done.exception))
        return done

    def both(self, *words: str) -> None:
        """Run a command that changes nothing, for a person and for a program."""
        for form in ((), ("--json",)):
            assert self.run(*words, *form).exit_code == 0, words


@pytest.fixture(params=ROUTES, ids=lambda make: make.__name__)
def office(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store_url: str
) -> Iterator[Office]:
    """A district whose people can be recognised anywhere, on one of the routes."""
    with request.param(tmp_path / "sis") as scene:
        home, address = tmp_path / "home", store_url
        monkeypatch.setenv("SISBRIDGE_HOME", str(home))
        monkeypatch.setenv("SISBRIDGE_DATABASE_URL", address)
        monkeypatch.setenv("SISBRIDGE_DEMO", "true")
        hold(scene.region)
        house = scene.region.open(address, home)
        load_entries(house, strict(scene), "tester")
        with listening() as ear:
            yield Office(scene, house, Watch(secrets_of(scene.region), ear.heard), tmp_path)
        house.close()


def strict(scene: RouteScene) -> dict[str, Any]:
    """Return the region file with a district for which a handful of changes is too many.

    Where its roster comes by OneRoster, birth dates are turned on.
    """
    content = scene.entries()
    district = content["district"][0]
    district["settings"]["thresholds"] = {"floor": 1}
    if "oneroster" in district["roster"]["kind"]:
        district["roster"]["settings"] = {**district["roster"]["settings"], "demographics": True}
    return content


def secrets_of(region: SmallRegion) -> tuple[str, ...]:
    """Return the secrets that open a region's SISs."""
    if isinstance(region, PowerSchoolRegion):
        return (region.sis.client_secret,)
    assert isinstance(region, CampusRegion)
    return (region.campus.client_secret, region.campus.vendor_key)


def hold(region: SmallRegion, family: str = FAMILY) -> None:
    """Let the first district's SIS hold people that can be recognised, two of them under one number."""
    if isinstance(region, PowerSchoolRegion):
        for place, row in enumerate(region.sis.tables.rows("students")):
            names = {"first_name": GIVEN, "last_name": family, "lastfirst": f"{family}, {GIVEN}"}
            numbers = {
                "student_number": f"{NUMBER}{place % 5:02d}",
                "state_studentnumber": f"{STATE_ID}00{place % 5}",
            }
            region.sis.tables.change("students", row["dcid"], **names, **numbers)
        return
    dataset = region.provider.dataset
    add_student(dataset, "u9", "1")
    disguise(dataset, family)
    dataset.change("users", "u9", NOW, identifier=f"{NUMBER}00", userIds=[])
    # A column out of place, as when an export is made by hand: a name where a code should be.
    dataset.change("users", "u5", NOW, grades=[f"{FAMILY}, {GIVEN}"])
    dataset.change("enrollments", "e-u4", NOW, user={"sourcedId": f"{FAMILY}, {GIVEN}", "type": "user"})


@contextmanager
def refusing() -> Iterator[None]:
    """Let both SISs refuse every grade in words that name a child."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StoredGrades, "_check", _refuse(Refusal(409, AN_ANSWER, "storedgrades/percent")))
        patch.setattr(campus, "stored_result", _refuse(ProblemError(422, "invaliddata", AN_ANSWER)))
        yield


def _refuse(error: Exception) -> Callable[..., Any]:
    def refuse(*_: object) -> Any:
        raise error

    return refuse


def test_nothing_personal_is_seen_of_nights_and_deliveries(office: Office) -> None:
    code, enter = office.scene.district, office.scene.enter
    assert enter is not None
    office.run("check", code)
    assert office.run("sync", code).exit_code == 0
    office.run("grades", "collect", str(grades(office)))
    office.run("grades", "release", code)
    with refusing():
        office.run("grades", "deliver", code)
    office.both("cases")
    office.run("grades", "release", code, "--again")
    office.run("grades", "deliver", code)
    enter(float(THEIRS))
    office.run("grades", "collect", str(grades(office, "92.1")))
    office.run("grades", "release", code)
    office.run("grades", "deliver", code)
    hold(office.scene.region, MARRIED)
    office.run("sync", code)
    look_around(office)
    said = " ".join(text for where, text in office.watch.seen if where.startswith(("cases", "holds")))
    assert {"WB10", "WB12", "GR04", "ID20", "SZ11"} <= set(re.findall(r"\b[A-Z]{2}\d\d\b", said))
    assert office.watch.leaks() == []
    assert births_in_clear(office.house) == []
    if isinstance(office.scene.region, CampusRegion):
        lists = [text for where, text in office.watch.seen if "worklist" in where]
        assert any("same name and birth date" in text for text in lists)


def grades(office: Office, percent: str = PERCENT) -> Path:
    """Write a teacher's file: good grades, and what people put in wrong places."""
    with office.house.store.read() as conn:
        students = sorted(seat.student for seat in seat_store.seats(conn, office.scene.district))
    code, row = office.scene.district, "PHYS,S1,Final,final"
    lines = [f"{code},{one},{row},{percent},,,{COMMENT},teacher,true" for one in students[:3]]
    lines += [
        f"{code},{students[-2]},{row},{PERCENT} {FAMILY},,,{COMMENT},teacher,true",
        f"{code},{NUMBER}00,{row},{PERCENT},,,{COMMENT},teacher,true",
        f"{code},{GIVEN} {FAMILY},{row},{PERCENT},,,{COMMENT},teacher,true",
        f"{FAMILY},{students[-1]},{row},{PERCENT},,,{COMMENT},teacher,true",
        f"{code},{students[-1]},PHYS,{FAMILY},Final,{GIVEN},{PERCENT},{FAMILY},{COMMENT},,teacher,maybe",
        f"{code},{students[-1]},{row},{PERCENT},,{COMMENT}",
    ]
    path = office.folder / "grades.csv"
    path.write_text(GRADE_HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def look_around(office: Office) -> None:
    """Look wherever a person may look: every list, two students' stories, the store, the landing zone."""
    code, edit = office.scene.district, office.folder / "edit.toml"
    edit.write_text("[thresholds]\nfloor = 2\n")
    for words in (
        ("cases",), ("cases", "--students"), ("runs",), ("drift", code), ("preview", code, str(edit)),
        ("people", "list", code), ("people", "worklist", code),
        ("holds", "list", code), ("holds", "show", code, "1"),
        ("grades", "list", code, "--all"), ("replay", code), ("sync", code, "--rehearse"),
    ):  # fmt: skip
        office.both(*words)
    office.run("rekey", "show", code)
    with office.house.store.read() as conn:
        students = sorted(identity.known_keys(conn, code, "2026").column("user_sourced_id").to_pylist())
    for student in (students[0], students[-1]):
        office.both("why", student)
        office.both("history", code, student)
    office.run("people", "renew", code, students[0])
    for where, text in (*stored(office.house), *landed(office.folder / "home")):
        office.watch.note(where, text)
