"""Every rule of the house, one small family a file, by code."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from validation.rules import CD, CN, DT, FL, GR, ID, RF, SZ
from validation.rules.rule import Rule

_FAMILIES = (RF, ID, DT, CD, GR, SZ, FL, CN)


@cache
def catalogue() -> Mapping[str, Rule]:
    """Return every rule by its code, family by family."""
    return MappingProxyType({rule.code: rule for family in _FAMILIES for rule in family.RULES})
