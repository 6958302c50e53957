"""Grades: what a collected grade must be before a person may release it."""

from domain.model import Severity
from validation.rules.rule import Audience, Fact, Grouping, Known, Matches, Present, Rule, Within


def _held(
    code: str,
    title: str,
    sentence: str,
    fix: str,
    check: Present | Matches | Known | Within | Fact,
    audience: Audience = Audience.TEACHER,
    grouping: Grouping = Grouping.OFFERING,
    essential: bool = True,
) -> Rule:
    return Rule(code, title, Severity.HOLD_ROW, audience, sentence, fix, check, grouping, essential)


RULES = (
    _held(
        "GR01",
        "Required field missing",
        "{rows} of {table} held in {group}: the {field} is blank (first: {place}).",
        "Fill in the {field} where the grades are entered, and send them again.",
        Present(),
    ),
    _held(
        "GR02",
        "Percent out of range",
        "{rows} of {table} held in {group}: percent below 0 or above the maximum (first: {place}).",
        "Correct the percent; if the district gives extra credit, raise its maximum percent.",
        Within(),
    ),
    _held(
        "GR03",
        "No seat in this course",
        "{rows} of {table} held in {group}: the student has no seat there, or has left (first: {place}).",
        "Check the student; if the seat is right, the home district has to schedule it in its SIS.",
        Fact("_has_seat"),
    ),
    _held(
        "GR04",
        "Unknown course, term, reporting period or kind",
        "{rows} of {table} held: '{group}' is no grade column of the master schedule (first: {place}).",
        "Correct offering, term, reporting period or kind, or add the column to the master schedule.",
        Fact("_known_column"),
        audience=Audience.ESC,
        grouping=Grouping.CODE,
    ),
    _held(
        "GR05",
        "Percent and letter disagree",
        "{rows} of {table} held in {group}: percent and letter disagree by the home scale (first: {place}).",
        "Correct the percent or the letter, or leave the letter out and let the scale give it.",
        Fact("_letter_agrees"),
        essential=False,
    ),
    _held(
        "GR06",
        "Unknown mark, or a number beside a mark that has none",
        "{rows} of {table} held in {group}: the mark is unknown, or it stands beside a number"
        " though it has none (first: {place}).",
        "Use graded, incomplete, withdrawn, pass or no grade awarded; give a number with graded only.",
        Fact("mark_fits"),
    ),
    _held(
        "GR07",
        "Two values for one grade",
        "{rows} of {table} held in {group}: two different values for one grade (first: {place}).",
        "Keep one of the rows and send the grades again.",
        Fact("_contested"),
    ),
    _held(
        "GR08",
        "Not marked complete",
        "{rows} of {table} held in {group}: marked as not complete (first: {place}).",
        "Mark the grades complete when they are final, and send them again.",
        Fact("is_complete"),
        essential=False,
    ),
    _held(
        "GR09",
        "Student of another district",
        "Incident: {rows} of {table} name a student of another district and were stopped (first: {place}).",
        "Do not resend: tell the service center, which finds out how the student got into the file.",
        Fact("_own_district"),
        audience=Audience.ESC,
        grouping=Grouping.RULE,
    ),
    _held(
        "GR10",
        "Percent is not a number",
        "{rows} of {table} held in {group}: the percent is not a number (first: {place}).",
        "Enter the percent as a number such as 87.5, without a sign or a word.",
        Matches(r"^-?\d{1,9}(?:\.\d{1,9})?$"),
    ),
)
