"""The OneRoster standard as data: endpoints, envelopes, fields and CSV headers of 1.1 and 1.2.

Sources: 1EdTech OneRoster 1.1 and 1.2 REST bindings, CSV bindings 1.1.1 and 1.2.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Version(StrEnum):
    """A OneRoster version as manifests and settings name it."""

    V1P1 = "1.1"
    V1P2 = "1.2"


class Service(StrEnum):
    """The services 1.2 splits the API into; 1.1 serves all of them below one path."""

    ROSTERING = "rostering"
    GRADEBOOK = "gradebook"
    RESOURCES = "resources"


BASE_PATHS: dict[tuple[Version, Service], str] = {
    **{(Version.V1P1, service): "/ims/oneroster/v1p1" for service in Service},
    **{(Version.V1P2, service): f"/ims/oneroster/{service}/v1p2" for service in Service},
}
"""Path roots below host and vendor prefix."""


_Columns = dict[Version, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Collection:
    """One collection: its path, envelope keys, CSV file, and the flat columns of its records.

    envelope: the key the standard wraps a page in; `path` names are met as envelope keys in the field too.
    single: the key around one record.
    columns: the CSV binding's header per version, which REST records are flattened to.
    required: columns a row may not lack besides sourcedId, per version.
    filed: whether the CSV binding has a file of it.
    """

    path: str
    envelope: str
    single: str
    service: Service
    columns: _Columns
    required: _Columns
    filed: bool = True


_HEAD = ("sourcedId", "status", "dateLastModified")
BOTH = (Version.V1P1, Version.V1P2)
_NEW = (Version.V1P2,)


def _both(columns: str) -> _Columns:
    return {version: _HEAD + tuple(columns.split(",")) for version in BOTH}


def _each(v1p1: str | None, v1p2: str | None) -> _Columns:
    texts = {Version.V1P1: v1p1, Version.V1P2: v1p2}
    return {version: _HEAD + tuple(text.split(",")) for version, text in texts.items() if text is not None}


def _need(v1p1: str, v1p2: str | None = None) -> _Columns:
    texts = {Version.V1P1: v1p1, Version.V1P2: v1p1 if v1p2 is None else v1p2}
    return {version: tuple(filter(None, text.split(","))) for version, text in texts.items()}


def _links(path: str, service: Service, versions: tuple[Version, ...], columns: str) -> Collection:
    """Return a file of what REST nests in other records; the columns it may not lack end in `!`."""
    names = columns.split()
    required = tuple(name[:-1] for name in names if name.endswith("!"))
    every = _HEAD + tuple(name.removesuffix("!") for name in names)
    return Collection(
        path, "", "", service, dict.fromkeys(versions, every), dict.fromkeys(versions, required)
    )


_R, _G, _S = Service.ROSTERING, Service.GRADEBOOK, Service.RESOURCES

COLLECTIONS: dict[str, Collection] = {
    collection.path: collection
    for collection in (
        Collection(
            "academicSessions",
            "academicSessions",
            "academicSession",
            _R,
            _both("title,type,startDate,endDate,parentSourcedId,schoolYear"),
            _need("title,type,startDate,endDate,schoolYear"),
        ),
        Collection(
            "orgs", "orgs", "org", _R, _both("name,type,identifier,parentSourcedId"), _need("name,type")
        ),
        Collection(
            "courses",
            "courses",
            "course",
            _R,
            _both("schoolYearSourcedId,title,courseCode,grades,orgSourcedId,subjects,subjectCodes"),
            _need("title,orgSourcedId"),
        ),
        Collection(
            "classes",
            "classes",
            "class",
            _R,
            _both(
                "title,grades,courseSourcedId,classCode,classType,location,schoolSourcedId,termSourcedIds,"
                "subjects,subjectCodes,periods"
            ),
            _need("title,courseSourcedId,classType,schoolSourcedId,termSourcedIds"),
        ),
        Collection(
            "users",
            "users",
            "user",
            _R,
            _each(
                "enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,middleName,identifier,"
                "email,sms,phone,agentSourcedIds,grades,password",
                "enabledUser,username,userIds,givenName,familyName,middleName,identifier,email,sms,phone,"
                "agentSourcedIds,grades,password,userMasterIdentifier,preferredGivenName,preferredMiddleName,"
                "preferredFamilyName,primaryOrgSourcedId,pronouns",
            ),
            _need(
                "enabledUser,orgSourcedIds,role,username,givenName,familyName",
                "enabledUser,username,givenName,familyName",
            ),
        ),
        Collection(
            "enrollments",
            "enrollments",
            "enrollment",
            _R,
            _both("classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate"),
            _need("classSourcedId,schoolSourcedId,userSourcedId,role"),
        ),
        Collection(
            "demographics",
            "demographics",
            "demographics",
            _R,
            _both(
                "birthDate,sex,americanIndianOrAlaskaNative,asian,blackOrAfricanAmerican,"
                "nativeHawaiianOrOtherPacificIslander,white,demographicRaceTwoOrMoreRaces,"
                "hispanicOrLatinoEthnicity,countryOfBirthCode,stateOfBirthAbbreviation,cityOfBirth,"
                "publicSchoolResidenceStatus"
            ),
            _need(""),
        ),
        Collection(
            "roles",
            "roles",
            "role",
            _R,
            _each(None, "userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,userProfileSourcedId"),
            _need("", "userSourcedId,roleType,role,orgSourcedId"),
        ),
        Collection(
            "userProfiles",
            "userProfiles",
            "userProfile",
            _R,
            _each(
                None,
                "userSourcedId,profileType,vendorId,applicationId,description,credentialType,username,password",
            ),
            _need("", "userSourcedId,profileType,vendorId,credentialType,username"),
        ),
        Collection(
            "categories", "categories", "category", _G, _each("title", "title,weight"), _need("title")
        ),
        Collection(
            "lineItems",
            "lineItems",
            "lineItem",
            _G,
            _each(
                "title,description,assignDate,dueDate,classSourcedId,categorySourcedId,gradingPeriodSourcedId,"
                "resultValueMin,resultValueMax",
                "title,description,assignDate,dueDate,classSourcedId,categorySourcedId,academicSessionSourcedId,"
                "resultValueMin,resultValueMax,schoolSourcedId",
            ),
            _need(
                "title,assignDate,dueDate,classSourcedId,categorySourcedId,gradingPeriodSourcedId,"
                "resultValueMin,resultValueMax",
                "title,assignDate,dueDate,classSourcedId,categorySourcedId,academicSessionSourcedId,schoolSourcedId",
            ),
        ),
        Collection(
            "results",
            "results",
            "result",
            _G,
            _each(
                "lineItemSourcedId,studentSourcedId,scoreStatus,score,scoreDate,comment",
                "lineItemSourcedId,studentSourcedId,scoreStatus,score,scoreDate,comment,textScore,classSourcedId,"
                "inProgress,incomplete,late,missing",
            ),
            _need(
                "lineItemSourcedId,studentSourcedId,scoreStatus,score,scoreDate",
                "lineItemSourcedId,studentSourcedId,scoreStatus,scoreDate",
            ),
        ),
        Collection(
            "scoreScales",
            "scoreScales",
            "scoreScale",
            _G,
            _each(None, "title,type,orgSourcedId,courseSourcedId,classSourcedId,scoreScaleValue"),
            _need("", "title,type,orgSourcedId,courseSourcedId,classSourcedId,scoreScaleValue"),
        ),
        Collection(
            "assessmentLineItems",
            "assessmentLineItems",
            "assessmentLineItem",
            _G,
            _each(
                None,
                "title,description,classSourcedId,parentAssessmentLineItemSourcedId,scoreScaleSourcedId,"
                "resultValueMin,resultValueMax",
            ),
            _need("", "title"),
            filed=False,
        ),
        Collection(
            "assessmentResults",
            "assessmentResults",
            "assessmentResult",
            _G,
            _each(
                None,
                "assessmentLineItemSourcedId,studentSourcedId,score,textScore,scoreDate,scoreScaleSourcedId,"
                "scorePercentile,scoreStatus,comment,inProgress,incomplete,late,missing",
            ),
            _need("", "assessmentLineItemSourcedId,studentSourcedId,scoreDate,scoreStatus"),
            filed=False,
        ),
        _links("lineItemLearningObjectiveIds", _G, _NEW, "lineItemSourcedId! source! learningObjectiveId!"),
        _links("lineItemScoreScales", _G, _NEW, "title lineItemSourcedId! scoreScaleSourcedId!"),
        _links(
            "resultLearningObjectiveIds",
            _G,
            _NEW,
            "resultSourcedId! source! learningObjectiveId! score textScore",
        ),
        _links("resultScoreScales", _G, _NEW, "title resultSourcedId! scoreScaleSourcedId!"),
        Collection(
            "resources",
            "resources",
            "resource",
            _S,
            _both("vendorResourceId,title,roles,importance,vendorId,applicationId"),
            _need("vendorResourceId"),
        ),
        _links("classResources", _S, BOTH, "title classSourcedId! resourceSourcedId!"),
        _links("courseResources", _S, BOTH, "title courseSourcedId! resourceSourcedId!"),
        _links("userResources", _S, _NEW, "userSourcedId! orgSourcedId classSourcedId resourceSourcedId!"),
    )
}
"""Every collection and CSV file, by the name its path and its file share. No envelope: CSV only."""

SUBSET_COLLECTIONS: dict[str, str] = {
    "terms": "academicSessions",
    "gradingPeriods": "academicSessions",
    "schools": "orgs",
    "students": "users",
    "teachers": "users",
}
"""Paths that serve a filtered part of another collection, under that collection's envelope."""

PROPERTY_HEADER = ("propertyName", "value")
MANIFEST_VERSION = "1.0"


def csv_files(version: Version) -> tuple[str, ...]:
    """Return the data files of a CSV package of one version, without `.csv`, in alphabetical order."""
    return tuple(sorted(name for name, item in COLLECTIONS.items() if item.filed and version in item.columns))


SCOPE_PREFIX: dict[Version, str] = {
    Version.V1P1: "https://purl.imsglobal.org/spec/or/v1p1/scope/",
    Version.V1P2: "https://purl.imsglobal.org/spec/or/v1p2/scope/",
}

SCORE_STATUSES = ("exempt", "fully graded", "not submitted", "partially graded", "submitted")
STATUSES = ("active", "tobedeleted")
TOTAL_HEADER = "X-Total-Count"
