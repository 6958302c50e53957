"""A region file with a slip in it: told by table, key and line, and nothing of the file is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.errors import StopDistrict
from sisbridge.house import House
from sisbridge.settings import Settings
from sisbridge.store import regions
from sisbridge.sync.region import load_region
from sisbridge.sync.region_words import refuse_unknown
from tests.support.pages import shown_regions

GOOD = """
[[offering]]
id = "PHYS"
title = "Physics"
course_code = "ESC-PHYS"
term = "S1"
school_year = "2026"
host_district = "9801"
begin_date = 2025-08-15
end_date = 2026-01-17
posting_opens_on = 2026-01-12
posting_closes_on = 2026-02-14

[[district]]
code = "9801"
name = "North"
state = "IN"
lea_identifier = "1809801"
time_zone = "America/Chicago"
school_year = "2026"
mou_approved_on = 2025-07-01
[district.settings]
identifier_width = 9
[district.settings.thresholds]
removed = 0.2
enrollments = { removed = 0.3 }
[district.roster]
kind = "oneroster_rest"
[district.roster.settings]
base_url = "https://sis.example"
[district.roster.secrets]
client_secret = "sis_client_secret"
[[district.rollover]]
from = 2026-07-01
to = 2026-07-08
[[district.term]]
term = "S1"
reporting_period = "Final"
kind = "final"
session_sourced_id = "t1"
"""

SLIPS = {
    "a guard that would be off": ("lea_identifier", "lea_identifer", "(did you mean 'lea_identifier'?)"),
    "a table": ("[[district]]", "[[districts]]", "in the file, the key 'districts' is not known"),
    "single brackets": ("[[district.rollover]]", "[district.rollover]", "'rollover' has to stand in double"),
    "a setting": ("identifier_width", "identifier_with", "district 9801, settings, the key"),
    "a threshold": ("removed = 0.2", "remove = 0.2", "(did you mean 'removed'?)"),
    "a table's threshold": ("{ removed", "{ gone", "settings.thresholds.enrollments, the key 'gone'"),
    "a kind": ("oneroster_rest", "oneroster", "the kind is none of csv_sftp, "),
    "a setting of the SIS": ("base_url", "base_ulr", "roster.settings, the key 'base_ulr'"),
    "a secret of the SIS": ("client_secret =", "client_secrets =", "roster.secrets, the key"),
    "a time zone": ("America/Chicago", "Chicago", "'time_zone' must be one such as"),
    "a window": ("to = 2026-07-08", "until = 2026-07-08", "rollover, the key 'until'"),
    "a window's table": (
        "to = 2026-07-08",
        'to = 2026-07-08\ntables = ["enrolments"]',
        "the table 'enrolments'",
    ),
    "a kind of grade": ('"final"', '"finale"', "'kind' must be one of final, progress"),
    "an offering": ('title = "Physics"', 'title = "P"\nminimum_seat = 3', "offering PHYS, the key"),
    "a number in quotes": ('title = "Physics"', 'title = "P"\nminimum_seats = "3"', "without quotes"),
    "no TOML": ('name = "North"', "name = North", "at line 16, column 8"),
}


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house without a district; tests add none, or one of their own."""
    home = tmp_path_factory.mktemp("home")
    opened = House.open(
        Settings(home=home, database_url=f"sqlite:///{home / 's.db'}", demo=True, actor="tester")
    )
    yield opened
    opened.close()


@pytest.mark.parametrize(("right", "wrong", "said"), SLIPS.values(), ids=SLIPS)
def test_a_slip_is_named_and_nothing_is_loaded(
    empty: House, tmp_path: Path, right: str, wrong: str, said: str
) -> None:
    file = tmp_path / "region.toml"
    file.write_text(GOOD.replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(StopDistrict) as raised:
        load_region(empty, file, "tester")
    assert raised.value.code == "CF20"
    assert said in raised.value.message
    with empty.store.read() as conn:
        assert "9801" not in [one.code for one in regions.districts(conn)]
        assert "PHYS" not in [one.offering_id for one in regions.offerings(conn)]


def test_the_same_file_without_a_slip_is_loaded(empty: House, tmp_path: Path) -> None:
    file = tmp_path / "region.toml"
    file.write_text(GOOD.replace("9801", "9802").replace("PHYS", "CHEM"), encoding="utf-8")
    assert load_region(empty, file, "tester") == ["9802"]


@pytest.mark.parametrize("page", ["region-file.md", "generic.md", "powerschool.md", "infinite-campus.md"])
def test_every_word_of_the_pages_is_known(page: str) -> None:
    shown = shown_regions(page)
    assert shown
    for content in shown:
        refuse_unknown(content)


def test_a_course_that_leads_nowhere_leaves_the_whole_file_unloaded(empty: House, tmp_path: Path) -> None:
    file = tmp_path / "region.toml"
    file.write_text(GOOD + '[district.crosswalk]\n"ESC-PHYS" = "PHYSICS"\n', encoding="utf-8")
    with pytest.raises(StopDistrict, match=r"CF43.*'PHYSICS' is unknown"):
        load_region(empty, file, "tester")
    with empty.store.read() as conn:
        assert "9801" not in [one.code for one in regions.districts(conn)]


def test_one_district_twice_is_refused(empty: House, tmp_path: Path) -> None:
    file = tmp_path / "region.toml"
    file.write_text(GOOD + GOOD[GOOD.index("[[district]]") :], encoding="utf-8")
    with pytest.raises(StopDistrict, match="district 9801 stands 2 times"):
        load_region(empty, file, "tester")
