"""Feeds: what a whole table of the feed must not look like."""

from domain.model import Severity
from validation.rules.rule import Audience, Counted, Rule

RULES = (
    Rule(
        code="FL11",
        title="Table arrived empty",
        severity=Severity.HOLD_FEED,
        audience=Audience.DISTRICT,
        sentence="The feed holds no {table} at all; the last good one held {rows}.",
        fix="Export {table} again and send the whole feed; the last good roster stays in force until then.",
        check=Counted(),
    ),
    Rule(
        code="FL15",
        title="Last year's data",
        severity=Severity.HOLD_FEED,
        audience=Audience.DISTRICT,
        sentence="The feed is of a school year that is over: its newest session ended on {ended}.",
        fix="Have the SIS serve this school year (in the summer, wait for the rollover); the last good "
        "roster stays in force until then. If it is right, raise the threshold `year_over_days`.",
        check=Counted(),
    ),
    Rule(
        code="FL16",
        title="Next year's data, early",
        severity=Severity.HOLD_FEED,
        audience=Audience.DISTRICT,
        sentence="The feed is of a school year that begins on {begins}, while the one in force is running.",
        fix="Have the SIS serve the running year until it ends; if the year was switched on purpose, "
        "announce it as a rollover. The last good roster stays in force until then.",
        check=Counted(),
    ),
)
