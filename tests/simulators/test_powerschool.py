"""The simulated PowerSchool: token, plugin, pace, PowerQueries, OneRoster beside them."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from simulators.powerschool import Manner, Plugin, RunningPowerSchool, Tables
from simulators.powerschool.plugin import NotInstallableError
from tests.simulators.powerschool import CLASS_LIST, Client, plugin
from tests.support.small_region import NOW, roster

Open = Callable[..., Client]


@pytest.fixture
def school() -> Iterator[Open]:
    """Return a function that starts a PowerSchool of six students and returns a client of it."""
    with ExitStack() as stack:

        def go(**options: Any) -> Client:
            options = {"plugin": plugin()} | options
            return Client(stack.enter_context(RunningPowerSchool(roster(), **options)))

        yield go


def test_ids_are_not_dcids_and_terms_are_paired_with_their_school() -> None:
    tables = Tables.from_dataset(roster())
    (first, *_) = tables.rows("students")
    assert (first["dcid"], first["id"], first["student_number"]) == (4100, 501, "900000000")
    assert tables.ids["users", "u0"] == 4100
    (year, term) = tables.rows("terms")
    assert [(row["schoolid"], row["id"], row["abbreviation"], row["lastday"]) for row in (year, term)] == [
        (100, 3500, "25-26", "2026-06-09"),
        (100, 3501, "S1", "2026-06-09"),
    ]


def test_a_withdrawn_seat_is_a_dropped_row_with_a_minus() -> None:
    data = roster(1)
    data.withdraw("enrollments", "e-u0", NOW)
    (seat,) = Tables.from_dataset(data).rows("cc")
    assert (seat["sectionid"], seat["termid"], seat["dateleft"]) == (-2201, -3501, "2026-06-10")


def test_the_token_says_its_life_as_text(school: Open) -> None:
    assert school().sign_in().json["expires_in"] == "2592000"
    assert school(manner=Manner(expires_in_text=False)).sign_in().json["expires_in"] == 2592000


def test_without_a_token_nothing_is_told(school: Open) -> None:
    client = school()
    client.token = "made-up"
    assert client.call("GET", "/ws/v1/metadata").status == 401


def test_a_reinstalled_plugin_has_new_credentials_and_its_old_tokens_are_dead(school: Open) -> None:
    client = school()
    client.sign_in()
    before = client.server.client_id
    client.server.reinstall()
    assert client.call("GET", "/ws/v1/metadata").status == 401
    assert client.server.client_id != before


def test_metadata_tells_the_plugins_page_size(school: Open) -> None:
    metadata = school(manner=Manner(page_size=250)).call("GET", "/ws/v1/metadata").json["metadata"]
    assert metadata["schema_table_query_max_page_size"] == 250


def test_a_request_within_the_interval_is_rejected_with_the_seconds_to_wait(school: Open) -> None:
    client = school(manner=Manner(min_interval_ms=300))
    client.sign_in()
    assert client.call("GET", "/ws/v1/metadata").status == 200
    too_soon = client.call("GET", "/ws/v1/metadata")
    assert too_soon.status == 429
    assert "try again in 0." in too_soon.json["message"]
    time.sleep(0.3)
    assert client.call("GET", "/ws/v1/metadata").status == 200


def test_a_query_is_paged_and_counted(school: Open) -> None:
    client = school(manner=Manner(page_size=4))
    assert client.query("/count").json == {"count": 6}
    pages = [client.query(f"?page={page}&pagesize=4").json["record"] for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [4, 2, 0]
    assert pages[0][0] == {"_name": "students", "id": "501", "number": "900000000"}
    assert len(client.query("?pagesize=0").json["record"]) == 6


def test_a_column_that_is_not_granted_is_left_out_without_a_word(school: Open) -> None:
    client = school(plugin=plugin(students={"id": "ViewOnly"}))
    assert client.query().json["record"][0] == {"_name": "students", "id": "501"}


def test_a_query_that_is_not_there_or_not_permitted_is_told_apart(school: Open) -> None:
    assert school(plugin=plugin(terms={"id": "ViewOnly"})).query().status == 401
    assert school(plugin=Plugin()).query().status == 404


def test_oneroster_answers_under_one_of_two_paths_with_the_plugins_page_cap(school: Open) -> None:
    client = school(manner=Manner(page_size=2))
    page = client.call("GET", "/api/ims/oneroster/v1p1/users?limit=100").json["users"]
    assert [user["sourcedId"] for user in page] == ["u0", "u1"]
    assert client.call("GET", "/ims/oneroster/v1p1/orgs").status == 404
    old = school(manner=Manner(oneroster_path="/ims/oneroster/v1p1"))
    assert old.call("GET", "/ims/oneroster/v1p1/orgs").status == 200
    assert client.server.requests["GET oneroster/users"] == 1


PLUGIN_XML = """<?xml version="1.0"?>
<plugin xmlns="http://plugin.powerschool.pearson.com" name="{name}" version="1.0" description="d">
  <oauth/>
  <access_request>
    <field table="STUDENTS" field="ID" access="ViewOnly"/>
    <field table="STOREDGRADES" field="PERCENT" access="FullAccess"/>
  </access_request>
  <publisher name="ESC"><contact email="a@example.org"/></publisher>
</plugin>"""
QUERIES_XML = """<queries><query name="{name}" coreTable="students" flattened="true">
  <args><arg name="course" type="primitive" required="true"/></args>
  <columns><column column="STUDENTS.ID">id</column></columns>
  <sql><![CDATA[ SELECT id FROM students WHERE :course <> '' ]]></sql>
</query></queries>"""


def zipped(name: str = "sisbridge", query: str = CLASS_LIST.name) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("plugin.xml", PLUGIN_XML.format(name=name))
        archive.writestr("queries_root/x.named_queries.xml", QUERIES_XML.format(name=query))
    return buffer.getvalue()


def test_a_plugin_is_read_from_its_zip(school: Open) -> None:
    installed = Plugin.from_zip(zipped())
    assert installed.may("students", "id")
    assert not installed.may("students", "id", "FullAccess")
    assert installed.may("StoredGrades", "Percent", "ViewOnly")
    assert not installed.may("students", "lastfirst")
    client = school(plugin=installed)
    assert len(client.query().json["record"]) == 6


@pytest.mark.parametrize("broken", [("<sis>", CLASS_LIST.name), ("x" * 41, CLASS_LIST.name), ("sis", "a.b")])
def test_a_plugin_with_a_bad_name_does_not_install(broken: tuple[str, str]) -> None:
    with pytest.raises(NotInstallableError):
        Plugin.from_zip(zipped(broken[0].replace("<", "&lt;"), broken[1]))
