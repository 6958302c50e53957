"""Connection and auth: failures 1 to 17."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import asyncssh
import pytest
from pydantic import ValidationError

from connectors.oneroster.gradebook import OneRosterGradebookSink
from connectors.oneroster.settings import OneRosterGradebookSettings, OneRosterRestSettings
from domain.clock import FixedClock
from domain.oneroster import Version
from simulators.oneroster import Credentials, Fault, FaultKind, RunningProvider
from simulators.sftp import RunningSftp, SftpAccount
from sisbridge.house import House
from sisbridge.store import roster as roster_store
from sisbridge.sync.night import sync_district
from tests.conformance.canaries import AT, roster, truth
from tests.fakes.hostile_sis import Mischief, storm
from tests.field_failures.pulls import (
    NORTH,
    drop,
    failed_step,
    failure,
    noticed,
    provider,
    pulled,
    rest,
    rest_values,
    sftp,
)
from tests.support.sftp import PASSWORD, USER, sftp_server
from tests.support.small_region import REST, SmallRegion
from tests.support.tls import self_signed, shaking_hands

WHOLE = truth(roster(), Version.V1P2)
REFUSED = Fault(FaultKind.WRONG_SECRET, times=None)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningSftp]:
    with sftp_server(tmp_path / "root") as running:
        drop(running.outgoing(USER), roster().csv_package(Version.V1P2))
        yield running


def gradebook(sis: RunningProvider) -> OneRosterGradebookSink:
    values = rest_values(sis)
    return OneRosterGradebookSink(
        NORTH, OneRosterGradebookSettings.model_validate(values), clock=FixedClock(AT)
    )


def test_field_failure_01_a_token_url_without_its_appname_is_named_by_the_check() -> None:
    with provider(Fault(FaultKind.STATUS, "token", status=400, times=None)) as sis:
        step = failed_step(rest(sis).check())
    assert step.name == "token"
    assert "token_url" in step.fix
    assert "?" in step.fix


def test_field_failure_02_an_expired_secret_is_called_so() -> None:
    with provider(REFUSED) as sis:
        error = failure(rest(sis))
    assert error.code == "CN03"
    assert "expired" in error.fix


def test_field_failure_03_a_secret_renewed_by_an_admin_is_never_an_empty_roster(
    house: House, region: SmallRegion
) -> None:
    assert sync_district(house, REST).state == "finished"
    region.provider.faults.add(REFUSED)
    outcome = sync_district(house, REST)
    assert (outcome.state, outcome.code) == ("stopped", "CN03")
    assert "renewed" in outcome.fix
    with house.store.read() as conn:
        assert roster_store.count(conn, REST)["users"] == 6  # type: ignore[index]


def test_field_failure_04_oauth_1_switched_off_is_one_setting_of_the_district() -> None:
    with provider(version=Version.V1P1, credentials=Credentials(oauth1=())) as sis:
        assert failure(rest(sis, auth="oauth1")).code == "CN03"
        assert pulled(rest(sis, auth="oauth2")) == truth(roster(), Version.V1P1)


@pytest.mark.parametrize("lifetime", [3600, 30])
def test_field_failure_05_a_lifetime_sent_as_text_is_read(lifetime: int) -> None:
    with provider(expires_in_text=True, token_lifetime=lifetime) as sis:
        assert pulled(rest(sis)) == WHOLE


def test_field_failure_06_a_plugin_installed_anew_kills_token_and_secret() -> None:
    mishaps = (
        Fault(FaultKind.EXPIRED_TOKEN, "users"),
        Fault(FaultKind.WRONG_SECRET, after=1, times=None),
    )
    with provider(*mishaps) as sis:
        error = failure(rest(sis))
    assert (error.code, "client id" in error.fix) == ("CN03", True)


def test_field_failure_07_writes_that_were_never_registered_are_found_by_the_check() -> None:
    refused = [Fault(FaultKind.STATUS, status=403, method=one, times=None) for one in ("PUT", "DELETE")]
    with provider(*refused) as sis:
        assert rest(sis).check().passed
        step = failed_step(gradebook(sis).check())
    assert "gradebook" in step.fix


def test_field_failure_08_a_missing_vendor_header_is_thought_of_when_only_grades_are_refused() -> None:
    with provider(Fault(FaultKind.STATUS, "categories", status=401, times=None)) as sis:
        assert rest(sis).check().passed
        step = failed_step(gradebook(sis).check())
    assert "extra_headers" in step.fix


def test_field_failure_09_no_demographics_unless_wanted_and_a_403_names_the_permission() -> None:
    with provider() as sis:
        pulled(rest(sis))
        assert not [url for url in sis.urls if "demographics" in url]
        sis.faults.add(Fault(FaultKind.STATUS, "users", status=403, times=None))
        error = failure(rest(sis))
    assert error.code == "CN04"
    assert "roster-core.readonly" in error.fix


def test_field_failure_10_a_401_is_answered_by_one_new_sign_in_and_no_more() -> None:
    with provider(Fault(FaultKind.EXPIRED_TOKEN, "orgs", times=None)) as sis:
        assert failure(rest(sis)).code == "CN03"
        assert sis.requests["POST token"] <= 2


def test_field_failure_11_nothing_switches_the_verification_of_certificates_off() -> None:
    names = " ".join(OneRosterRestSettings.model_fields)
    assert "ca_file" in names
    assert not [word for word in ("verify", "insecure", "trust_all") if word in names]
    with provider() as sis:
        values = rest_values(sis, base_url="http://sis.example/ims/oneroster/v1p2")
        error = failure(rest(sis, **values))
    assert error.code == "CF53"


def test_field_failure_11_a_pull_over_an_unknown_certificate_ends_before_a_secret_is_sent(
    tmp_path: Path,
) -> None:
    context, _ = self_signed(tmp_path)
    heard: list[bytes] = []
    with provider() as sis, shaking_hands(context, heard) as root:
        values = {"base_url": root, "token_url": root, "attempts": 1}
        error = failure(rest(sis, **values))
    assert (error.code, "ca_file" in error.fix) == ("CN02", True)
    assert b"".join(heard) == b""


def test_field_failure_12_a_wait_asked_for_in_words_is_kept() -> None:
    with provider(Mischief(storm, "users", times=1)) as sis:
        assert pulled(rest(sis)) == WHOLE
    with provider(Mischief(storm, "users")) as sis:
        error = failure(rest(sis))
    assert (error.code, "in_flight" in error.fix) == ("CN06", True)


def test_field_failure_13_no_district_can_be_asked_more_than_five_things_at_once() -> None:
    with provider(latency_ms=20) as sis:
        with pytest.raises(ValidationError, match="in_flight"):
            rest(sis, in_flight=6)
        assert pulled(rest(sis, in_flight=5, page_size=1)) == WHOLE
        assert 1 < sis.busiest <= 5


def test_field_failure_14_a_changed_host_key_stops_the_feed_and_shows_both(server: RunningSftp) -> None:
    source = sftp(server)
    assert pulled(source) == WHOLE
    server.change_host_key()
    error = failure(source)
    assert error.code == "CN10"
    assert error.message.count("SHA256:") == 2


class OldSftp(RunningSftp):
    """A server that offers ciphers of long ago only."""

    async def _listen(self) -> None:
        await self._close()
        self._acceptor = await asyncssh.listen(
            self.host, 0, server_host_keys=[self._key], encryption_algs=["aes128-cbc", "3des-cbc"]
        )
        self.port = self._acceptor.get_port()


def test_field_failure_15_legacy_ciphers_are_named_with_those_we_take(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    with OldSftp(tmp_path / "old", [SftpAccount(USER, PASSWORD)]) as old:
        error = failure(sftp(old))
    assert error.code == "CN13"
    assert "AES-GCM" in error.fix


def test_field_failure_16_a_feed_that_stops_on_a_date_is_noticed_by_its_age(server: RunningSftp) -> None:
    then = AT.timestamp() - 80 * 3600
    os.utime(server.outgoing(USER) / "roster.zip", (then, then))
    assert "export" in noticed(sftp(server, stale_after_hours=72))["FL05"].fix
    assert failure(sftp(server, stale_after_hours=72, stale_stops=True)).code == "FL05"


def test_field_failure_17_a_door_that_is_shut_is_told_from_a_wrong_password(server: RunningSftp) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        error = failure(sftp(server, port=port))
    assert error.code == "CN01"
    assert "firewall" in error.fix
