"""Which user rows are one person."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from domain.ids import DistrictCode, PersonId, SourcedId, fixed_id
from mappings.identity import (
    AMBIGUOUS,
    BLANK,
    SHARED,
    Decisions,
    IdentityPlan,
    Keyed,
    Pair,
    Unmatched,
    agreeing,
    kinds_of,
    plan,
    proposed,
    share_recognised,
    twins,
)

D1, D2 = DistrictCode("D1"), DistrictCode("D2")
U1, U2, U3 = (SourcedId(text) for text in ("u1", "u2", "u3"))
P, Q = PersonId("p"), PersonId("q")


def user(
    name: str, state: str | None = None, local: str | None = None, *, gone: bool = False, who: str = ""
) -> Keyed:
    return Keyed(SourcedId(name), state, local, not gone, PersonId(who) if who else None)


def planned(*users: Keyed, said: Decisions | None = None, district: DistrictCode = D1) -> IdentityPlan:
    touched = [one.user for one in users if one.in_force]
    return plan(touched, users, said or Decisions(), district, "2026")


def person(first: str, district: DistrictCode = D1, year: str = "2026") -> PersonId:
    return PersonId(fixed_id("person", district, year, first))


def test_students_with_numbers_of_their_own_are_each_a_person() -> None:
    made = planned(user("u1", local="a"), user("u2", local="b"), user("u3"))
    assert made.links == {U1: person("u1"), U2: person("u2"), U3: person("u3")}
    assert made.held == []


def test_two_active_users_with_one_number_are_both_held() -> None:
    made = planned(user("u1", local="a"), user("u2", local="a"))
    assert made.links == {}
    assert made.held == [Unmatched(U1, SHARED, (U2,)), Unmatched(U2, SHARED, (U1,))]


def test_who_is_known_stays_who_it_is_when_another_comes_with_the_same_number() -> None:
    users = (user("u1", local="a", who="p"), user("u2", local="a"))
    made = plan([U2], users, Decisions(), D1, "2026")
    assert made.links == {}
    assert made.held == [Unmatched(U2, SHARED, (U1,))]


def test_a_new_user_is_the_person_of_a_user_that_is_gone() -> None:
    made = planned(user("u1", local="a", gone=True, who="p"), user("u2", local="a"))
    assert (made.links, made.held) == ({U2: P}, [])


def test_the_state_id_decides_before_the_local_id() -> None:
    gone = (user("u1", state="s", local="x", gone=True, who="p"), user("u3", local="a", gone=True, who="q"))
    assert planned(*gone, user("u2", state="s", local="a")).links == {U2: P}


def test_two_state_ids_tell_users_of_one_local_id_apart() -> None:
    made = planned(user("u1", state="s1", local="a"), user("u2", state="s2", local="a"))
    assert made.links == {U1: person("u1"), U2: person("u2")}


def test_a_number_that_two_persons_had_before_is_for_a_person_to_decide() -> None:
    gone = (user("u1", local="a", gone=True, who="p"), user("u3", local="a", gone=True, who="q"))
    made = planned(*gone, user("u2", local="a"))
    assert (made.links, made.held) == ({}, [Unmatched(U2, AMBIGUOUS, (U1, U3))])


def test_a_person_that_somebody_active_is_already_is_given_to_nobody_else() -> None:
    users = (user("u1", local="a", gone=True, who="p"), user("u3", local="a"))
    made = plan([U3], users, Decisions(), D1, "2026", active={P})
    assert (made.links, made.held) == ({}, [Unmatched(U3, AMBIGUOUS, (U1,))])


def test_a_pair_said_to_be_the_same_is_one_person_though_both_are_active() -> None:
    said = Decisions(same=frozenset({pair("u1", "u2")}))
    for numbers in ({"local": "a"}, {}):
        made = planned(user("u2", **numbers), user("u1", **numbers), said=said)
        assert (made.links, made.held) == ({U1: person("u1"), U2: person("u1")}, [])


def test_a_pair_said_to_be_different_is_two_persons_though_the_number_is_one() -> None:
    said = Decisions(different=frozenset({pair("u1", "u2")}))
    made = planned(user("u1", local="a"), user("u2", local="a"), said=said)
    assert (made.links, made.held) == ({U1: person("u1"), U2: person("u2")}, [])


def test_users_of_one_person_are_no_rivals() -> None:
    made = planned(user("u1", local="a", who="p"), user("u2", local="a", who="p"))
    assert (made.links, made.held) == ({}, [])


def test_a_person_never_spans_districts_or_school_years() -> None:
    one = user("u1", local="a")
    found = [
        plan([U1], [one], Decisions(), *where).links[U1]
        for where in ((D1, "2026"), (D2, "2026"), (D1, "2027"))
    ]
    assert len(set(found)) == 3


def test_a_proposal_names_the_fields_that_agree_and_no_value() -> None:
    rows = {U1: {"given_name": "Ann", "grades": "10"}, U2: {"given_name": "ANN", "grades": "11"}}
    assert agreeing(rows[U1], rows[U2]) == ("given_name",)
    made = proposed(Unmatched(U1, SHARED, (U2,)), rows, {})
    assert made == Unmatched(U1, SHARED, (U2,), ("given_name",))
    assert "Ann" not in repr(made)


def test_equal_names_only_propose_and_only_where_there_is_no_number() -> None:
    alike = twins([(U1, "Ann", "Other"), (U2, "ann", "other"), (U3, "Bo", "Other")])
    assert alike == {U1: (U2,), U2: (U1,)}
    rows = {U1: {"given_name": "Ann"}, U2: {"given_name": "ann"}}
    assert proposed(Unmatched(U1, BLANK), rows, alike).others == (U2,)
    assert planned(user("u1"), user("u2")).links == {U1: person("u1"), U2: person("u2")}


def test_the_rate_by_kind_of_number() -> None:
    kinds = kinds_of(["s", None, None, None], ["a", "b", None, "c"])
    assert kinds == {"state id": 1, "local id": 2, "sourcedId": 1}
    assert share_recognised(kinds) == 0.75
    assert share_recognised({}) == 1.0


def pair(one: str, other: str) -> Pair:
    return frozenset({SourcedId(one), SourcedId(other)})


@st.composite
def students(draw: st.DrawFn) -> list[Keyed]:
    names = draw(st.lists(st.sampled_from("abcdef"), unique=True, min_size=1))
    number = st.none() | st.sampled_from("12")
    return [
        user(
            name, draw(number), draw(number), gone=draw(st.booleans()), who=draw(st.sampled_from(["", name]))
        )
        for name in names
    ]


@given(students())
def test_no_order_matters_and_no_two_active_students_become_one_person(users: list[Keyed]) -> None:
    made = planned(*users)
    assert planned(*reversed(users)) == made
    here = {one.user: made.links.get(one.user, one.person) for one in users if one.in_force}
    for one, other in combinations(here, 2):
        assert here[one] != here[other] or here[one] is None
    waiting = {one.user for one in made.held}
    assert {name for name, who in here.items() if who is None} <= waiting


@given(students())
def test_planning_again_gives_nobody_another_person(users: list[Keyed]) -> None:
    made = planned(*users)
    again = [Keyed(u.user, u.state, u.local, u.in_force, made.links.get(u.user, u.person)) for u in users]
    assert planned(*again).links == {}
