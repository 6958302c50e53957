"""The tables and columns of PowerSchool that are simulated, under the data dictionary's names.

A column that ends in # holds numbers; all others hold text. Dates are YYYY-MM-DD.
"""

from __future__ import annotations

_COLUMNS = {
    "schools": "dcid# id# school_number# name abbreviation district_number#",
    "terms": "dcid# id# schoolid# yearid# name abbreviation firstday lastday portion# isyearrec#",
    "courses": "dcid# id# course_number course_name schoolid# credit_hours# credittype",
    "sections": (
        "dcid# id# course_number section_number schoolid# termid# teacher# expression external_expression "
        "room no_of_students# gradescaleid#"
    ),
    "students": (
        "dcid# id# student_number state_studentnumber first_name middle_name last_name lastfirst dob gender "
        "grade_level# schoolid# enroll_status# entrydate exitdate entrycode exitcode districtentrydate "
        "schoolentrydate home_room student_web_id web_id"
    ),
    "users": (
        "dcid# first_name middle_name last_name lastfirst email_addr loginid teachernumber homeschoolid#"
    ),
    "schoolstaff": "dcid# id# users_dcid# schoolid# status# staffstatus#",
    "cc": (
        "dcid# id# studentid# sectionid# schoolid# termid# teacherid# course_number section_number "
        "dateenrolled dateleft expression"
    ),
    "storedgrades": (
        "dcid# id# studentid# schoolid# schoolname sectionid# termid# storecode course_number course_name "
        "grade percent# grade_level# teacher_name credit_type earnedcrhrs# potentialcrhrs# gpa_points# "
        "gpa_addedvalue# gradescale_name behavior comment_value absences# tardies# datestored "
        "gradereplacementpolicy_id# excludefromgpa# excludefromclassrank# excludefromhonorroll# "
        "excludefromtranscripts# excludefromgraduation# excludefromgradesuppression#"
    ),
    "districtteachercategory": "districtteachercategoryid# name isactive#",
    "teachercategory": (
        "teachercategoryid# usersdcid# yearid# districtteachercategoryid# name categorytype isactive# "
        "isinfinalgrades# defaultpublishoption description"
    ),
    "assignment": "assignmentid# yearid# createdbyplugin",
    "assignmentsection": (
        "assignmentsectionid# assignmentid# sectionsdcid# name description duedate scoretype "
        "scoreentrypoints# totalpointvalue# weight# iscountedinfinalgrade# isscorespublish# publishoption"
    ),
    "assignmentcategoryassoc": (
        "assignmentcategoryassocid# assignmentsectionid# teachercategoryid# isprimary#"
    ),
    "assignmentscore": (
        "assignmentscoreid# assignmentsectionid# studentsdcid# actualscoreentered actualscorekind "
        "scorepoints# scorepercent# scorelettergrade isexempt# isincomplete# ismissing# islate# "
        "scoreentrydate"
    ),
    "assignmentscorecomment": "assignmentscorecommentid# assignmentscoreid# commentvalue",
    "gradescaleitem": "dcid# id# gradescaleid# name cutoffpercentage# grade_points#",
}

COLUMNS: dict[str, tuple[str, ...]] = {
    table: tuple(name.rstrip("#") for name in columns.split()) for table, columns in _COLUMNS.items()
}
"""Column names by table, the primary key first."""

NUMBERS: dict[str, frozenset[str]] = {
    table: frozenset(name.rstrip("#") for name in columns.split() if name.endswith("#"))
    for table, columns in _COLUMNS.items()
}
"""The columns that hold numbers, by table."""

_TEACHERS = """
CREATE VIEW teachers AS
SELECT s.dcid, s.id, s.users_dcid, s.schoolid, s.status, s.staffstatus, u.first_name, u.middle_name,
       u.last_name, u.lastfirst, u.email_addr, u.loginid, u.loginid AS teacherloginid, u.teachernumber,
       u.homeschoolid
FROM schoolstaff s JOIN users u ON u.dcid = s.users_dcid
"""


def statements() -> list[str]:
    """Return what creates the tables, and TEACHERS, which PowerSchool too keeps as a view."""
    made = []
    for table, names in COLUMNS.items():
        kinds = [f"{name} {'NUMERIC' if name in NUMBERS[table] else 'TEXT'}" for name in names[1:]]
        made.append(f"CREATE TABLE {table} ({names[0]} INTEGER PRIMARY KEY, {', '.join(kinds)})")
    indexes = {"cc": "sectionid", "storedgrades": "studentid", "assignmentscore": "assignmentsectionid"}
    made += [f"CREATE INDEX {table}_{name} ON {table} ({name})" for table, name in indexes.items()]
    return [*made, "CREATE INDEX students_id ON students (id)", _TEACHERS]
