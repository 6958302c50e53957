"""Birth dates as a source writes them, into what can be compared: never shown, never matched on alone."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache, partial

import pyarrow as pa
import pyarrow.compute as pc

from domain.ids import SourcedId
from domain.tables import PLACE
from mappings.arrow import Texts, texts
from mappings.identity import HELD, Decisions, Keyed, Unmatched
from mappings.values import date_text

ALIKE, ELSEWHERE = "ID27", "ID28"
"""Another student here of the same name and birth date; one of another district, and no state id to tell."""

AGREE = ("birth_date", "family_name", "given_name")
"""The fields that agree when two students have the same mark."""

_GONE = pa.array(["tobedeleted", "inactive"])
"""What a row that is gone says of itself, the second in OneRoster 1.0."""

_OLDEST = timedelta(days=36_525)
"""A birth a hundred years ago is what systems write where they know none."""


@dataclass(frozen=True, slots=True)
class BirthDates:
    """Birth dates by user, and the places of rows whose date cannot be read or that contradict each other.

    named: all users of whom there was a row, whatever it said.
    """

    by_user: Mapping[SourcedId, str] = field(repr=False)
    broken: tuple[str, ...]
    named: frozenset[SourcedId] = frozenset()


def birth_dates(rows: Iterable[pa.RecordBatch], month_first: bool, night_on: date) -> BirthDates:
    """Return birth dates as YYYY-MM-DD of rows of (sourcedId, status, birthDate, place), all text.

    A date that lies after the night or a hundred years before it is none. Rows that are marked as deleted
    or have no date say nothing; two dates of one user are both dropped. month_first: as the mapping setting.
    """
    found: dict[SourcedId, str] = {}
    broken: dict[str, None] = {}
    contradicted: set[SourcedId] = set()
    named: set[SourcedId] = set()
    # A million students were born on some thousand days.
    believed = cache(partial(_believed, month_first=month_first, night_on=night_on))
    for batch in rows:
        named.update(map(SourcedId, batch.column("sourcedId").drop_null().to_pylist()))
        for user, said, place in _told(batch):
            born = believed(said)
            if not user or not born:
                broken[place] = None
            elif found.setdefault(SourcedId(user), born) != born:
                broken[place] = None
                contradicted.add(SourcedId(user))
    by_user = {user: on for user, on in found.items() if user not in contradicted}
    return BirthDates(by_user, tuple(broken), frozenset(named))


def _told(batch: pa.RecordBatch) -> Iterable[tuple[str | None, str, str]]:
    """Yield user, birth date as written and place of the rows that say one."""
    said = pc.utf8_trim_whitespace(batch.column("birthDate"))
    gone = pc.is_in(pc.utf8_lower(batch.column("status")), value_set=_GONE)
    rows = batch.filter(pc.and_(pc.fill_null(pc.not_equal(said, ""), False), pc.invert(gone)))
    names = ("sourcedId", "birthDate", PLACE)
    columns = (rows.column(name).to_pylist() for name in names)
    for user, text, place in zip(*columns, strict=True):
        yield user, text.strip(), place


def _believed(text: str, month_first: bool, night_on: date) -> str | None:
    try:
        born = date.fromisoformat(date_text(text, month_first))
    except ValueError:
        return None
    return born.isoformat() if night_on - _OLDEST < born <= night_on else None


def spoken(names: pa.RecordBatch, births: Mapping[SourcedId, str]) -> tuple[Texts, list[str]]:
    """Return the users of whom name and birth date are both known, and what each is marked by, in clear.

    names: sourced_id, given_name and family_name a row. Letter case, accents' spelling and blanks aside, two
    texts are equal only if given name, family name and birth date are.
    """
    users = [user for user in names.column("sourced_id").to_pylist() if user in births]
    rows = names.filter(pc.is_in(names.column("sourced_id"), value_set=pa.array(users, pa.string())))
    parts = (texts(rows, name).fill_null("").to_pylist() for name in ("given_name", "family_name"))
    pairs = zip(*parts, strict=True)
    said = [
        "\x1f".join((_plain(given), _plain(family), births[user]))
        for user, (given, family) in zip(users, pairs, strict=True)
    ]
    return pa.array(users, pa.string()), said


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def with_births(
    entries: Iterable[Unmatched],
    alike: Mapping[SourcedId, tuple[SourcedId, ...]],
    marks: Mapping[SourcedId, str],
) -> list[Unmatched]:
    """Return the worklist with what birth dates say of whom somebody might be; nothing of it is a match.

    alike: who has whose name and birth date, as `proposals` returns it. marks: of name and birth date, where
    both are known. Where no number leads anywhere, the same name and birth date come before a name alone,
    and whom only a name proposes is left out when the birth dates differ.
    """
    entries = list(entries)
    listed = {one.user for one in entries}
    more = [Unmatched(user, ALIKE, alike[user], AGREE) for user in sorted(alike.keys() - listed)]
    return [_weighed(one, alike.get(one.user, ()), marks) for one in entries] + more


def _weighed(entry: Unmatched, alike: tuple[SourcedId, ...], marks: Mapping[SourcedId, str]) -> Unmatched:
    mine = marks.get(entry.user)
    if entry.rule in HELD:
        is_same = mine is not None and all(marks.get(one) == mine for one in entry.others)
        return replace(entry, agree=tuple(sorted({*entry.agree, *AGREE}))) if is_same else entry
    if alike:
        return replace(entry, others=alike, agree=AGREE)
    others = tuple(one for one in entry.others if mine is None or one not in marks)
    return replace(entry, others=others, agree=entry.agree if others else ())


def proposals(
    pairs: Iterable[tuple[SourcedId, SourcedId]], known: Mapping[SourcedId, Keyed], decisions: Decisions
) -> dict[SourcedId, tuple[SourcedId, ...]]:
    """Return whom the same name and birth date propose to be one, each user with the others.

    pairs: users of equal marks, each way round. known: numbers and persons of those in force. Two of
    different state ids are two, one person already is no news, and what somebody said of a pair stays said.
    """
    others: dict[SourcedId, list[SourcedId]] = {}
    said = decisions.same | decisions.different
    for one, other in pairs:
        if frozenset({one, other}) not in said and _may_be_one(known.get(one), known.get(other)):
            others.setdefault(one, []).append(other)
    return {user: tuple(sorted(them)) for user, them in others.items()}


def _may_be_one(one: Keyed | None, other: Keyed | None) -> bool:
    if one is None or other is None or (one.person and one.person == other.person):
        return False
    return not (one.state and other.state and one.state != other.state)
