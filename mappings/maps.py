"""Column and code maps: what a SIS calls a thing, and what OneRoster 1.2 calls it.

The maps are CSV files a registrar can read: `tables.csv`, `columns/<table>.csv` and
`codes/<code set>.csv`, of OneRoster here and of a vendor in its own folder (`mappings.dialects`).
A district's settings add to them; they never change a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from domain.errors import StopDistrict
from domain.tables import ROSTER, RosterTable
from mappings.dialects import Adapt, Columns, Dialect, alternatives, dialect, dialect_names, read_rows

_HERE = Path(__file__).parent
_OVERRIDES = ("columns", "codes", "end_dates_inclusive", "roles_out_of_scope", "month_first_dates")
_GUARDIANS = ("guardian", "parent", "relative")
_EXTENSION = "ext:*"

BUILT = "="
"""Before a value that is built instead of read: `=student`, `={section}:{teacher}`."""


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

    sources: source table → the roster tables it feeds, the first being what its rows count as.
    columns: table → canonical column → where it is read from, the first that has a value wins: a source
    column, or after `=` a text with source columns in braces. own_columns: the same for one source table.
    codes: code set → its table. end_dates_inclusive: the source's end dates are the last day itself.
    month_first_dates: M/D/YYYY may be read as a date. roles_out_of_scope: people we do not keep.
    adapt: what the vendor's dialect does to a batch first.
    """

    dialect: str
    sources: Mapping[str, tuple[RosterTable, ...]]
    columns: Mapping[RosterTable, Columns]
    codes: Mapping[str, CodeSet]
    own_columns: Mapping[str, Mapping[RosterTable, Columns]] = field(default_factory=dict)
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    end_dates_inclusive: bool = False
    month_first_dates: bool = False
    roles_out_of_scope: frozenset[str] = frozenset(_GUARDIANS)
    adapt: Adapt | None = None

    def where(self, source_table: str, table: RosterTable) -> Columns:
        """Return where each canonical column of a table is read from in one of its source tables."""
        own = self.own_columns.get(source_table, {}).get(table)
        return {**self.columns[table], **own} if own else self.columns[table]

    def key_columns(self, source_table: str) -> tuple[str, ...]:
        """Return the columns of a source table that may hold a row's key, () when none is known."""
        targets = self.sources.get(source_table, ())
        named = self.keys.get(source_table, ())
        derived = self.where(source_table, targets[0])["sourced_id"] if targets and not named else ()
        return named or tuple(name for name in derived if not name.startswith(BUILT))


def maps_for(name: str, overrides: Mapping[str, object] | None = None) -> RosterMaps:
    """Return the maps of a dialect ("1.1", "1.2" or a vendor's name) as one district uses them.

    overrides, all optional: `columns` {table: {canonical column: source column}} replaces where a
    column is read from (alternatives separated by `|`), `columns` {table: {source table: {canonical
    column: source column}}} for one source table only; `codes` {code set: {source code: canonical
    code}} adds codes; `end_dates_inclusive`; `month_first_dates`; `roles_out_of_scope` (a list).
    Raises StopDistrict CF30 for an unknown dialect, CF31 for settings that cannot be used.
    """
    known = dialect(name)
    if known is None:
        raise StopDistrict(
            "CF30",
            f"There is no column map for version {name}.",
            fix=f"Set the connector's version to one of {', '.join(dialect_names())}.",
        )
    chosen = {**known.defaults, **(overrides or {})}
    _check_names("mapping", chosen, _OVERRIDES)
    renames = _section(chosen, "columns")
    _check_names("mapping.columns", renames, [table.value for table in RosterTable])
    return RosterMaps(
        dialect=known.name,
        sources=known.sources,
        columns={table: _columns(known, table, _section(renames, table.value)) for table in RosterTable},
        own_columns=_own_columns(known, renames),
        keys=known.keys,
        codes=_codes(known, _section(chosen, "codes")),
        end_dates_inclusive=_flag(chosen, "end_dates_inclusive"),
        month_first_dates=_flag(chosen, "month_first_dates"),
        roles_out_of_scope=_roles(chosen.get("roles_out_of_scope", _GUARDIANS)),
        adapt=known.adapt,
    )


@lru_cache
def code_set(name: str) -> CodeSet:
    """Return the code table of `codes/<name>.csv` as it ships."""
    rows = read_rows(_HERE / "codes" / f"{name}.csv")
    codes = {fold(row["source"]): row["canonical"] for row in rows if row["source"] != _EXTENSION}
    return CodeSet(codes, is_open=any(row["source"] == _EXTENSION for row in rows))


def fold(text: str) -> str:
    """Return a text as codes and column names are compared: trimmed, without case; zeros stay."""
    return text.strip().casefold()


def _columns(known: Dialect, table: RosterTable, renames: Mapping[str, object]) -> Columns:
    """Return where a table's columns are read from; those that the dialect does not name are read nowhere."""
    nowhere: dict[str, tuple[str, ...]] = dict.fromkeys(ROSTER[table].names, ())
    _check_names(f"mapping.columns.{table}", renames, [*ROSTER[table].names, *known.sources])
    return nowhere | dict(known.columns[table]) | _renamed(renames)


def _own_columns(
    known: Dialect, renames: Mapping[str, object]
) -> dict[str, dict[RosterTable, dict[str, tuple[str, ...]]]]:
    """Return what one source table has elsewhere; a district's word for all its sources counts for it too."""
    own: dict[str, dict[RosterTable, dict[str, tuple[str, ...]]]] = {}
    for source, tables in known.own_columns.items():
        for table in known.sources[source]:
            chosen = _section(renames, table.value)
            special = _section(chosen, source)
            _check_names(f"mapping.columns.{table}.{source}", special, ROSTER[table].names)
            own.setdefault(source, {})[table] = dict(tables[table]) | _renamed(chosen) | _renamed(special)
    return own


def _renamed(renames: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
    return {
        name: alternatives(str(source)) for name, source in renames.items() if not isinstance(source, Mapping)
    }


def _codes(known: Dialect, more: Mapping[str, object]) -> dict[str, CodeSet]:
    names = sorted({column.code_set for spec in ROSTER.values() for column in spec.columns} - {""})
    _check_names("mapping.codes", more, names)
    return {
        name: _extended(name, code_set(name), {**known.codes.get(name, {}), **_section(more, name)})
        for name in names
    }


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
