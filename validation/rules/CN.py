"""Connections: whose roster it is that came over the connection."""

from domain.model import Severity
from validation.rules.rule import Audience, Counted, Rule

RULES = (
    Rule(
        code="CN20",
        title="Another district's roster",
        severity=Severity.HOLD_FEED,
        audience=Audience.ESC,
        sentence="The feed is another district's: no district in it is {expected}, but {found}.",
        fix="Compare address and credentials with this district's; if they are right, set "
        "expected_org_identifiers to the identifiers its SIS uses.",
        check=Counted(),
        essential=True,
    ),
)
