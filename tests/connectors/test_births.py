"""Birth dates over REST and in packages: the fewest fields, a token of their own, nothing if not wanted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connectors.demographics import BIRTH_FIELDS
from connectors.oneroster.rest import OneRosterRestPull
from connectors.protocol import CheckStep, Notice, Pull, RosterSource
from connectors.sftp.source import SftpRosterSettings, SftpRosterSource
from domain.clock import FixedClock
from domain.errors import StopDistrict
from domain.ids import DistrictCode
from domain.oneroster import Version
from domain.tables import PLACE
from simulators.oneroster import Credentials, Dialect, Fault, FaultKind, RunningProvider
from tests.conformance.canaries import roster
from tests.support.rest import AT, Kept, source
from tests.support.roster_csv import ROSTER, Remembering, manifest, rows, write_folder, write_zip
from tests.support.roster_csv import pull as package
from tests.support.roster_csv import source as package_source
from tests.support.sftp import USER, reach, sftp_server

SCOPE = "roster-demographics.readonly"
HEAD = b"sourcedId,status,dateLastModified,birthDate,sex,asian\r\n"
BODY = b"U1,active,,2010-04-01,female,true\r\n"
FILES = {**ROSTER, "manifest.csv": manifest(demographics="bulk"), "demographics.csv": HEAD + BODY}
ONE = {"sourcedId": "U1", "status": "active", "dateLastModified": None, "birthDate": "2010-04-01"}


@contextmanager
def provider(
    version: Version = Version.V1P2, *, credentials: Credentials | None = None, **dialect: bool
) -> Iterator[RunningProvider]:
    """Run a provider of two students whose birth dates are known, among much else."""
    dataset = roster()
    for user, on in (("u1", "2010-04-01"), ("u-2", "2009-11-30")):
        more = {"sex": "female", "asian": "true", "cityOfBirth": "Gary"}
        dataset.add("demographics", {"sourcedId": user, "birthDate": on, **more}, AT)
    made = RunningProvider(
        dataset, version, dialect=Dialect(**dialect), credentials=credentials, clock=FixedClock(AT)
    )
    with made as running:
        yield running


def read(pull: Pull) -> list[dict[str, str]]:
    """Return what is said of each student, blank values aside."""
    found = [row for page in pull.pages("demographics") for row in page.batch.to_pylist()]
    return [{name: value for name, value in row.items() if value is not None} for row in found]


def opened(sis: RunningProvider, landing: Kept | None = None, **changes: object) -> OneRosterRestPull:
    """Begin a pull with birth dates turned on."""
    return source(sis, demographics=True, **changes).open(None, landing or Kept())


@pytest.mark.parametrize("version", list(Version))
def test_the_fewest_fields_are_asked_for_under_the_users_id(version: Version) -> None:
    with provider(version) as sis:
        pull = opened(sis)
        assert pull.facts.source_tables[-1] == "demographics"
        second, first = read(pull)
        pull.close()
        asked = [url for url in sis.urls if "/demographics?" in url]
    assert (first["sourcedId"], first["birthDate"]) == ("u1", "2010-04-01")
    assert (second["birthDate"], second[PLACE]) == ("2009-11-30", "/demographics?offset=0#1")
    assert set(first) == {*BIRTH_FIELDS, PLACE}
    assert asked
    assert all(f"fields={'%2C'.join(BIRTH_FIELDS)}" in url for url in asked)


def test_a_server_that_sends_everything_all_the_same_has_it_emptied() -> None:
    with provider(ignore_fields=True) as sis:
        pull = opened(sis)
        assert set(read(pull)[0]) == {*BIRTH_FIELDS, PLACE}
        pull.close()


@pytest.mark.parametrize("scopes", [None, ("roster-core.readonly",)])
def test_the_scope_is_asked_for_by_a_token_of_its_own_and_only_when_wanted(
    scopes: tuple[str, ...] | None,
) -> None:
    with provider() as sis:
        pull = opened(sis, scopes=scopes)
        for table in pull.facts.source_tables:
            list(pull.pages(table))
        pull.close()
        assert sis.requests["POST token"] == 2
        sis.forget_requests()
        pull = source(sis, scopes=scopes).open(None, Kept())
        list(pull.pages("orgs"))
        assert sis.requests["POST token"] == 1
        assert "demographics" not in pull.facts.source_tables


def test_who_does_not_grant_the_scope_has_given_the_whole_roster_before() -> None:
    with provider(credentials=Credentials(scopes=frozenset({"roster-core.readonly"}))) as sis:
        pull = opened(sis)
        for table in pull.facts.source_tables[:-1]:
            assert list(pull.pages(table))
        with pytest.raises(StopDistrict, match="CN04") as caught:
            list(pull.pages("demographics"))
        pull.close()
    assert SCOPE in caught.value.fix


def test_a_refused_collection_names_the_permission() -> None:
    with provider() as sis:
        sis.faults.add(Fault(FaultKind.STATUS, "demographics", status=403, times=None))
        pull = opened(sis)
        with pytest.raises(StopDistrict, match="CN04") as caught:
            list(pull.pages("demographics"))
        pull.close()
    assert SCOPE in caught.value.fix


def test_a_pull_goes_on_from_the_birth_dates_that_were_landed() -> None:
    landing = Kept()
    with provider() as sis:
        pull = opened(sis, landing)
        read(pull)
        pull.close()
        sis.forget_requests()
        pull = opened(sis, landing)
        assert len(read(pull)) == 2
        pull.close()
        assert not [url for url in sis.urls if "/demographics?" in url and "fields" in url]


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize("write", [write_zip, write_folder])
def test_a_package_gives_the_columns_of_a_birth_date_and_no_other(
    tmp_path: Path, version: str, write: object
) -> None:
    files = {**FILES, "manifest.csv": manifest(version, demographics="bulk")}
    made = package(write(tmp_path / "drop", files), demographics=True)  # type: ignore[operator]
    assert made.facts.source_tables[-1] == "demographics"
    assert rows(made, "demographics") == [{**ONE, PLACE: "demographics.csv:2"}]
    made.close()


def test_an_old_package_spells_key_and_column_otherwise(tmp_path: Path) -> None:
    old = {"demographics.csv": b"userSourcedId,birthdate,sex\nU1,2010-04-01,female\n"}
    made = package(write_folder(tmp_path / "drop", ROSTER | old), demographics=True)
    assert rows(made, "demographics") == [{**ONE, "status": None, PLACE: "demographics.csv:2"}]
    made.close()


def test_not_wanted_the_file_is_neither_unpacked_nor_landed(tmp_path: Path) -> None:
    landing = Remembering()
    made = package(write_zip(tmp_path / "a.zip", FILES), landing)
    assert "demographics" not in made.facts.source_tables
    assert not [name for name in landing.kept if "demographics" in name]
    made.close()


@pytest.mark.parametrize("mode", ["absent", "delta"])
def test_a_file_that_is_not_whole_beside_a_whole_roster_is_left(tmp_path: Path, mode: str) -> None:
    files = {**FILES, "manifest.csv": manifest(demographics=mode)}
    made = package(write_folder(tmp_path / "drop", files), demographics=True)
    assert "demographics" not in made.facts.source_tables
    made.close()


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"", "FL11"), (b"sourcedId,sex\nU1,female\n", "FL10"), (b"birthDate\n2010-04-01\n", "FL10")],
)
def test_a_file_that_cannot_be_used_leaves_the_roster_to_be_read(
    tmp_path: Path, data: bytes, code: str
) -> None:
    made = package(write_folder(tmp_path / "drop", {**FILES, "demographics.csv": data}), demographics=True)
    assert len(rows(made, "users")) == 2
    with pytest.raises(StopDistrict, match=code):
        list(made.pages("demographics"))
    made.close()


def test_a_torn_row_holds_nobody_and_is_told_by_its_line(tmp_path: Path) -> None:
    torn = HEAD + b"U1,active,2010-04-01\r\n" + BODY.replace(b"U1", b"U2")
    made = package(write_folder(tmp_path / "drop", {**FILES, "demographics.csv": torn}), demographics=True)
    assert [row["sourcedId"] for row in rows(made, "demographics")] == ["U2"]
    (notice,) = [one for one in made.notices() if one.source_table == "demographics"]
    assert (notice.severity, notice.place) == ("drop value", "demographics.csv:2")
    assert "2010" not in f"{notice}"
    made.close()


def test_a_record_without_an_id_holds_nobody() -> None:
    with provider() as sis:
        sis.faults.add(Fault(FaultKind.DROPPED_KEYS, "demographics", keys=("sourcedId",), times=None))
        pull = opened(sis)
        assert read(pull) == []
        notices: list[Notice] = [one for one in pull.notices() if one.source_table == "demographics"]
        pull.close()
    assert {one.severity for one in notices} == {"drop value"}


@pytest.mark.parametrize("loose", [False, True])
def test_a_drop_brings_the_file_when_it_is_wanted(tmp_path: Path, loose: bool) -> None:
    with sftp_server(tmp_path / "root") as server:
        if loose:
            write_folder(server.outgoing(USER), FILES)
        else:
            write_zip(server.outgoing(USER) / "roster.zip", FILES)
        values = {**reach(server), "settle_seconds": 0, "loose_files": tuple(ROSTER) if loose else ()}
        for wanted in (True, False):
            settings = SftpRosterSettings.model_validate({**values, "demographics": wanted})
            made = SftpRosterSource(DistrictCode("maple"), settings, clock=FixedClock(AT))
            pull = made.open(None, Remembering())
            assert ("demographics" in pull.facts.source_tables) == wanted
            assert len(rows(pull, "demographics") if wanted else [ONE]) == 1
            pull.close()


def step(reached: RosterSource) -> CheckStep:
    """Return what a check says of birth dates."""
    return next(one for one in reached.check().steps if one.name == "demographics")


def test_a_check_says_what_is_read_and_who_has_to_grant_it(tmp_path: Path) -> None:
    with provider() as sis:
        assert step(source(sis)).message == "off"
        assert step(source(sis, demographics=True)).message == (
            "birth dates only, for proposals; one row was read, of 2"
        )
        sis.faults.add(Fault(FaultKind.STATUS, "demographics", status=403, times=None))
        refused = step(source(sis, demographics=True))
    assert (refused.outcome, SCOPE in refused.fix) == ("failed", True)
    with provider(credentials=Credentials(scopes=frozenset({"roster-core.readonly"}))) as sis:
        refused = step(source(sis, demographics=True))
    assert (refused.outcome, SCOPE in refused.fix) == ("failed", True)
    whole = write_zip(tmp_path / "a.zip", FILES)
    assert step(package_source(whole)).message == "off"
    assert step(package_source(whole, demographics=True)).message == "birth dates only, for proposals; a row"
    without = write_zip(tmp_path / "b.zip", {**ROSTER, "manifest.csv": manifest()})
    missing = step(package_source(without, demographics=True))
    assert (missing.outcome, missing.message[:4]) == ("failed", "FL27")
