"""The fields of every OneRoster record and file, per version, as data: kind, vocabulary, target, need.

Sources: OneRoster 1.1 and 1.2 information models and OpenAPI documents; CSV bindings 1.1.1 and 1.2.1.
Where the sources of 1.1 disagree on what is required, only what all of them require counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from domain.oneroster import COLLECTIONS, Version


@dataclass(frozen=True, slots=True)
class Field:
    """One field under its REST name.

    kind: text, texts, grades, boolean, date, dateTime, year, number, word, words, ref, refs, parts,
    userIds, password. about: the vocabulary of a word, the collection a reference leads to, the
    kind of the parts. needed: whether a record may not lack it.
    """

    name: str
    kind: str
    about: str
    needed: bool


_HEAD = "sourcedId!:id status!:word=status dateLastModified!:dateTime"
_FLAGS = (
    "americanIndianOrAlaskaNative asian blackOrAfricanAmerican nativeHawaiianOrOtherPacificIslander white "
    "demographicRaceTwoOrMoreRaces hispanicOrLatinoEthnicity"
)

# One field: name, @ the only version that has it, ! required (in that version only), its kind = about.
_RECORDS: dict[str, str] = {
    "orgs": "name! type!:word=orgType identifier parent:ref=orgs children:refs=orgs",
    "academicSessions": (
        "title! startDate!:date endDate!:date type!:word=sessionType parent:ref=academicSessions "
        "children:refs=academicSessions schoolYear!:year"
    ),
    "courses": (
        "title! schoolYear:ref=academicSessions courseCode! grades:grades subjects:texts subjectCodes:texts "
        "org:ref=orgs resources:refs=resources"
    ),
    "classes": (
        "title! classCode classType:word=classType location grades:grades subjects:texts subjectCodes:texts "
        "course!2:ref=courses school!:ref=orgs terms!2:refs=academicSessions periods:texts "
        "resources:refs=resources"
    ),
    "users": (
        "username!1 userIds:userIds enabledUser!2:boolean givenName! familyName! middleName "
        "role@1!:word=userRole orgs@1!:refs=orgs roles@2!:parts=roles primaryOrg@2:ref=orgs "
        "userProfiles@2:parts=userProfiles userMasterIdentifier@2 preferredFirstName@2 preferredMiddleName@2 "
        "preferredLastName@2 pronouns@2 identifier email sms phone agents:refs=users grades:grades "
        "password:password resources@2:refs=resources"
    ),
    "enrollments": (
        "user!:ref=users class!:ref=classes school!:ref=orgs role!:word=enrollmentRole primary:boolean "
        "beginDate:date endDate:date"
    ),
    "demographics": "birthDate:date sex:word=sex countryOfBirthCode stateOfBirthAbbreviation cityOfBirth "
    "publicSchoolResidenceStatus " + " ".join(f"{name}:boolean" for name in _FLAGS.split()),
    "categories": "title! weight@2:number",
    "lineItems": (
        "title! description assignDate!:dateTime dueDate!2:dateTime class!:ref=classes school@2!:ref=orgs "
        "category!:ref=categories gradingPeriod:ref=academicSessions academicSession@2:ref=academicSessions "
        "scoreScale@2:ref=scoreScales resultValueMin!1:number resultValueMax:number "
        "learningObjectiveSet@2:parts=objectives"
    ),
    "results": (
        "lineItem!:ref=lineItems student!:ref=users class@2:ref=classes scoreScale@2:ref=scoreScales "
        "scoreStatus!:word=scoreStatus score!1:number textScore@2 scoreDate!:date comment "
        "learningObjectiveSet@2:parts=objectiveResults inProgress@2:boolean incomplete@2:boolean "
        "late@2:boolean missing@2:boolean"
    ),
    "scoreScales": (
        "title@2! type@2! class@2!:ref=classes course@2:ref=courses scoreScaleValue@2!:parts=scaleValues"
    ),
    "assessmentLineItems": (
        "title! description class:ref=classes parentAssessmentLineItem:ref=assessmentLineItems "
        "scoreScale:ref=scoreScales resultValueMin:number resultValueMax:number "
        "learningObjectiveSet:parts=objectives"
    ),
    "assessmentResults": (
        "assessmentLineItem!:ref=assessmentLineItems student!:ref=users scoreScale:ref=scoreScales "
        "scoreStatus!:word=scoreStatus score:number textScore scorePercentile:number scoreDate!:date comment "
        "learningObjectiveSet:parts=objectiveResults inProgress:boolean incomplete:boolean late:boolean "
        "missing:boolean"
    ),
    "resources": (
        "vendorResourceId! title importance:word=importance vendorId applicationId roles:words=resourceRole"
    ),
}

SERVED = tuple(_RECORDS)
"""The collections a REST server has, by path."""

_PARTS: dict[str, str] = {
    "roles": (
        "roleType!:word=roleType role!:word=userRole org!:ref=orgs userProfile beginDate:date endDate:date"
    ),
    "userProfiles": (
        "profileId! profileType! vendorId! applicationId description credentials:parts=credentials"
    ),
    "credentials": "type! username! password:password",
    "userIds": "type!2 identifier!",
    "objectives": "source! learningObjectiveIds!:texts",
    "objectiveResults": "source! learningObjectiveResults!:parts=objectiveScores",
    "objectiveScores": "learningObjectiveId! score:number textScore",
    "scaleValues": "itemValueLHS! itemValueRHS!",
}

_FILES: dict[str, str] = {
    "roles": (
        "user:ref=users roleType:word=roleType role:word=userRole beginDate:date endDate:date org:ref=orgs "
        "userProfile:ref=userProfiles"
    ),
    "userProfiles": "user:ref=users password:password",
    "lineItems": "assignDate:date dueDate:date",
    "scoreScales": "org:ref=orgs scoreScaleValue:text",
    "lineItemLearningObjectiveIds": "lineItem:ref=lineItems",
    "lineItemScoreScales": "lineItem:ref=lineItems scoreScale:ref=scoreScales",
    "resultLearningObjectiveIds": "result:ref=results score:number",
    "resultScoreScales": "result:ref=results scoreScale:ref=scoreScales",
    "classResources": "class:ref=classes resource:ref=resources",
    "courseResources": "course:ref=courses resource:ref=resources",
    "userResources": "user:ref=users org:ref=orgs class:ref=classes resource:ref=resources",
}
"""What a file has besides or other than the record of its name."""

_FIELD = re.compile(
    r"(?P<name>\w+)(@(?P<only>[12]))?(?P<need>!(?P<when>[12])?)?(:(?P<kind>\w+)(=(?P<about>\w+))?)?"
)
_RENAMED = {"preferredGivenName": "preferredFirstName", "preferredFamilyName": "preferredLastName"}


def _parse(text: str, version: Version) -> dict[str, Field]:
    digit, fields = version.value[-1], {}
    for match in map(_FIELD.fullmatch, text.split()):
        assert match is not None
        if match["only"] in (None, digit):
            needed = match["need"] is not None and match["when"] in (None, digit)
            kind, about = match["kind"] or "text", match["about"] or ""
            fields[match["name"]] = Field(match["name"], kind, about, needed)
    return fields


@lru_cache
def record_fields(collection: str, version: Version) -> dict[str, Field]:
    """Return the fields of a collection's REST records by name; metadata is not among them."""
    return _parse(f"{_HEAD} {_RECORDS[collection]}", version)


@lru_cache
def part_fields(kind: str, version: Version) -> dict[str, Field]:
    """Return the fields of what is nested in a record: `roles`, `userIds`, `scaleValues`, …"""
    return _parse(_PARTS[kind], version)


@lru_cache
def file_fields(file: str, version: Version) -> dict[str, Field]:
    """Return what each column of a CSV file holds, by the column's name, in the standard's order."""
    text = f"{_HEAD} {_RECORDS.get(file, '')} {_FILES.get(file, '')}"
    known, fields = _parse(text, version), {}
    for column in COLLECTIONS[file].columns[version]:
        found = known.get(_rest_name(column), Field(column, "text", "", False))
        required = column == "sourcedId" or column in COLLECTIONS[file].required[version]
        fields[column] = Field(column, found.kind, found.about, required)
    return fields


def _rest_name(column: str) -> str:
    if column.endswith("SourcedIds"):
        return column.removesuffix("SourcedIds") + "s"
    return _RENAMED.get(column, column.removesuffix("SourcedId"))
