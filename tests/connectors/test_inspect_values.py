"""One value, one judgement; and what may be shown of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.oneroster.conformance import Deviations, masked
from connectors.oneroster.conformance_codes import CODES
from connectors.oneroster.conformance_fields import SERVED, file_fields, record_fields
from connectors.oneroster.conformance_references import circular
from connectors.oneroster.conformance_values import cell_faults, text_fault
from domain.oneroster import COLLECTIONS, Version, csv_files

NEW, OLD = Version.V1P2, Version.V1P1


@pytest.mark.parametrize(
    ("kind", "about", "version", "text", "code"),
    [
        ("date", "", NEW, "2026-02-28", ""),
        ("date", "", NEW, "2026-02-30", "OR-V05"),
        ("date", "", NEW, "2026-02-28T00:00:00Z", "OR-V05"),
        ("date", "", NEW, "1/05/2023", "OR-V05"),
        ("dateTime", "", NEW, "2026-01-15T00:00:00.000Z", ""),
        ("dateTime", "", NEW, "2026-01-15T00:00:00+00:00", "OR-V06"),
        ("dateTime", "", NEW, "2026-01-15T25:00:00.000Z", "OR-V06"),
        ("year", "", OLD, "2026", ""),
        ("year", "", OLD, "2025-2026", "OR-V07"),
        ("boolean", "", NEW, "true", ""),
        ("boolean", "", NEW, "TRUE", "OR-V04"),
        ("word", "userRole", NEW, "principal", ""),
        ("word", "userRole", OLD, "principal", "OR-V08"),
        ("word", "userRole", NEW, "ext:nurse", ""),
        ("word", "userRole", OLD, "ext:nurse", "OR-V09"),
        ("word", "status", NEW, "ext:gone", "OR-V09"),
        ("word", "status", NEW, "inactive", "OR-V25"),
        ("word", "classType", OLD, "Scheduled", "OR-V08"),
        ("word", "scoreStatus", NEW, "fully graded", ""),
        ("word", "scoreStatus", NEW, "fullyGraded", "OR-V08"),
        ("id", "", NEW, "a.b/c@d_e-f", ""),
        ("id", "", NEW, "a b", "OR-V10"),
        ("id", "", NEW, "x" * 256, "OR-V10"),
        ("grades", "", NEW, "KG", ""),
        ("grades", "", NEW, "9", "OR-V22"),
        ("userIds", "", OLD, "{LDAP:12},{SIS:ab}", ""),
        ("userIds", "", OLD, "LDAP:12", "OR-V19"),
        ("number", "", NEW, "-1.5", ""),
        ("number", "", NEW, "1,5", "OR-V20"),
    ],
)
def test_a_value_is_judged_by_the_kind_of_its_field(
    kind: str, about: str, version: Version, text: str, code: str
) -> None:
    assert text_fault(kind, about, version, text) == code


@pytest.mark.parametrize(
    ("cell", "codes"),
    [("09,10", []), ("Science, Physics", ["OR-V12"]), ("a,,b", ["OR-V13"]), ("a, ", ["OR-V12", "OR-V13"])],
)
def test_a_list_in_a_cell_has_no_blanks_and_no_empty_items(cell: str, codes: list[str]) -> None:
    assert list(cell_faults(cell)) == codes


@given(st.text(min_size=1))
def test_no_letter_or_digit_of_an_unknown_value_is_shown(text: str) -> None:
    shown = masked(f"Q{text}7")
    assert not {c for c in shown if c.isalpha()} - {"x"}
    assert not {c for c in shown if c.isdigit()} - {"9"}


def test_words_of_the_standard_are_shown_but_not_as_somebodys_race() -> None:
    found = Deviations(NEW)
    found.add("OR-V08", "classes.csv", 2, column="classType", sample="Scheduled")
    found.add("OR-V04", "demographics.csv", 2, column="asian", sample="TRUE")
    assert [one.sample for one in found.all()] == ["xxxx", "Scheduled"]


def test_a_cell_in_the_place_of_a_columns_name_is_masked() -> None:
    found = Deviations(NEW)
    found.add("OR-F18", "users.csv", 1, column="Doe, Jane 7")
    assert found.all()[0].field == "xxx, xxxx 9"


def test_places_are_the_first_three_and_rows_are_all() -> None:
    found = Deviations(NEW)
    for line in range(2, 12):
        found.add("OR-V01", "users.csv", line, column="givenName")
    (one,) = found.all()
    assert (one.rows, one.places) == (10, ("users.csv:2", "users.csv:3", "users.csv:4"))


@given(st.dictionaries(st.integers(0, 8).map(str), st.integers(0, 8).map(str)))
def test_an_id_is_circular_when_its_parents_lead_back_to_it(parents: dict[str, str]) -> None:
    for start in parents:
        chain, here = [], parents[start]
        for _ in parents:
            chain.append(here)
            here = parents.get(here, "")
        assert (start in chain) == (start in set(circular(parents)))


@pytest.mark.parametrize("version", list(Version))
def test_every_column_of_the_standard_has_a_kind_and_every_reference_a_collection(version: Version) -> None:
    fields = [field for file in csv_files(version) for field in file_fields(file, version).values()]
    fields += [
        field
        for path in SERVED
        if version in COLLECTIONS[path].columns
        for field in record_fields(path, version).values()
    ]
    named = [field for field in fields if field.name.endswith(("SourcedId", "SourcedIds"))]
    assert all(field.kind in ("ref", "refs") for field in named)
    assert all(field.about in COLLECTIONS for field in fields if field.kind in ("ref", "refs"))


def test_every_code_has_a_family_and_says_what_the_standard_says() -> None:
    assert {code[:4] for code in CODES} == {"OR-E", "OR-H", "OR-F", "OR-V", "OR-R"}
    assert all(known.message and known.rule and known.section for known in CODES.values())
