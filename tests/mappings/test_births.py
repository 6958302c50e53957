"""Birth dates: what is read of them, what they are marked by, and whom they propose."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ids import PersonId, SourcedId
from mappings.births import AGREE, birth_dates, proposals, spoken, with_births
from mappings.identity import Decisions, Keyed, Unmatched

NIGHT = date(2026, 1, 20)
U1, U2, U3, U4 = (SourcedId(f"u{number}") for number in range(1, 5))
Row = tuple[str | None, str | None, str | None]


def page(*rows: Row) -> pa.RecordBatch:
    """Return rows of user, status and birth date, numbered from 2 as in a file."""
    columns = [pa.array(values, pa.string()) for values in zip(*rows, strict=True)]
    places = pa.array([f"demographics.csv:{number}" for number in range(2, len(rows) + 2)])
    return pa.record_batch([*columns, places], names=["sourcedId", "status", "birthDate", "_place"])


def read(*rows: Row, month_first: bool = False) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the dates by user and the places that could not be used."""
    found = birth_dates([page(*rows)], month_first, NIGHT)
    return dict(found.by_user), found.broken


@pytest.mark.parametrize(
    ("text", "month_first", "on"),
    [
        ("2010-04-01", False, "2010-04-01"),
        (" 2010-04-01 ", False, "2010-04-01"),
        ("2010-04-01T00:00:00.000Z", False, "2010-04-01"),
        ("2010/4/1", False, "2010-04-01"),
        ("20100401", False, "2010-04-01"),
        ("04/01/2010", True, "2010-04-01"),
        ("04/01/2010", False, None),
        ("2010-02-30", False, None),
        ("1900-01-01", False, None),
        ("2026-01-21", False, None),
        ("Quillfeather", False, None),
    ],
)
def test_a_date_is_read_in_the_forms_of_the_roster_and_believed_if_it_can_be(
    text: str, month_first: bool, on: str | None
) -> None:
    dates, broken = read(("u1", "active", text), month_first=month_first)
    assert dates == ({"u1": on} if on else {})
    assert broken == (() if on else ("demographics.csv:2",))


def test_what_is_blank_or_deleted_says_nothing_and_two_dates_of_one_say_neither() -> None:
    dates, broken = read(
        ("u1", None, None), ("u2", "active", " "), ("u3", "ToBeDeleted", "2010-04-01"),
        ("u4", None, "2010-04-01"), ("u5", None, "2010-04-01"), ("u5", None, "20100401"),
        ("u6", None, "2010-04-01"), ("u6", None, "2010-04-02"), (None, None, "2010-04-01"),
        ("u7", "inactive", "2010-04-01"),
    )  # fmt: skip
    assert dates == {"u4": "2010-04-01", "u5": "2010-04-01"}
    assert broken == ("demographics.csv:9", "demographics.csv:10")


def marks(*people: tuple[str, str, str]) -> Sequence[str]:
    """Return what users of (given name, family name, birth date) are marked by."""
    given, family, dates = zip(*people, strict=True)
    users = [SourcedId(f"u{number}") for number in range(len(people))]
    names = pa.record_batch({"sourced_id": users, "given_name": given, "family_name": family})
    found, said = spoken(names, dict(zip(users, dates, strict=True)))
    assert found.to_pylist() == users
    return said


def test_case_blanks_and_the_spelling_of_an_accent_make_no_other_name() -> None:
    one, other = marks(("José ", "de  la Cruz", "2010-04-01"), ("JOSE\u0301", "De la cruz", "2010-04-01"))
    assert one == other


names = st.text(st.characters(codec="utf-8"), max_size=6)
somebody = st.tuples(names, names, st.sampled_from(["2010-04-01", "2010-04-02"]))


@given(somebody, somebody)
def test_no_name_can_pass_for_another_part_and_equal_ones_are_marked_alike(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    parts = [said.split("\x1f") for said in marks(one, other)]
    assert [(len(said), said[-1]) for said in parts] == [(3, one[2]), (3, other[2])]
    is_same = [" ".join(name.split()) for name in one] == [" ".join(name.split()) for name in other]
    assert parts[0] == parts[1] or not is_same


def student(user: SourcedId, state: str | None = None, person: str | None = None) -> Keyed:
    """Return a student in force."""
    return Keyed(user, state, None, person=PersonId(person) if person else None)


EVERYBODY = {user: student(user, person=user) for user in (U1, U2, U3)}


def both_ways(*pairs: tuple[SourcedId, SourcedId]) -> list[tuple[SourcedId, SourcedId]]:
    """Return pairs as the store tells them."""
    return [way for one, other in pairs for way in ((one, other), (other, one))]


def test_a_pair_of_one_name_and_birth_date_is_proposed_each_to_the_other() -> None:
    found = proposals(both_ways((U1, U2), (U1, U3), (U2, U3)), EVERYBODY, Decisions())
    assert found == {U1: (U2, U3), U2: (U1, U3), U3: (U1, U2)}


@pytest.mark.parametrize(
    "known",
    [
        {U1: student(U1, "1"), U2: student(U2, "2")},
        {U1: student(U1, person="p"), U2: student(U2, person="p")},
        {U1: student(U1)},
    ],
    ids=["other state ids", "one person already", "not in force"],
)
def test_a_pair_that_is_settled_is_not_proposed(known: dict[SourcedId, Keyed]) -> None:
    assert proposals(both_ways((U1, U2)), known, Decisions()) == {}


users = st.sampled_from([U1, U2, U3, U4])
pairs = st.sets(st.tuples(users, users).filter(lambda pair: pair[0] < pair[1]))


@given(pairs, pairs, pairs, st.lists(st.sampled_from([None, "a", "b"]), min_size=4, max_size=4))
def test_no_proposal_goes_against_a_decision_or_a_number_and_all_go_both_ways(
    alike: set[tuple[SourcedId, SourcedId]],
    same: set[tuple[SourcedId, SourcedId]],
    different: set[tuple[SourcedId, SourcedId]],
    states: list[str | None],
) -> None:
    said = Decisions(frozenset(map(frozenset, same)), frozenset(map(frozenset, different)))
    known = {user: student(user, state) for user, state in zip((U1, U2, U3, U4), states, strict=True)}
    told = proposals(both_ways(*alike), known, said)
    found = {(one, other) for one, them in told.items() for other in them}
    assert found == {(other, one) for one, other in found}
    for one, other in found:
        assert frozenset({one, other}) not in said.same | said.different
        assert not (known[one].state and known[other].state and known[one].state != known[other].state)


def test_whom_only_a_name_proposes_is_left_out_when_the_birth_dates_differ() -> None:
    entry = Unmatched(U1, "ID24", (U2, U3), ("given_name",))
    assert with_births([entry], {}, {U1: "a", U2: "b"}) == [Unmatched(U1, "ID24", (U3,), ("given_name",))]
    assert with_births([entry], {}, {U1: "a", U2: "b", U3: "c"}) == [Unmatched(U1, "ID24")]
    assert with_births([entry], {}, {U2: "b"}) == [entry]


def test_the_same_birth_date_comes_before_a_name_alone() -> None:
    entry = Unmatched(U1, "ID24", (U2, U3), ("given_name",))
    assert with_births([entry], {U1: (U3,)}, {U1: "a", U3: "a"}) == [Unmatched(U1, "ID24", (U3,), AGREE)]


def test_two_of_one_number_stay_two_and_are_told_that_the_birth_date_agrees() -> None:
    entry = Unmatched(U1, "ID20", (U2,), ("email",))
    (found,) = with_births([entry], {}, {U1: "a", U2: "a"})
    assert (found.others, found.agree) == ((U2,), ("birth_date", "email", "family_name", "given_name"))
    assert with_births([entry], {}, {U1: "a", U2: "b"}) == [entry]


def test_who_is_listed_already_is_not_listed_twice() -> None:
    found = with_births([Unmatched(U1, "ID21")], {U1: (U2,), U2: (U1,)}, {U1: "a", U2: "a"})
    assert found == [Unmatched(U1, "ID21", (U2,), AGREE), Unmatched(U2, "ID27", (U1,), AGREE)]
