"""Rosters dropped on a real SFTP server."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncssh
import pytest
from pydantic import SecretStr

from connectors.protocol import RosterSource
from connectors.sftp.hostkeys import fingerprint, read_pin
from connectors.sftp.session import SftpSession
from connectors.sftp.source import SftpRosterSettings, SftpRosterSource
from domain.clock import FixedClock
from domain.errors import RetryLater, StopDistrict
from domain.ids import DistrictCode
from simulators.sftp import RunningSftp
from tests.support.roster_csv import ROSTER, Remembering, manifest, rows, write_folder, write_zip
from tests.support.sftp import PASSWORD, USER, access, reach, sftp_server

WHOLE = {**ROSTER, "manifest.csv": manifest()}
NOW = datetime(2026, 1, 15, 6, tzinfo=UTC)
LOOSE = tuple(ROSTER)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningSftp]:
    with sftp_server(tmp_path / "root") as running:
        yield running


@pytest.fixture
def drop(server: RunningSftp) -> Path:
    return server.outgoing(USER)


def source(server: RunningSftp, **changes: object) -> SftpRosterSource:
    settings = SftpRosterSettings.model_validate({**reach(server), "settle_seconds": 0, **changes})
    return SftpRosterSource(DistrictCode("maple"), settings, clock=FixedClock(NOW))


def age(path: Path, hours: float) -> None:
    then = (NOW - timedelta(hours=hours)).timestamp()
    os.utime(path, (then, then))


def stopped(reached: SftpRosterSource) -> StopDistrict:
    with pytest.raises(StopDistrict) as caught:
        reached.open(None, Remembering())
    return caught.value


def test_a_dropped_zip_is_read_and_landed(server: RunningSftp, drop: Path) -> None:
    write_zip(drop / "roster.zip", WHOLE)
    landing = Remembering()
    made = source(server).open(None, landing)
    assert [row["sourcedId"] for row in rows(made, "users")] == ["U1", "U2"]
    assert made.facts.as_of == NOW
    assert landing.kept["users.csv/000000.raw"] == ROSTER["users.csv"]
    made.close()


def test_loose_files_are_read_without_a_manifest(server: RunningSftp, drop: Path) -> None:
    write_folder(drop, ROSTER)
    made = source(server, loose_files=LOOSE).open(None, Remembering())
    assert len(rows(made, "enrollments")) == 1
    assert [notice.code for notice in made.notices()] == ["FL24"]


def test_the_newest_of_several_zips_is_read(server: RunningSftp, drop: Path) -> None:
    age(write_zip(drop / "old.zip", {"users.csv": b"broken"}), 30)
    age(write_zip(drop / "new.zip", WHOLE), 2)
    assert len(rows(source(server).open(None, Remembering()), "users")) == 2


@pytest.mark.parametrize("name", ["OneRoster.zip.part", "a.tmp", "OneRoster.zip.filepart", "other.zip"])
def test_nothing_by_the_expected_name_is_no_file_received(server: RunningSftp, drop: Path, name: str) -> None:
    write_zip(drop / name, WHOLE)
    error = stopped(source(server, zip_name="OneRoster.zip"))
    assert error.code == "FL04"
    assert "OneRoster.zip is not in the folder /outgoing" in error.message


def test_a_loose_file_that_is_missing_is_named(server: RunningSftp, drop: Path) -> None:
    write_folder(drop, {name: data for name, data in ROSTER.items() if name != "users.csv"})
    error = stopped(source(server, loose_files=LOOSE))
    assert (error.code, "received: users.csv is not" in error.message) == ("FL04", True)


def test_a_header_only_file_among_loose_ones_stops_the_district(server: RunningSftp, drop: Path) -> None:
    write_folder(drop, ROSTER | {"users.csv": b"sourcedId,givenName\n"})
    assert stopped(source(server, loose_files=LOOSE)).code == "FL11"


def test_a_half_written_zip_is_tried_again_later(server: RunningSftp, drop: Path) -> None:
    path = write_zip(drop / "roster.zip", WHOLE)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(RetryLater, match="FL01"):
        source(server).open(None, Remembering())


def test_a_file_that_grows_between_two_looks_is_not_read(server: RunningSftp, drop: Path) -> None:
    path = write_zip(drop / "roster.zip", WHOLE)
    waited: list[float] = []

    def grow(seconds: float) -> None:
        waited.append(seconds)
        path.write_bytes(path.read_bytes() + b"more")

    settings = SftpRosterSettings.model_validate({**reach(server), "settle_seconds": 45})
    with pytest.raises(RetryLater, match="FL01"):
        SftpRosterSource(DistrictCode("maple"), settings, pause=grow).open(None, Remembering())
    assert waited == [45]


def test_a_settled_file_is_read(server: RunningSftp, drop: Path) -> None:
    write_zip(drop / "roster.zip", WHOLE)
    assert source(server, settle_seconds=0.05).open(None, Remembering()).facts.version == "1.1"


def test_yesterdays_file_is_noticed_or_stops_by_the_districts_clock(server: RunningSftp, drop: Path) -> None:
    age(write_zip(drop / "roster.zip", WHOLE), 80)
    assert [n.code for n in source(server).open(None, Remembering()).notices()] == ["FL05"]
    assert stopped(source(server, stale_stops=True)).code == "FL05"
    assert source(server, stale_after_hours=81).open(None, Remembering()).notices() == ()


def test_a_drop_beyond_the_limit_is_not_copied(server: RunningSftp, drop: Path) -> None:
    (drop / "roster.zip").write_bytes(b"x" * 1001)
    assert stopped(source(server, largest_bytes=1000)).code == "FL03"


def test_a_wrong_password_stops_the_district(server: RunningSftp) -> None:
    error = stopped(source(server, password=SecretStr("not-it")))
    assert error.code == "CN03"
    assert "not-it" not in str(error)


def test_a_private_key_opens_the_door_and_another_does_not(tmp_path: Path) -> None:
    right, wrong = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    with sftp_server(tmp_path / "root", right.export_public_key().decode()) as server:
        for key, login in ((right, "logged in"), (wrong, None)):
            text = SecretStr(key.export_private_key().decode())
            session = SftpSession(access(server, private_key=text, password=None))
            if login:
                with session:
                    assert session.files() == []
            else:
                with pytest.raises(StopDistrict, match="CN03"), session:
                    pass


def test_a_private_key_that_is_none_is_said(server: RunningSftp) -> None:
    error = stopped(source(server, private_key=SecretStr("not a key")))
    assert (error.code, error.message) == ("CN03", "The private key cannot be read")


def test_a_changed_host_key_stops_the_district_and_shows_both(server: RunningSftp) -> None:
    pinned = source(server)
    before = read_pin(server.host_key)
    server.change_host_key()
    after = read_pin(server.host_key)
    error = stopped(pinned)
    assert before is not None
    assert after is not None
    assert error.code == "CN10"
    assert before.fingerprint in error.message
    assert after.fingerprint in error.message


def test_no_pinned_key_tells_the_fingerprint_seen_and_how_to_pin(server: RunningSftp, drop: Path) -> None:
    write_zip(drop / "roster.zip", WHOLE)
    error = stopped(source(server, host_key=""))
    seen = read_pin(server.host_key)
    assert seen is not None
    assert (error.code, seen.fingerprint in error.fix) == ("CN11", True)
    assert source(server, host_key=seen.fingerprint).open(None, Remembering()).facts.version == "1.1"


def test_a_known_hosts_line_pins_too(server: RunningSftp) -> None:
    with SftpSession(access(server, host_key=f"[{server.host}]:{server.port} {server.host_key} a comment")):
        pass


def test_a_pin_is_read_as_openssh_writes_it() -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    assert fingerprint(key.public_data) == key.get_fingerprint()
    assert read_pin("ssh-ed25519 not-base64") is None
    assert read_pin("MD5:aa:bb") is None


def test_a_port_where_nobody_listens_is_tried_again_later(server: RunningSftp) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with pytest.raises(RetryLater, match="CN01"):
            source(server, port=free.getsockname()[1]).open(None, Remembering())


def test_a_server_that_never_speaks_is_tried_again_later(server: RunningSftp) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute, pytest.raises(RetryLater, match="CN12"):
        source(server, port=mute.getsockname()[1], timeout_seconds=0.3).open(None, Remembering())


def test_a_name_without_an_address_is_tried_again_later(server: RunningSftp) -> None:
    with pytest.raises(RetryLater, match="CN01"):
        source(server, host="sftp.invalid").open(None, Remembering())


def test_a_missing_folder_is_named(server: RunningSftp) -> None:
    error = stopped(source(server, folder="/nowhere"))
    assert (error.code, "/nowhere" in error.message) == ("CN14", True)


def test_large_files_arrive_whole(server: RunningSftp, drop: Path, tmp_path: Path) -> None:
    data = os.urandom(9 * 1024 * 1024 + 7)
    (drop / "big").write_bytes(data)
    with SftpSession(access(server)) as session:
        session.fetch("big", len(data), tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == data


def test_a_file_taken_away_meanwhile_is_tried_again_later(server: RunningSftp, tmp_path: Path) -> None:
    with SftpSession(access(server)) as session, pytest.raises(RetryLater, match="FL01"):
        session.fetch("gone", 10, tmp_path / "copy")


def test_the_connection_is_ciphered_with_aes_gcm(server: RunningSftp) -> None:
    session = SftpSession(access(server))
    with session:
        assert session.cipher == "aes128-gcm@openssh.com"


def test_a_check_goes_all_the_way(server: RunningSftp, drop: Path) -> None:
    write_zip(drop / "roster.zip", WHOLE)
    report = source(server).check()
    assert report.passed
    assert report.orgs is not None
    assert [step.name for step in report.steps[2:]] == [
        "host key", "login", "folder", "expected file", "package and headers", "sample row", "demographics",
    ]  # fmt: skip
    assert report.steps[-1].message == "off"


def test_a_check_stops_at_the_first_step_that_fails(server: RunningSftp) -> None:
    outcomes = [step.outcome for step in source(server, password=SecretStr("not-it")).check().steps]
    assert outcomes == ["passed", "passed", "passed", "failed", *["skipped"] * 5]


def test_settings_show_no_secret(server: RunningSftp) -> None:
    kept: RosterSource = source(server)
    assert kept.capabilities()
    assert PASSWORD not in repr(SftpRosterSettings.model_validate(reach(server)))
