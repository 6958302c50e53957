"""Who is nobody else is found a column at a time, and is who the plan says."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from domain.ids import DistrictCode, PersonId, SourcedId
from mappings.identity import Decisions, Keyed, Pair, plan
from mappings.newcomers import newcomers, own_persons, sharing_with

DISTRICT, YEAR = DistrictCode("d"), "2026"


def keys(users: list[Keyed]) -> pa.Table:
    """The users' numbers as the store keeps them."""
    rows = [{"user_sourced_id": u.user, "identity_id": u.state, "local_fingerprint": u.local} for u in users]
    names = ("user_sourced_id", "identity_id", "local_fingerprint")
    return pa.Table.from_pylist(rows, pa.schema([(name, pa.string()) for name in names]))


def found(users: list[Keyed], said: Decisions) -> tuple[set[SourcedId], dict[SourcedId, PersonId]]:
    """The users in force that are nobody else, and which persons they become."""
    touched = pa.array([one.user for one in users if one.in_force], pa.string())
    linked = pa.array([one.user for one in users if one.person], pa.string())
    new = newcomers(touched, keys(users), linked, said)
    persons = own_persons(new, DISTRICT, YEAR).to_pylist()
    return set(new.to_pylist()), dict(zip(new.to_pylist(), persons, strict=True))


def test_who_shares_no_number_is_nobody_else() -> None:
    users = [
        Keyed(SourcedId("alone"), "s1", "l1"),
        Keyed(SourcedId("without"), None, None),
        Keyed(SourcedId("one"), None, "l2"),
        Keyed(SourcedId("other"), "s2", "l2"),
        Keyed(SourcedId("gone"), "s3", None, in_force=False),
        Keyed(SourcedId("heir"), "s3", None),
        Keyed(SourcedId("known"), "s4", "l4", person=PersonId("p")),
    ]
    assert found(users, Decisions())[0] == {"alone", "without"}


def test_whom_somebody_decided_about_is_left_to_the_plan() -> None:
    pair = frozenset({SourcedId("a"), SourcedId("b")})
    users = [Keyed(SourcedId(name), None, name) for name in "abc"]
    assert found(users, Decisions(same=frozenset({pair})))[0] == {"c"}


def test_some_students_are_found_with_all_who_have_a_number_of_theirs() -> None:
    users = [
        Keyed(SourcedId("me"), "s1", "l1"),
        Keyed(SourcedId("same state id"), "s1", None),
        Keyed(SourcedId("same local id"), None, "l1"),
        Keyed(SourcedId("their neighbour"), "s2", None),
        Keyed(SourcedId("blank"), None, None),
        Keyed(SourcedId("I too"), None, None),
    ]
    shared = sharing_with(keys(users), pa.array(["me", "I too"]))
    assert shared.column("user_sourced_id").to_pylist() == ["me", "same state id", "same local id", "I too"]


@st.composite
def nights(draw: st.DrawFn) -> tuple[list[Keyed], Decisions]:
    """Some students, some of whom share numbers, are gone, or are a person; and what was decided of them."""
    names = [SourcedId(name) for name in draw(st.lists(st.sampled_from("abcdefgh"), unique=True, min_size=1))]
    number = st.none() | st.sampled_from("12345")
    who = st.none() | st.sampled_from([PersonId("p"), PersonId("q")])
    users = [Keyed(name, draw(number), draw(number), draw(st.booleans()), draw(who)) for name in names]
    return users, Decisions(same=draw(_pairs(names)), different=draw(_pairs(names)))


def _pairs(names: list[SourcedId]) -> st.SearchStrategy[frozenset[Pair]]:
    pair = st.frozensets(st.sampled_from(names), min_size=2, max_size=2)
    return st.frozensets(pair, max_size=2) if len(names) > 1 else st.just(frozenset())


@given(nights())
def test_the_plan_is_the_same_with_them_and_without(night: tuple[list[Keyed], Decisions]) -> None:
    users, said = night
    touched = [one.user for one in users if one.in_force]
    whole = plan(touched, users, said, DISTRICT, YEAR)
    new, persons = found(users, said)
    rest = plan([user for user in touched if user not in new], users, said, DISTRICT, YEAR)
    assert (rest.links | persons, rest.held) == (whole.links, whole.held)
    assert not rest.links.keys() & persons.keys()
    others = [one for one in users if one.user not in new]
    assert plan([user for user in touched if user not in new], others, said, DISTRICT, YEAR) == rest
