"""Identity: every row can be told from every other, and nothing was lost from its identifiers."""

from domain.model import Severity
from validation.rules.rule import Audience, Counted, Fact, Present, Rule, Unlike

BLANKS = " \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""All white space of Unicode but control characters. Spelt out, because engines differ in what `\\s` is, and
pandas then asks the slower one, cell by cell.
"""

UNUSABLE = rf"^$|^[{BLANKS}]|[{BLANKS}]$|[,\x00-\x1f\x7f]|.{{256}}"
"""What cannot be a sourcedId. Wider than OneRoster's CSV grammar, as SISs are; a comma would break our lists.

It says what is wrong, not what is right, because `$` and a last line feed are read differently by engines.
"""

SPREADSHEET = r"^-?\d+(?:(?:\.\d+)?[eE]\+\d{1,3}|\.0+)$"
"""How a spreadsheet rewrites a long number: 1.00234E+11, or 100234.0."""

RULES = (
    Rule(
        code="ID01",
        title="Missing or unusable sourcedId",
        severity=Severity.HOLD_ROW,
        audience=Audience.DISTRICT,
        sentence="{rows} of {table} held: the sourcedId is missing or cannot be used (first: {place}).",
        fix="Give every row a sourcedId of 1 to 255 characters without commas or blanks around it.",
        check=Unlike(UNUSABLE, absent_is_empty=True),
        essential=True,
    ),
    Rule(
        code="ID02",
        title="Same sourcedId, different content",
        severity=Severity.HOLD_ROW,
        audience=Audience.DISTRICT,
        sentence="{rows} of {table} held: the same sourcedId stands for different content (first: {place}).",
        fix="Find the rows that share a sourcedId in your SIS, and keep one of them.",
        check=Fact("uncontested"),
        essential=True,
    ),
    Rule(
        code="ID03",
        title="Student identifier lost a leading zero",
        severity=Severity.HOLD_ROW,
        audience=Audience.DISTRICT,
        sentence="{rows} of {table} held: the student's {field} is shorter than your others,"
        " as if a leading zero was lost (first: {place}).",
        fix="Export the {field} as text, not as a number, and do not save the file from a spreadsheet."
        " If short identifiers are right, set `identifier_width`.",
        check=Fact("full_width"),
    ),
    Rule(
        code="ID04",
        title="Identifier rewritten by a spreadsheet",
        severity=Severity.HOLD_ROW,
        audience=Audience.DISTRICT,
        sentence="{rows} of {table} held: the {field} looks like a number that a spreadsheet rewrote,"
        " such as 9.99E+11 or 999.0 (first: {place}).",
        fix="Export the {field} as text, straight from the SIS, without a spreadsheet between.",
        check=Unlike(SPREADSHEET),
    ),
    Rule(
        code="ID05",
        title="Required name missing",
        severity=Severity.HOLD_ROW,
        audience=Audience.REGISTRAR,
        sentence="{rows} of {table} held: the {field} is blank (first: {place}).",
        fix="Enter the {field} in your SIS.",
        check=Present(),
    ),
    Rule(
        code="ID06",
        title="Required value missing",
        severity=Severity.HOLD_ROW,
        audience=Audience.DISTRICT,
        sentence="{rows} of {table} held: the {field} is blank and a row needs it (first: {place}).",
        fix="Add the {field} to the export, or enter it in your SIS.",
        check=Present(),
        essential=True,
    ),
    Rule(
        code="ID20",
        title="Two active students with one number",
        severity=Severity.HOLD_ROW,
        audience=Audience.REGISTRAR,
        sentence="{rows} of students in doubt: another active student has the same number.",
        fix="Correct the number in your SIS, or say who is who: `sisbridge people worklist DISTRICT` "
        "shows them and how to decide.",
        check=Counted(),
    ),
    Rule(
        code="ID21",
        title="State id of another shape",
        severity=Severity.DROP_VALUE,
        audience=Audience.REGISTRAR,
        sentence="{rows} of students whose state id has not the state's shape: nobody is recognised by it.",
        fix="Enter the whole state id as text in your SIS; a spreadsheet may have cut a leading zero.",
        check=Counted(),
    ),
    Rule(
        code="ID22",
        title="Number that two persons had",
        severity=Severity.HOLD_ROW,
        audience=Audience.REGISTRAR,
        sentence="{rows} of students without a seat: two persons, or an active one, had the number before.",
        fix="Correct the number in your SIS, or say who is who: `sisbridge people worklist DISTRICT` "
        "shows them and how to decide.",
        check=Counted(),
    ),
    Rule(
        code="ID25",
        title="SourcedId of another student",
        severity=Severity.HOLD_ROW,
        audience=Audience.REGISTRAR,
        sentence="{rows} of {table} held: the sourcedId is another student's, by number and name."
        " The student we knew stays, and no grade goes there.",
        fix="If it is the same student, release the hold. If the SIS used the sourcedId again, say"
        " `sisbridge people renew DISTRICT USER` first.",
        check=Counted(),
    ),
    Rule(
        code="ID26",
        title="Too few students can be recognised",
        severity=Severity.HOLD_FEED,
        audience=Audience.DISTRICT,
        sentence="Only {share} of the students have a state id or a local id; {minimum} are asked for.",
        fix="See who lacks which number with `sisbridge people worklist DISTRICT`, and mend the export.",
        check=Counted(),
    ),
)
