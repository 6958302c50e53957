"""Answer in one sentence why a student, a class or a grade stands as it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from domain.ids import DistrictCode, SourcedId
from domain.model import District
from domain.tables import RosterTable
from mappings import numbers
from sisbridge.house import House
from sisbridge.store import roster
from sisbridge.store.database import Connection
from sisbridge.sync.answers import why_absent, why_grade, why_held, why_present


@dataclass(frozen=True)
class Answer:
    """One sentence about one thing in one district."""

    district: DistrictCode
    sentence: str


_Reason = Callable[[Connection, House, District, SourcedId], str]

_REASONS: tuple[_Reason, ...] = (
    why_held.by_rule,
    why_grade.of_grade,
    why_held.by_hold,
    why_absent.left_out,
    why_present.present,
    why_absent.known_otherwise,
    why_absent.gone,
    why_absent.not_applied,
    why_absent.out_of_scope,
)
"""What may be said, the first that has something to say decides."""


def why(house: House, subject: str, district: DistrictCode | None = None) -> list[Answer]:
    """Return a sentence per district that knows the subject, or one that nobody does.

    subject: the sourcedId of a student, a class or another row, or the id of a grade or an outbox item.
    """
    chosen = [district] if district else house.districts()
    answers = [a for code in chosen for a in _of_district(house, house.district(code), SourcedId(subject))]
    if answers:
        return answers
    where = f"district {district}" if district else "any district"
    unknown = f"No student, class or grade with sourcedId {subject} was ever seen in {where}."
    return [Answer(district or DistrictCode(""), unknown)]


def why_number(house: House, number: str, district: DistrictCode | None = None) -> list[Answer]:
    """Return what `why` says of every student with a local id or state id; the number is in no answer."""
    chosen = [district] if district else house.districts()
    answers = []
    for code in chosen:
        for student in _with_number(house, house.district(code), number.strip()):
            answers += _of_district(house, house.district(code), student)
    if answers:
        return answers
    where = f"district {district}" if district else "any district"
    unknown = f"No student with that number is on the roster of {where}; ask by sourcedId for one that was."
    return [Answer(district or DistrictCode(""), unknown)]


def _with_number(house: House, district: District, number: str) -> list[SourcedId]:
    with house.store.read() as conn:
        rows = roster.rows(conn, district.code, RosterTable.USERS, numbers.COLUMNS, None)
    found = numbers.numbers(rows, numbers.number_settings(district.settings, district.state)).to_pylist()
    return [
        SourcedId(row["sourced_id"])
        for row in found
        if number and number in (row["local_id"], row["state_id"])
    ]


def _of_district(house: House, district: District, subject: SourcedId) -> list[Answer]:
    with house.store.read() as conn:
        for reason in _REASONS:
            if sentence := reason(conn, house, district, subject):
                return [Answer(district.code, sentence)]
    return []
