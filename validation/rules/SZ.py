"""Size: of a course's seats, and of the step from the last good roster to tonight's; what is too much waits.

A course that is too small or too full judges no row and no feed, nor does what went already or was left out
by an edit, so none of the three effects fits: they bear the mildest, which without a value to drop does
nothing but open a case.
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
        severity=Severity.HOLD_ROW,
        audience=Audience.DISTRICT,
        sentence="{rows} of {table}{where} would go out of {last}, more than the {limit} allowed in one "
        "night: they stay in force.",
        fix="If this is right (a rollover, a school that left), release the hold; else send a full export.",
        check=Counted(),
    ),
    Rule(
        code="SZ11",
        title="Mass update",
        severity=Severity.HOLD_ROW,
        audience=Audience.DISTRICT,
        sentence="{rows} of {table}{where} would change out of {last}, more than the {limit} allowed in one "
        "night: they stay as they are.",
        fix="If this is right (a rollover, a new export), release the hold; else look into the export.",
        check=Counted(),
    ),
    Rule(
        code="SZ12",
        title="Mass add",
        severity=Severity.HOLD_ROW,
        audience=Audience.DISTRICT,
        sentence="{rows} of {table}{where} would come beside {last}, more than the {limit} allowed in one "
        "night: they are not applied.",
        fix="If this is right (a new school, a new year), release the hold; else look into the export.",
        check=Counted(),
    ),
    Rule(
        code="SZ13",
        title="Removal of students with grades in flight",
        severity=Severity.HOLD_ROW,
        audience=Audience.ESC,
        sentence="{rows} of students with a seat whose posting window has not closed would go.",
        fix="Release the hold when no grade of theirs is awaited; discard it to keep them until then.",
        check=Counted(),
    ),
    Rule(
        code="SZ14",
        title="Roster of strangers",
        severity=Severity.HOLD_ROW,
        audience=Audience.DISTRICT,
        sentence="Of {last} of users {gone} are gone, and {rows} of others came. Nothing of what is new is "
        "applied.",
        fix="See whether credentials or database are another district's; if all is right, release the hold.",
        check=Counted(),
    ),
    Rule(
        code="SZ15",
        title="Changes refused by a person",
        severity=Severity.HOLD_ROW,
        audience=Audience.DISTRICT,
        sentence="{rows} of {table} stay as they were, as {by} decided; the SIS still asks to {what} them.",
        fix="Correct the SIS; or release the hold after all.",
        check=Counted(),
    ),
    Rule(
        code="SZ16",
        title="School gone from the feed",
        severity=Severity.HOLD_ROW,
        audience=Audience.DISTRICT,
        sentence="School {group} is gone from the feed, and {rows} of {table} with it: they stay in force.",
        fix="If the school has closed, release the hold; else have it sent again.",
        check=Counted(),
    ),
    Rule(
        code="SZ17",
        title="Slow bleeding",
        severity=Severity.DROP_VALUE,
        audience=Audience.DISTRICT,
        sentence="{rows} of {table}{where} went in the last two weeks out of {last}: no night took so many "
        "that it was held, but together they are more than the {limit} allowed.",
        fix="Compare with the SIS. If they left, nothing is to be done, or raise the threshold `bled`; else "
        "send them again.",
        check=Counted(),
    ),
    Rule(
        code="SZ18",
        title="Rows left out by an edit",
        severity=Severity.DROP_VALUE,
        audience=Audience.ESC,
        sentence="{rows} more than before are out of scope since the mapping was edited ({edit}): what of "
        "them was in force leaves after two nights, few or many.",
        fix="If that was meant, nothing is to be done; else take the edit back, and they return.",
        check=Counted(),
    ),
    Rule(
        code="SZ30",
        title="All sourcedIds are new",
        severity=Severity.HOLD_ROW,
        audience=Audience.DISTRICT,
        sentence="The SIS seems to have given its rows new sourcedIds: {found} are found again under others.",
        fix="Look at `sisbridge rekey show DISTRICT`, then accept or refuse it as shown there.",
        check=Counted(),
    ),
)
