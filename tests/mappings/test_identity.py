"""Which user rows are one person."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from domain.ids import DistrictCode, PersonId, SourcedId, fixed_id
from mappings.identity import new_people

D1, D2 = DistrictCode("D1"), DistrictCode("D2")
U1, U2, U3 = (SourcedId(text) for text in ("u1", "u2", "u3"))


def users(*rows: tuple[str, str | None]) -> pa.Table:
    schema = pa.schema([("sourced_id", pa.string()), ("identifier", pa.string())])
    return pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema=schema)


def person(district: DistrictCode, first: str) -> PersonId:
    return PersonId(fixed_id("person", district, "2026", first))


def test_two_users_with_one_identifier_are_one_person() -> None:
    found = new_people(users(("u2", "604903"), ("u1", "604903"), ("u3", "605120")), {}, D1, "2026")
    assert found == {U1: person(D1, "u1"), U2: person(D1, "u1"), U3: person(D1, "u3")}


def test_users_without_an_identifier_are_each_their_own_person() -> None:
    found = new_people(users(("u1", None), ("u2", None)), {}, D1, "2026")
    assert found == {U1: person(D1, "u1"), U2: person(D1, "u2")}


def test_a_lost_leading_zero_is_another_identifier() -> None:
    found = new_people(users(("u1", "0123"), ("u2", "123")), {}, D1, "2026")
    assert len(set(found.values())) == 2


def test_who_is_known_stays_and_brings_a_new_user_along() -> None:
    known = {U2: PersonId("p")}
    assert new_people(users(("u1", "7"), ("u2", "7")), known, D1, "2026") == {U1: "p"}


def test_a_person_never_spans_districts_or_school_years() -> None:
    one = users(("u1", "7"))
    found = [new_people(one, {}, *where) for where in ((D1, "2026"), (D2, "2026"), (D1, "2027"))]
    assert len({people[U1] for people in found}) == 3


@given(st.dictionaries(st.sampled_from("abcdef"), st.none() | st.sampled_from("12"), min_size=1))
def test_the_order_of_rows_does_not_matter_and_nobody_is_new_twice(people: dict[str, str | None]) -> None:
    rows = list(people.items())
    found = new_people(users(*rows), {}, D1, "2026")
    assert new_people(users(*reversed(rows)), {}, D1, "2026") == found
    assert set(found) == set(people)
    assert new_people(users(*rows), found, D1, "2026") == {}
