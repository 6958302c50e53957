"""The fields of OneRoster's REST records, per version, as data.

Source: 1EdTech OneRoster 1.1 and 1.2 information models (rostering, gradebook, resources).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from domain.oneroster import BOTH, COLLECTIONS, Version


class Kind(StrEnum):
    """The shape a field has in JSON."""

    TEXT = "text"
    TEXTS = "texts"
    NUMBER = "number"
    BOOLEAN = "boolean"
    REFERENCE = "reference"
    REFERENCES = "references"
    OBJECTS = "objects"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record: name, shape, the collection it refers to, the versions that know it."""

    name: str
    kind: Kind = Kind.TEXT
    target: str = ""
    versions: tuple[Version, ...] = BOTH
    required: bool = False

    def needed(self) -> Field:
        """Return the same field as one a writer must send."""
        return Field(self.name, self.kind, self.target, self.versions, required=True)


NEW = (Version.V1P2,)
OLD = (Version.V1P1,)


def _fields(names: str, kind: Kind = Kind.TEXT, versions: tuple[Version, ...] = BOTH) -> tuple[Field, ...]:
    return tuple(Field(name, kind, "", versions) for name in names.split())


def _ref(name: str, target: str, versions: tuple[Version, ...] = BOTH) -> Field:
    return Field(name, Kind.REFERENCE, target, versions)


def _refs(name: str, target: str, versions: tuple[Version, ...] = BOTH) -> Field:
    return Field(name, Kind.REFERENCES, target, versions)


def _needed(*fields: Field) -> tuple[Field, ...]:
    return tuple(field.needed() for field in fields)


_COMMON = _needed(*_fields("sourcedId status dateLastModified"))
_METADATA = (Field("metadata", Kind.OBJECTS),)
_BOOLEANS, _TEXTS, _NUMBERS = Kind.BOOLEAN, Kind.TEXTS, Kind.NUMBER

_RECORDS: dict[str, tuple[Field, ...]] = {
    "academicSessions": (
        *_fields("title type startDate endDate schoolYear"),
        _ref("parent", "academicSessions"),
        _refs("children", "academicSessions"),
    ),
    "orgs": (*_fields("name type identifier"), _ref("parent", "orgs"), _refs("children", "orgs")),
    "courses": (
        *_fields("title courseCode"),
        *_fields("grades subjects subjectCodes", _TEXTS),
        _ref("schoolYear", "academicSessions"),
        _ref("org", "orgs"),
        _refs("resources", "resources"),
    ),
    "classes": (
        *_fields("title classCode classType location"),
        *_fields("grades subjects subjectCodes periods", _TEXTS),
        _ref("course", "courses"),
        _ref("school", "orgs"),
        _refs("terms", "academicSessions"),
        _refs("resources", "resources"),
    ),
    "users": (
        *_fields("username givenName familyName middleName identifier email sms phone password"),
        *_fields("enabledUser", _BOOLEANS),
        *_fields("grades", _TEXTS),
        *_fields("userIds", Kind.OBJECTS),
        _refs("agents", "users"),
        *_fields("role", versions=OLD),
        _refs("orgs", "orgs", OLD),
        *_fields("userMasterIdentifier pronouns", versions=NEW),
        *_fields("preferredFirstName preferredMiddleName preferredLastName", versions=NEW),
        *_fields("roles userProfiles", Kind.OBJECTS, NEW),
        _ref("primaryOrg", "orgs", NEW),
        _refs("resources", "resources", NEW),
    ),
    "enrollments": (
        *_fields("role beginDate endDate"),
        *_fields("primary", _BOOLEANS),
        _ref("user", "users"),
        _ref("class", "classes"),
        _ref("school", "orgs"),
    ),
    "demographics": (
        *_fields("birthDate sex countryOfBirthCode stateOfBirthAbbreviation cityOfBirth"),
        *_fields("publicSchoolResidenceStatus"),
        *_fields("americanIndianOrAlaskaNative asian blackOrAfricanAmerican white", _BOOLEANS),
        *_fields("nativeHawaiianOrOtherPacificIslander", _BOOLEANS),
        *_fields("demographicRaceTwoOrMoreRaces hispanicOrLatinoEthnicity", _BOOLEANS),
    ),
    "categories": (*_needed(*_fields("title")), *_fields("weight", _NUMBERS, NEW)),
    "lineItems": (
        *_needed(*_fields("title assignDate dueDate")),
        *_fields("description"),
        *_fields("resultValueMin resultValueMax", _NUMBERS),
        *_needed(_ref("class", "classes"), _ref("category", "categories"), _ref("school", "orgs", NEW)),
        *_needed(_ref("gradingPeriod", "academicSessions", OLD)),
        _ref("gradingPeriod", "academicSessions", NEW),
        _ref("academicSession", "academicSessions", NEW),
        _ref("scoreScale", "scoreScales", NEW),
        *_fields("learningObjectiveSet", Kind.OBJECTS, NEW),
    ),
    "results": (
        *_needed(_ref("lineItem", "lineItems"), _ref("student", "users")),
        *_needed(*_fields("scoreStatus scoreDate"), *_fields("score", _NUMBERS, OLD)),
        *_fields("score", _NUMBERS, NEW),
        *_fields("comment"),
        *_fields("textScore", versions=NEW),
        *_fields("inProgress incomplete late missing", _BOOLEANS, NEW),
        _ref("class", "classes", NEW),
        _ref("scoreScale", "scoreScales", NEW),
        *_fields("learningObjectiveSet", Kind.OBJECTS, NEW),
    ),
    "scoreScales": (
        *_needed(*_fields("title type", versions=NEW), *_fields("scoreScaleValue", Kind.OBJECTS, NEW)),
        _ref("class", "classes", NEW).needed(),
        _ref("course", "courses", NEW),
    ),
    "assessmentLineItems": (
        *_needed(*_fields("title", versions=NEW)),
        *_fields("description", versions=NEW),
        *_fields("resultValueMin resultValueMax", _NUMBERS, NEW),
        _ref("class", "classes", NEW),
        _ref("parentAssessmentLineItem", "assessmentLineItems", NEW),
        _ref("scoreScale", "scoreScales", NEW),
        *_fields("learningObjectiveSet", Kind.OBJECTS, NEW),
    ),
    "assessmentResults": (
        *_needed(_ref("assessmentLineItem", "assessmentLineItems", NEW), _ref("student", "users", NEW)),
        *_needed(*_fields("scoreStatus scoreDate", versions=NEW)),
        *_fields("textScore comment", versions=NEW),
        *_fields("score scorePercentile", _NUMBERS, NEW),
        *_fields("inProgress incomplete late missing", _BOOLEANS, NEW),
        _ref("scoreScale", "scoreScales", NEW),
        *_fields("learningObjectiveSet", Kind.OBJECTS, NEW),
    ),
    "resources": (
        *_fields("vendorResourceId title importance vendorId applicationId"),
        *_fields("roles", _TEXTS),
    ),
}

FIELDS: dict[Version, dict[str, dict[str, Field]]] = {
    version: {
        path: {field.name: field for field in (*_COMMON, *fields, *_METADATA) if version in field.versions}
        for path, fields in _RECORDS.items()
        if version in COLLECTIONS[path].columns
    }
    for version in BOTH
}
"""Version → collection path → field name → field. Collections a version lacks are not in it."""


def known_field(collection: str, name: str) -> Field | None:
    """Return a field of either version, the newer one first, or None."""
    return FIELDS[Version.V1P2][collection].get(name) or FIELDS[Version.V1P1].get(collection, {}).get(name)
