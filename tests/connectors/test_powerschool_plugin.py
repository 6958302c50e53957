"""The plugin a district installs: what is in the ZIP, and that its fields and queries agree."""

from __future__ import annotations

import io
import re
import zipfile

import pytest

from connectors.powerschool.plugin import (
    GRADE_ROUTES,
    PluginChoice,
    fields_of,
    fields_page,
    plugin_zip,
    queries_of,
)
from domain.errors import StopDistrict
from simulators.powerschool.plugin import Plugin

ROUTES = ("", *GRADE_ROUTES)


@pytest.mark.parametrize("route", ROUTES)
def test_powerschool_installs_it_with_every_query(route: str) -> None:
    choice = PluginChoice(route=route)
    installed = Plugin.from_zip(plugin_zip(choice))
    assert list(installed.queries) == [query.name for query in queries_of(choice)]
    assert all(len(name.split(".")) >= 5 for name in installed.queries)


@pytest.mark.parametrize("route", ROUTES)
def test_every_column_of_a_query_is_asked_for_and_every_field_has_a_reason(route: str) -> None:
    choice = PluginChoice(route=route)
    asked = {f"{one.table}.{one.field}" for one in fields_of(choice)}
    assert {column for query in queries_of(choice) for column in query.columns} <= asked
    assert all(one.why for one in fields_of(choice))


def test_no_field_is_asked_for_that_no_query_of_a_roster_mentions() -> None:
    statements = " ".join(query.statement.lower() for query in queries_of(PluginChoice()))
    unused = [
        one for one in fields_of(PluginChoice()) if not re.search(rf"\b{one.field.lower()}\b", statements)
    ]
    assert unused == []


def test_rosters_alone_let_us_write_nothing() -> None:
    assert {one.access for one in fields_of(PluginChoice())} == {"ViewOnly"}


def test_nothing_of_health_discipline_or_family_is_asked_for() -> None:
    tables = {one.table for route in ROUTES for one in fields_of(PluginChoice(route=route))}
    fields = {one.field for route in ROUTES for one in fields_of(PluginChoice(route=route))}
    assert not tables & {"HEALTH", "LOG", "INCIDENT", "GUARDIAN", "PERSON", "ATTENDANCE"}
    assert not fields & {"SSN", "ETHNICITY", "GENDER", "DOB", "LUNCHSTATUS", "HOME_PHONE", "STREET"}


def test_the_same_choice_gives_the_same_bytes_and_plugin_xml_stands_at_the_root() -> None:
    first, second = plugin_zip(PluginChoice()), plugin_zip(PluginChoice())
    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert archive.namelist() == ["plugin.xml", "queries_root/org.sisbridge.sis.named_queries.xml"]
        assert archive.read("plugin.xml").index(b"<access_request>") < archive.read("plugin.xml").index(
            b"<publisher"
        )


@pytest.mark.parametrize("publisher", ["", "<Our Name>", "x" * 41])
def test_a_publisher_that_powerschool_stumbles_over_is_refused(publisher: str) -> None:
    with pytest.raises(StopDistrict) as caught:
        plugin_zip(PluginChoice(publisher=publisher))
    assert (caught.value.code, caught.value.place) == ("CF63", "publisher")


def test_a_name_with_an_ampersand_is_written_as_xml() -> None:
    assert Plugin.from_zip(plugin_zip(PluginChoice(publisher='Jones & "Sons"')))


def test_the_page_lists_each_field_once_with_its_reason() -> None:
    page = fields_page(PluginChoice())
    assert page.count("| STUDENTS | STATE_STUDENTNUMBER | ViewOnly |") == 1
    assert page.count("\n| ") == len(fields_of(PluginChoice())) + 2
