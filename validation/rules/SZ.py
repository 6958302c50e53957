"""Size: of a course's seats, and of the step from the last good roster to tonight's.

A course that is too small or too full judges no row and no feed, so none of the three effects fits
it: it bears the mildest, which without a value to drop does nothing but open a case.
"""

from domain.model import Severity
from validation.rules.rule import Audience, Counted, Grouping, Rule

RULES = (
    Rule(
        code="SZ01",
        title="Fewer seats than the course needs",
        severity=Severity.DROP_VALUE,
        audience=Audience.ESC,
        sentence="Offering {group} has {seats} taken; it runs with {minimum} or more.",
        fix="Find more students for {group}, or decide with its districts that it does not run.",
        check=Counted(),
        grouping=Grouping.OFFERING,
    ),
    Rule(
        code="SZ02",
        title="More seats than the course takes",
        severity=Severity.DROP_VALUE,
        audience=Audience.ESC,
        sentence="Offering {group} has {seats} taken; it takes {maximum} at most.",
        fix="Open a second offering, or ask a district to move students out of {group}.",
        check=Counted(),
        grouping=Grouping.OFFERING,
    ),
    Rule(
        code="SZ10",
        title="Mass removal",
        severity=Severity.HOLD_FEED,
        audience=Audience.DISTRICT,
        sentence="{rows} of {table} would go out of {last}, more than the {limit} allowed in one night.",
        fix="If this is right (a rollover, a school that left), release the hold; else send a full export.",
        check=Counted(),
    ),
    Rule(
        code="SZ11",
        title="Mass update",
        severity=Severity.HOLD_FEED,
        audience=Audience.DISTRICT,
        sentence="{rows} of {table} would change out of {last}, more than the {limit} allowed in one night.",
        fix="If this is right (a rollover, a new export), release the hold; else look into the export.",
        check=Counted(),
    ),
)
