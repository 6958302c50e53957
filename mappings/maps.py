"""Column and code maps: what a SIS calls a thing, and what OneRoster 1.2 calls it.

The maps are CSV files a registrar can read: `columns/<table>.csv` and `codes/<code set>.csv`.
A district's settings add to them; they never change a file.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from domain.errors import StopDistrict
from domain.tables import ROSTER, RosterTable

_HERE = Path(__file__).parent
_DIALECTS = {"1.1": "oneroster_1p1", "1.2": "oneroster_1p2"}
_OVERRIDES = ("columns", "codes", "end_dates_inclusive", "roles_out_of_scope", "month_first_dates")
_GUARDIANS = ("guardian", "parent", "relative")
_EXTENSION = "ext:*"


@dataclass(frozen=True, slots=True)
class CodeSet:
    """One code table: folded source code → canonical code.

    is_open: whether any `ext:` token counts as known (where OneRoster 1.2 extends).
    """

    codes: Mapping[str, str]
    is_open: bool = False

    def canonical(self, code: str) -> str | None:
        """Return the canonical code, matched without case and outer blanks; None when unknown."""
        folded = fold(code)
        if self.is_open and folded.startswith("ext:"):
            return code.strip()
        return self.codes.get(folded)


@dataclass(frozen=True, slots=True)
class RosterMaps:
    """Everything that decides how one district's source rows become canonical rows.

    columns: table → canonical column → source columns, the first that has a value wins.
    codes: code set → its table. end_dates_inclusive: the source's end dates are the last day itself.
    month_first_dates: M/D/YYYY may be read as a date. roles_out_of_scope: people we do not keep.
    """

    dialect: str
    columns: Mapping[RosterTable, Mapping[str, tuple[str, ...]]]
    codes: Mapping[str, CodeSet]
    end_dates_inclusive: bool = False
    month_first_dates: bool = False
    roles_out_of_scope: frozenset[str] = frozenset(_GUARDIANS)


def maps_for(dialect: str, overrides: Mapping[str, object] | None = None) -> RosterMaps:
    """Return the maps of a OneRoster version ("1.1" or "1.2") as one district uses them.

    overrides, all optional: `columns` {table: {canonical column: source column}} replaces where a
    column is read from (alternatives separated by `|`); `codes` {code set: {source code: canonical
    code}} adds codes; `end_dates_inclusive`; `month_first_dates`; `roles_out_of_scope` (a list).
    Raises StopDistrict CF30 for an unknown version, CF31 for settings that cannot be used.
    """
    if dialect not in _DIALECTS:
        raise StopDistrict(
            "CF30",
            f"There is no column map for version {dialect}.",
            fix=f"Set the connector's version to one of {', '.join(_DIALECTS)}.",
        )
    chosen = overrides or {}
    _check_names("mapping", chosen, _OVERRIDES)
    return RosterMaps(
        dialect=dialect,
        columns=_columns(_DIALECTS[dialect], _section(chosen, "columns")),
        codes=_codes(_section(chosen, "codes")),
        end_dates_inclusive=_flag(chosen, "end_dates_inclusive"),
        month_first_dates=_flag(chosen, "month_first_dates"),
        roles_out_of_scope=_roles(chosen.get("roles_out_of_scope", _GUARDIANS)),
    )


def digest_of_maps(maps: RosterMaps) -> str:
    """Return a short fingerprint of the maps (32 hex digits), equal only when they map alike."""
    content = {
        "dialect": maps.dialect,
        "columns": {table.value: dict(columns) for table, columns in maps.columns.items()},
        "codes": {name: [dict(known.codes), known.is_open] for name, known in maps.codes.items()},
        "end_dates_inclusive": maps.end_dates_inclusive,
        "month_first_dates": maps.month_first_dates,
        "roles_out_of_scope": sorted(maps.roles_out_of_scope),
    }
    text = json.dumps(content, sort_keys=True, ensure_ascii=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def canonical_codes(maps: RosterMaps) -> dict[str, frozenset[str]]:
    """Return the canonical codes of every code set, a district's own included; `ext:` tokens aside."""
    return {name: frozenset(known.codes.values()) for name, known in maps.codes.items()}


@lru_cache
def code_set(name: str) -> CodeSet:
    """Return the code table of `codes/<name>.csv` as it ships."""
    rows = _read(_HERE / "codes" / f"{name}.csv")
    codes = {fold(row["source"]): row["canonical"] for row in rows if row["source"] != _EXTENSION}
    return CodeSet(codes, is_open=any(row["source"] == _EXTENSION for row in rows))


def fold(text: str) -> str:
    """Return a text as codes and column names are compared: trimmed, without case; zeros stay."""
    return text.strip().casefold()


@lru_cache
def _column_rows(table: RosterTable) -> list[dict[str, str]]:
    return _read(_HERE / "columns" / f"{table}.csv")


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _alternatives(cell: str) -> tuple[str, ...]:
    return tuple(filter(None, (name.strip() for name in cell.split("|"))))


def _columns(
    dialect_column: str, renames: Mapping[str, object]
) -> dict[RosterTable, dict[str, tuple[str, ...]]]:
    _check_names("mapping.columns", renames, [table.value for table in RosterTable])
    columns = {}
    for table in RosterTable:
        standard = {row["canonical"]: _alternatives(row[dialect_column]) for row in _column_rows(table)}
        columns[table] = standard | _renamed(table, _section(renames, table.value))
    return columns


def _renamed(table: RosterTable, renames: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
    _check_names(f"mapping.columns.{table}", renames, ROSTER[table].names)
    return {name: _alternatives(str(source)) for name, source in renames.items()}


def _codes(more: Mapping[str, object]) -> dict[str, CodeSet]:
    names = sorted({column.code_set for spec in ROSTER.values() for column in spec.columns} - {""})
    _check_names("mapping.codes", more, names)
    return {name: _extended(name, code_set(name), _section(more, name)) for name in names}


def _extended(name: str, known: CodeSet, more: Mapping[str, object]) -> CodeSet:
    canonical = {code: known.canonical(str(code)) for code in map(str, more.values())}
    wrong = sorted(code for code, found in canonical.items() if found is None)
    if wrong:
        allowed = ", ".join(sorted(set(known.codes.values())))
        raise _bad(f"The codes of {name} lead to unknown codes: {', '.join(wrong)}.", f"Use {allowed}.")
    added = {fold(source): canonical[str(code)] or "" for source, code in more.items()}
    return CodeSet({**known.codes, **added}, known.is_open)


def _section(settings: Mapping[str, object], name: str) -> Mapping[str, object]:
    section = settings.get(name, {})
    if not isinstance(section, Mapping):
        raise _bad(f"The mapping setting {name} is no table of names.", "Write it as names and values.")
    return section


def _flag(settings: Mapping[str, object], name: str) -> bool:
    value = settings.get(name, False)
    if not isinstance(value, bool):
        raise _bad(f"The mapping setting {name} is neither true nor false.", "Set it to true or false.")
    return value


def _roles(value: object) -> frozenset[str]:
    known = code_set("user_roles")
    if not isinstance(value, (list, tuple, set, frozenset)):
        raise _bad("The mapping setting roles_out_of_scope is no list.", "Write it as a list of roles.")
    roles = {str(role): known.canonical(str(role)) for role in value}
    wrong = sorted(role for role, found in roles.items() if found is None)
    if wrong:
        raise _bad(f"Unknown roles are out of scope: {', '.join(wrong)}.", "Use OneRoster's role names.")
    return frozenset(found for found in roles.values() if found is not None)


def _check_names(section: str, given: Iterable[str], allowed: Iterable[str]) -> None:
    names = list(allowed)
    unknown = sorted(set(given) - set(names))
    if unknown:
        allowed_text = ", ".join(names)
        raise _bad(f"The setting {section} has unknown names: {', '.join(unknown)}.", f"Use {allowed_text}.")


def _bad(message: str, fix: str) -> StopDistrict:
    return StopDistrict("CF31", message, fix=fix)
