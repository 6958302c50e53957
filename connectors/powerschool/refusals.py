"""What PowerSchool's refusals mean, in plain words that name no child.

A refusal's text may name a student or a grade, so none of it is shown: what is known in it is said in our
own words, and the fields it names are shown only when they are fields we know.
Source: PowerSchool developer pages, response messages of /ws/schema and /ws/xte.
"""

from __future__ import annotations

import re

from connectors.powerschool.grade_queries import BY_ROUTE
from connectors.powerschool.query_list import Query
from domain.errors import RetryLater, RowRejected, StopDistrict

MENU = "In PowerSchool under System > System Settings > Plugin Management Configuration"

_SAYINGS = (
    (r"window", r"clos", "the window for storing grades is closed"),
    (r"term", r"lock", "the term is locked"),
    (r"categor", r"inactive|not active", "the category is not active for the teacher"),
    (r"categor", r"", "the category is missing or not allowed"),
    (r"due", r"date", "the due date is outside the section's term"),
    (r"unique|exists already|already exists|duplicate", r"", "one of this name or code is there already"),
    (r"exceed|too long|length", r"", "a text is too long"),
    (r"not enrolled", r"", "the student is not enrolled in the section"),
    (r"student", r"not found|invalid", "the student is not known there"),
    (r"section", r"not found|invalid", "the section is not known there"),
    (r"school", r"not found|invalid", "the school is not known there"),
    (r"store ?code", r"", "the store code is not valid there"),
    (r"whole number|points", r"", "the points are not accepted"),
    (r"percent", r"", "the percent is not accepted"),
    (r"grade", r"invalid|not valid|not found", "the letter is not in the grade scale"),
)
_WAITS = ("the window for storing grades is closed", "the term is locked")
_FIELDS = frozenset(
    place.partition(".")[2].lower() for queries in BY_ROUTE.values() for query in queries
    for place in query.columns
) | {
    "storecode", "schoolyear", "section_number", "name", "duedate", "scoreentrypoints", "teachercategoryid",
}  # fmt: skip
_WORD = re.compile(r"\b(?:([a-z]{3,32})[./])?([a-z_]{3,40})\b")


def said(body: bytes) -> str:
    """Return what a refusal says, in our own words; "" when nothing in it is known."""
    text = body[:8000].decode("utf-8", "replace").casefold()
    for first, second, words in _SAYINGS:
        if re.search(first, text) and re.search(second, text):
            return words
    return ""


def waits(body: bytes) -> bool:
    """Return whether a refusal is one that passes when somebody opens a window or a term."""
    return said(body) in _WAITS


def fields_named(body: bytes) -> list[str]:
    """Return the fields a refusal names, as TABLE.FIELD where it says the table; only fields we know."""
    text = body[:8000].decode("utf-8", "replace").casefold()
    found = {(table or "", name) for table, name in _WORD.findall(text) if name in _FIELDS}
    tabled = {name for table, name in found if table in _TABLES}
    return sorted(
        f"{table.upper()}.{name.upper()}" if table in _TABLES else name.upper()
        for table, name in found
        if table in _TABLES or name not in tabled
    )


_TABLES = frozenset(
    place.partition(".")[0].lower() for queries in BY_ROUTE.values() for query in queries
    for place in query.columns
) | {"assignment", "assignmentsection", "assignmentcategoryassoc", "teachercategory"}  # fmt: skip


def refused(code: int, body: bytes, key: str) -> RowRejected:
    """Return why PowerSchool did not take one grade: WB60 (400), WB61 (409), WB62 (404), else WB63."""
    reason, fields = said(body), ", ".join(fields_named(body))
    about = f": {reason}" if reason else ""
    about += f" ({fields})" if fields else ""
    rule, fix = {
        400: ("WB60", "Mend what is named with the registrar, then release the grade again"),
        404: ("WB62", "Somebody removed it meanwhile: ask the registrar, then release the grade again"),
        409: ("WB61", "Mend what is named in PowerSchool, then release the grade again"),
    }.get(code, ("WB63", "Ask the district's PowerSchool administrator, then release the grade again"))
    return RowRejected(rule, f"PowerSchool refused this grade with code {code}{about}", key=key, fix=fix)


def lacks_fields(body: bytes, what: str, path: str = "schema/table/storedgrades") -> StopDistrict:
    """Return WB64: the plugin may not write some fields, which PowerSchool names in its answer."""
    fields = ", ".join(fields_named(body))
    lacking = f": FullAccess on {fields} is missing" if fields else ""
    return StopDistrict(
        "WB64",
        f"PowerSchool does not let our plugin write {what}{lacking}",
        fix=f"{MENU}: install the plugin of `sisbridge plugin powerschool` again, enable it, and look at its "
        "access request",
        place=f"/ws/{path}",
    )


def is_page(body: bytes) -> bool:
    """Return whether an answer is a page for people: something stands between us and PowerSchool."""
    return body.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html"))


def page_between(path: str) -> RetryLater:
    """Return WB82: a page came in the place of an answer, so that nobody knows whether it was written."""
    return RetryLater(
        "WB82",
        "A web page came in the place of PowerSchool's answer, so it is looked up whether the grade is there",
        fix="Nothing to do if it passes; else ask the district what stands between us and PowerSchool",
        place=f"/ws/{path}",
    )


def query_refused(query: Query, why: StopDistrict | int) -> StopDistrict:
    """Return why a query cannot be asked: CN33 not installed, CN34 not permitted, else what it was."""
    place = f"/ws/schema/query/{query.name}"
    if why == 404:
        return StopDistrict(
            "CN33",
            f"PowerSchool does not know our query {query.name}",
            fix=f"{MENU}: install and enable the plugin of `sisbridge plugin powerschool`",
            place=place,
        )
    if isinstance(why, int) or why.code in ("CN03", "CN04"):
        return StopDistrict(
            "CN34",
            f"PowerSchool does not let our plugin run {query.name}",
            fix=f"{MENU}: compare client id and secret under Data Provider Configuration (they change when "
            "the plugin is installed again), and install the plugin of `sisbridge plugin powerschool`",
            place=place,
        )
    return why


def left_alone(key: str) -> RowRejected:
    """Return WB70: what stands there is not what we stored."""
    return RowRejected(
        "WB70",
        "PowerSchool holds a grade here that we did not store, or that was changed since: it was left alone",
        key=key,
        fix="Ask the registrar which grade stands",
    )


def astray(key: str) -> RowRejected:
    """Return WB71: a row stored anew is not where it was meant to be; it was deleted again."""
    return RowRejected(
        "WB71",
        "The first grade stored did not appear for its student and school year, so it was taken back and no "
        "other was sent",
        key=key,
        fix="Compare school_year_is with what PowerSchool takes `schoolyear` for, then release them again",
    )


def not_linked(key: str) -> RowRejected:
    """Return WB72: PowerSchool ties a row stored anew to no section or term; it was deleted again."""
    return RowRejected(
        "WB72",
        "PowerSchool tied the first grade stored to no section or another term, where the state's feed does "
        "not find it, so it was taken back and no other was sent",
        key=key,
        fix="Compare the term's labels term_id and store_code with PowerSchool; where the server never fills "
        "them in, take the route powerschool_quick_import, or set require_link to false",
    )


def still_there(wrong: RowRejected, dcid: str) -> RowRejected:
    """Return what was wrong with a row stored anew that PowerSchool did not let us take back."""
    row = f"the row of StoredGrades with DCID {dcid}" if dcid else "it"
    return RowRejected(
        wrong.code,
        f"{wrong.message.partition(', so it was taken back')[0]}; it could not be taken back, and no other "
        "was sent",
        key=wrong.key,
        fix=f"Ask the registrar to delete {row} first. {wrong.fix}",
    )


def store_window_closed(store_code: str, school_year: str) -> RowRejected:
    """Return WB73: the store code takes no grades at present; the message names no student."""
    return RowRejected(
        "WB73",
        f"PowerSchool takes no stored grades for {store_code} of {school_year} at present, so they wait",
        key="",
        fix="In PowerSchool under System > Permanently Store Grades look up the code's store dates, or let "
        "the registrar enter the grades",
    )


def no_category(name: str) -> StopDistrict:
    """Return WB74: the agreed category is not there; we never make one."""
    return StopDistrict(
        "WB74",
        f"PowerSchool's gradebook has no category {name!r}",
        fix="In PowerSchool under District Setup > PowerTeacher Pro Settings make it and let every teacher "
        "use it, or name another one in the setting category",
        place="/categories",
    )


def not_registered(place: str) -> StopDistrict:
    """Return WB75: rosters are read, and grades are not taken."""
    return StopDistrict(
        "WB75",
        "PowerSchool lets us read but not write grades: nobody pressed Register when the plugin was enabled, "
        "or its access request lacks FullAccess",
        fix=f"{MENU}: disable the consumer plugin, enable it again, press Register in the window that opens",
        place=place,
    )


def category_inactive(name: str, key: str) -> RowRejected:
    """Return WB77: one teacher has switched the agreed category off."""
    return RowRejected(
        "WB77",
        f"The category {name!r} is not active in the gradebook of the section's teacher",
        key=key,
        fix="Ask the teacher to activate it in PowerTeacher Pro under Grading > Categories",
    )


def column_dropped(key: str) -> RowRejected:
    """Return WB76: a column was accepted and is not there."""
    return RowRejected(
        "WB76",
        "PowerSchool accepted the column for the grades and did not keep it",
        key=key,
        fix="Lower title_limit to 30, and look whether the section's term is open",
    )


def term_locked(column: str, term_id: str) -> RowRejected:
    """Return WB78: the gradebook takes no scores for a term at present; the message names no student."""
    return RowRejected(
        "WB78",
        f"PowerSchool takes no scores for {column} in term {term_id} at present, so they wait",
        key="",
        fix="In PowerSchool under District Setup > PowerTeacher Pro Settings look up whether the term is "
        "locked, or let the teacher enter the grades",
    )


def no_teacher(key: str) -> RowRejected:
    """Return WB79: nobody's gradebook is behind a section."""
    return RowRejected(
        "WB79",
        "The student's section has no teacher in PowerSchool, so there is no gradebook to write to",
        key=key,
        fix="Ask the registrar to put the local teacher of record on the section",
    )
