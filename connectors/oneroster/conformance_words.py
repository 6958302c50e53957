"""The vocabularies of OneRoster 1.1 and 1.2, as data.

Sources: OneRoster 1.1 and 1.2 information models, enumerations; CEDS for grade levels (recommended only).
"""

from __future__ import annotations

from domain.oneroster import SCORE_STATUSES, STATUSES, Version

_USERS_1P1 = "administrator aide guardian parent proctor relative student teacher"
_USERS_1P2 = (
    "aide counselor districtAdministrator guardian parent principal proctor relative siteAdministrator "
    "student systemAdministrator teacher"
)
_BOTH: dict[str, str] = {
    "orgType": "department district local national school state",
    "sessionType": "gradingPeriod semester schoolYear term",
    "classType": "homeroom scheduled",
    "enrollmentRole": "administrator proctor student teacher",
    "roleType": "primary secondary",
    "importance": "primary secondary",
    "resourceRole": _USERS_1P1,
}
_EACH: dict[str, tuple[str, str]] = {
    "userRole": (_USERS_1P1, _USERS_1P2),
    "sex": ("male female", "male female unspecified other"),
}

WORDS: dict[tuple[str, Version], frozenset[str]] = {
    **{(name, version): frozenset(text.split()) for name, text in _BOTH.items() for version in Version},
    **{
        (name, version): frozenset(text.split())
        for name, texts in _EACH.items()
        for version, text in zip(Version, texts, strict=True)
    },
    **{("status", version): frozenset(STATUSES) for version in Version},
    **{("scoreStatus", version): frozenset(SCORE_STATUSES) for version in Version},
}
"""Vocabulary and version → its words, in the standard's spelling."""

CLOSED = frozenset({"status", "roleType", "importance"})
"""Vocabularies that take no word of one's own."""

GRADES = frozenset(
    ["IT", "PR", "PK", "TK", "KG", *(f"{year:02}" for year in range(1, 14)), "PS", "UG", "Other"]
)
"""CEDS grade levels, which 1EdTech recommends."""

KNOWN_WORDS = frozenset(
    word.casefold() for words in WORDS.values() for word in (*words, "inactive", "true", "false", "yes", "no")
)
"""Every word above, and the wrong ones often met: showing these tells nothing about a person."""
