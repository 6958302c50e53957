"""What a district changes about the rules.

`{"rules": {"ID03": {"severity": "drop value"}, "RF02": {"off": true}}}` in its settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from domain.errors import StopDistrict
from domain.model import Severity
from validation.rules import catalogue
from validation.rules.rule import Counted, Rule

_RANK = {Severity.DROP_VALUE: 0, Severity.HOLD_ROW: 1, Severity.HOLD_FEED: 2}


@dataclass(frozen=True, slots=True)
class Overrides:
    """A district's own severities, by rule code; None where the rule is off."""

    severities: Mapping[str, Severity | None]

    def severity(self, rule: Rule, *, required: bool = False) -> Severity | None:
        """Return the severity in force for a rule, None when it is off.

        required: the column may not be null, so there its value is never dropped: the row is held.
        """
        severity = self.severities.get(rule.code, rule.severity)
        return Severity.HOLD_ROW if required and severity is Severity.DROP_VALUE else severity


def read_overrides(settings: Mapping[str, object]) -> Overrides:
    """Return the overrides in a district's settings (its key `rules`; others are left alone).

    Raises StopDistrict: CF35 for a rule that does not exist, CF36 for a change that is not understood
    or that an essential rule does not allow.
    """
    rules = settings.get("rules", {})
    if not isinstance(rules, Mapping):
        raise _refused("rules", "has to be a table of rule codes")
    return Overrides({str(code): _severity(str(code), change) for code, change in rules.items()})


def _severity(code: str, change: object) -> Severity | None:
    rule = catalogue().get(code)
    if rule is None:
        raise StopDistrict(
            "CF35",
            f"The district's settings change rule {code[:24]}, which does not exist.",
            fix="Use a rule code from docs/rules.md, or remove the entry.",
            place="settings: rules",
        )
    if isinstance(rule.check, Counted):
        raise _refused(code, "counts, and is changed by `thresholds` instead")
    severity = _wanted(rule, change)
    if rule.essential and (severity is None or _RANK[severity] < _RANK[rule.severity]):
        raise _refused(code, "protects the roster and can be neither softened nor turned off")
    return severity


def _wanted(rule: Rule, change: object) -> Severity | None:
    if not isinstance(change, Mapping) or len(change) != 1:
        raise _refused(rule.code, "needs exactly one of `severity` and `off`")
    if "off" in change:
        if not isinstance(change["off"], bool):
            raise _refused(rule.code, "needs true or false beside `off`")
        return None if change["off"] else rule.severity
    try:
        return Severity(change.get("severity", ""))
    except ValueError:
        raise _refused(rule.code, f"needs a severity: {', '.join(Severity)}") from None


def _refused(code: str, reason: str) -> StopDistrict:
    return StopDistrict(
        "CF36",
        f"The district's settings for rule {code} cannot be used: it {reason}.",
        fix="Correct or remove the entry; docs/rules.md lists what each rule does.",
        place="settings: rules",
    )


def number(settings: Mapping[str, object], name: str, usual: float) -> float:
    """Return a number of the settings, or the usual one; StopDistrict CF36 when it is no number from 0 on."""
    value = settings.get(name, usual)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise StopDistrict(
            "CF36",
            f"The district's threshold {name} is not a number from 0 on.",
            fix=f"Correct it, or remove it to use {usual:g}.",
            place="settings: thresholds",
        )
    return float(value)
