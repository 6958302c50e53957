"""What judging one batch needs to know of the rest of the feed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from domain.errors import ContractBroken
from domain.ids import DistrictCode
from domain.tables import RosterTable
from validation.codes import CODE_SETS

Keys: TypeAlias = "pa.Array | pa.ChunkedArray"
"""sourcedIds, as text."""


@dataclass(frozen=True)
class KeySet:
    """The sourcedIds of one whole table: those whose rows are clean, and all that were seen.

    seen holds the quarantined ones too; for a delta, both hold those of the last good roster as well.
    """

    clean: Keys
    seen: Keys

    @cached_property
    def held(self) -> Keys:
        """The sourcedIds that were seen but are not clean."""
        clean = pc.is_in(self.seen, value_set=self.clean.cast(self.seen.type), skip_nulls=True)
        return self.seen.filter(pc.invert(clean))


def no_keys() -> pa.Array:
    """Return an empty array of sourcedIds."""
    return pa.array([], pa.string())


@dataclass(frozen=True)
class JudgeContext:
    """What judging one batch of a roster table needs.

    references: the key sets of every table it refers to, its own when it refers to itself.
    contested: sourcedIds of this table that stand for different contents. students: sourced_ids of
    users with a student role. identifier_width: the usual length of a student's identifier; None to
    take it from the batch. overrides: the district's settings (`rules`). codes: the known codes.
    """

    references: Mapping[RosterTable, KeySet]
    contested: Keys = field(default_factory=no_keys)
    students: Keys = field(default_factory=no_keys)
    identifier_width: int | None = None
    overrides: Mapping[str, object] = field(default_factory=dict)
    codes: Mapping[str, frozenset[str]] = field(default_factory=lambda: CODE_SETS)

    def keys(self, table: RosterTable) -> KeySet:
        """Return the key set of a table; ContractBroken when it was not handed over."""
        if table not in self.references:
            raise ContractBroken(
                "CF38",
                f"The rows were to be judged without the keys of {table}.",
                fix="This is a fault of ours: report it; the last good roster stays in force.",
            )
        return self.references[table]


@dataclass(frozen=True, kw_only=True)
class GradeContext:
    """What judging collected grades of one district needs besides the rows.

    maximum_percent: more than 100 where the district gives extra credit. words: what names offerings, terms,
    reporting periods and kinds here, and may be shown as it is; any other word may be a name out of place.
    """

    district: DistrictCode
    maximum_percent: Decimal = Decimal(100)
    words: frozenset[str] = frozenset()
    overrides: Mapping[str, object] = field(default_factory=dict)
