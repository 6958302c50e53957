"""Which user rows of one district are one person, by what the SIS numbers them with. Never by name.

State id, local id, sourcedId: in that order. Two users that are active at the same time are two people
until a person says otherwise, however equal their numbers are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from domain.ids import DistrictCode, PersonId, SourcedId, fixed_id

SHARED, SHAPE, AMBIGUOUS, BLANK = "ID20", "ID21", "ID22", "ID24"
"""Two active students with one number; no state id by its shape; two people had it before; no number."""

HELD = frozenset({SHARED, AMBIGUOUS})
"""What keeps a student from becoming a person: everything hangs on the answer, so a person gives it."""

Pair = frozenset[SourcedId]


@dataclass(frozen=True, slots=True)
class Keyed:
    """One student user by its numbers, as keyed fingerprints: equal or not is all that can be told.

    state: the same in every district. local: this district's alone. in_force: on the roster now.
    person: who it is in this school year, where that is known.
    """

    user: SourcedId
    state: str | None
    local: str | None
    in_force: bool = True
    person: PersonId | None = None


@dataclass(frozen=True, slots=True)
class Decisions:
    """What people said about pairs of users in this school year."""

    same: frozenset[Pair] = frozenset()
    different: frozenset[Pair] = frozenset()

    def others(self, user: SourcedId) -> set[SourcedId]:
        """Return the users that were said to be the same person as this one."""
        return {other for pair in self.same if user in pair for other in pair} - {user}


@dataclass(frozen=True, slots=True)
class Unmatched:
    """One student that cannot be told apart, or be recognised, by its numbers.

    others: sourcedIds of whom it might be. agree: the fields that agree with them, never their values.
    """

    user: SourcedId
    rule: str
    others: tuple[SourcedId, ...] = ()
    agree: tuple[str, ...] = ()


@dataclass
class IdentityPlan:
    """Who is which person from tonight on, and who waits for a person's word."""

    links: dict[SourcedId, PersonId] = field(default_factory=dict)
    held: list[Unmatched] = field(default_factory=list)


def plan(
    touched: Collection[SourcedId],
    keyed: Iterable[Keyed],
    decisions: Decisions,
    district: DistrictCode,
    school_year: str,
    active: Collection[PersonId] = (),
) -> IdentityPlan:
    """Return the persons of the touched users that have none, and which users are held.

    keyed: the touched users and all of the district and year that share a number with one. active: the
    persons that a user in force is already. A user whose number only a user that is gone has is that
    one's person, unless another user is by now. A new person's id is fixed by district,
    school year and the first sourcedId of its users, so that the same night gives the same ids again.
    """
    desk = _Desk({one.user: one for one in keyed}, decisions, set(active))
    made = IdentityPlan()
    for user in sorted(touched):
        if desk.is_plain(user):
            made.links[user] = own_person(district, school_year, user)
        elif rivals := desk.rivals(user):
            made.held.append(Unmatched(user, SHARED, tuple(rivals)))
        elif desk.users[user].person is None:
            _settle(user, desk, made, district, school_year)
    return made


def own_person(district: DistrictCode, school_year: str, user: SourcedId) -> PersonId:
    """Return the person that a user becomes who was none before: the same one on every night."""
    return PersonId(fixed_id("person", district, school_year, user))


def _settle(
    user: SourcedId, desk: _Desk, made: IdentityPlan, district: DistrictCode, school_year: str
) -> None:
    group = {user, *(other for other in desk.decisions.others(user) if other in desk.users)}
    candidates = desk.candidates(user) | group
    people = {who for one in candidates if (who := made.links.get(one) or desk.users[one].person)}
    said = {made.links.get(one) or desk.users[one].person for one in group}
    if len(people) > 1 or (people - said) & desk.active:
        made.held.append(Unmatched(user, AMBIGUOUS, tuple(sorted(candidates - {user}))))
        return
    fresh = own_person(district, school_year, min(group))
    made.links[user] = next(iter(people), fresh)
    desk.active.add(made.links[user])


class _Desk:
    """The users at hand, by their numbers."""

    def __init__(self, users: dict[SourcedId, Keyed], decisions: Decisions, active: set[PersonId]) -> None:
        self.users = users
        self.active = active | {one.person for one in users.values() if one.in_force and one.person}
        self.decisions = decisions
        self._decided = {one for pair in decisions.same for one in pair}
        self._by_number: dict[tuple[str, str], list[Keyed]] = defaultdict(list)
        for one in users.values():
            for number in _numbers(one):
                self._by_number[number].append(one)

    def is_plain(self, user: SourcedId) -> bool:
        """Return whether a user is a person that nobody else could be: so are nearly all."""
        me = self.users[user]
        alone = all(len(self._by_number[number]) == 1 for number in _numbers(me))
        return alone and me.person is None and user not in self._decided

    def rivals(self, user: SourcedId) -> list[SourcedId]:
        """Return who else in force has this user's number and is not known to be the same person."""
        me = self.users[user]
        return sorted(
            other.user for other in self._sharing(me) if other.in_force and not self._is_same(me, other)
        )

    def candidates(self, user: SourcedId) -> set[SourcedId]:
        """Return whose person this user may be: the best kind of number that leads anywhere decides."""
        me = self.users[user]
        sharing = self._sharing(me)
        by_state = {other.user for other in sharing if me.state and other.state == me.state}
        return by_state or {other.user for other in sharing}

    def _sharing(self, me: Keyed) -> list[Keyed]:
        found = {other.user: other for number in _numbers(me) for other in self._by_number[number]}
        return [
            other
            for other in found.values()
            if other.user != me.user
            and frozenset({me.user, other.user}) not in self.decisions.different
            and not _differ(me, other)
        ]

    def _is_same(self, me: Keyed, other: Keyed) -> bool:
        known = me.person is not None and me.person == other.person
        return known or frozenset({me.user, other.user}) in self.decisions.same


def _numbers(one: Keyed) -> list[tuple[str, str]]:
    numbers = []
    if one.state:
        numbers.append(("state", one.state))
    if one.local:
        numbers.append(("local", one.local))
    return numbers


def _differ(me: Keyed, other: Keyed) -> bool:
    """Return whether two valid state ids say that a local number in common proves nothing."""
    return bool(me.state and other.state and me.state != other.state)


def is_renumbered(before: Keyed, after: Keyed) -> bool:
    """Return whether a user has another state id than before; where either lacks one, another local id."""
    if before.state and after.state:
        return before.state != after.state
    return bool(before.local and after.local and before.local != after.local)


def agreeing(one: Mapping[str, str | None], other: Mapping[str, str | None]) -> tuple[str, ...]:
    """Return the names of the fields that two rows have in common, blank ones and letter case aside."""
    return tuple(
        name
        for name, value in one.items()
        if value and (found := other.get(name)) and value.casefold() == found.casefold()
    )


def proposed(
    one: Unmatched,
    rows: Mapping[SourcedId, Mapping[str, str | None]],
    alike: Mapping[SourcedId, tuple[SourcedId, ...]],
) -> Unmatched:
    """Return an entry with whom it might be, and the fields in which they all agree, by name alone.

    rows: sourcedId → fields. alike: who has whose name, for an entry that no number leads anywhere.
    """
    others = one.others or (alike.get(one.user, ()) if one.rule == BLANK else ())
    mine = rows.get(one.user, {})
    shared = [set(agreeing(mine, rows[other])) for other in others if other in rows]
    agree = set.intersection(*shared) if shared else set()
    return Unmatched(one.user, one.rule, others, tuple(sorted(agree)))


def twins(names: Iterable[tuple[SourcedId, str, str]]) -> dict[SourcedId, tuple[SourcedId, ...]]:
    """Return, for each user, the others of the same given and family name: a proposal, never a match.

    names: sourcedId, given name, family name.
    """
    alike: dict[tuple[str, str], list[SourcedId]] = defaultdict(list)
    for user, given, family in names:
        alike[given.casefold(), family.casefold()].append(user)
    return {
        user: tuple(sorted(set(group) - {user}))
        for group in alike.values()
        if len(group) > 1
        for user in group
    }


def share_recognised(kinds: Mapping[str, int]) -> float:
    """Return the share of students with a state id or a local id; 1.0 of nobody.

    kinds: students by the best number each has: `state id`, `local id`, `sourcedId`.
    """
    everybody = sum(kinds.values())
    return 1.0 - kinds.get("sourcedId", 0) / everybody if everybody else 1.0


def kinds_of(states: Sequence[str | None], locals_: Sequence[str | None]) -> dict[str, int]:
    """Return how many students have which number as their best one, by kind of number."""
    counts = dict.fromkeys(("state id", "local id", "sourcedId"), 0)
    for state, local in zip(states, locals_, strict=True):
        counts["state id" if state else "local id" if local else "sourcedId"] += 1
    return counts
