"""References: what a row points to must be in the feed."""

from domain.model import Severity
from validation.rules.rule import Audience, Counted, Fact, Grouping, Rule

RULES = (
    Rule(
        code="RF01",
        title="Required reference points to nothing",
        severity=Severity.HOLD_ROW,
        audience=Audience.DISTRICT,
        sentence="{rows} of {table} held: the {field} named there is nowhere in the feed (first: {place}).",
        fix="Send the missing {field} in the same feed, or correct the reference in your SIS.",
        check=Fact("in_feed"),
        essential=True,
    ),
    Rule(
        code="RF02",
        title="Optional reference points to nothing",
        severity=Severity.DROP_VALUE,
        audience=Audience.DISTRICT,
        sentence="{field} left out of {rows} of {table}: it is nowhere in the feed (first: {place}).",
        fix="Send the missing {field} too, if you need it here; otherwise nothing has to be done.",
        check=Fact("in_feed"),
    ),
    Rule(
        code="RF03",
        title="Depends on a held row",
        severity=Severity.HOLD_ROW,
        audience=Audience.DISTRICT,
        sentence="{rows} of {table} wait for a row of {group} that is itself held (first: {place}).",
        fix="Mend the held row of {group}; these rows then follow by themselves.",
        check=Fact("parent_clean"),
        grouping=Grouping.PARENT,
        essential=True,
    ),
    Rule(
        code="RF04",
        title="Optional reference to a held row",
        severity=Severity.DROP_VALUE,
        audience=Audience.DISTRICT,
        sentence="{field} left out of {rows} of {table}: it names a held row of {group} (first: {place}).",
        fix="Mend the held row of {group}; the {field} then returns by itself.",
        check=Fact("parent_clean"),
        grouping=Grouping.PARENT,
    ),
    Rule(
        code="RF11",
        title="Removal waits for rows that refer to it",
        severity=Severity.HOLD_ROW,
        audience=Audience.DISTRICT,
        sentence="{rows} of {table} would go, but rows that stay in force refer to them; they go together.",
        fix="Nothing, when those rows follow by the next night; else delete them in your SIS too.",
        check=Counted(),
    ),
    Rule(
        code="RF12",
        title="Belongs to a row that is marked as deleted",
        severity=Severity.HOLD_ROW,
        audience=Audience.DISTRICT,
        sentence="{rows} of {table} belong to rows that are marked as deleted: they are not applied.",
        fix="Delete these rows in your SIS too, or bring back what they belong to.",
        check=Counted(),
    ),
)
