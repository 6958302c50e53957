"""A feed whose columns are not those we know: what is new is ignored and said, what is gone holds it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from domain.errors import StopDistrict
from domain.masking import shown_column
from domain.model import Finding, Severity
from domain.oneroster import COLLECTIONS
from domain.tables import ROSTER, RosterTable
from mappings.maps import RosterMaps, fold
from mappings.normalize import read_from, source_tables

_NOT_IN_THE_CSV_BINDING = (
    "agents", "agentSourceIds", "children", "metadata", "orgs", "preferredFirstName", "preferredLastName",
    "primaryOrg", "resources", "resourceSourcedIds", "roles", "userProfiles",
)  # fmt: skip
"""Names that only the REST binding, OneRoster 1.0 or 1.2.0 has, or that are often misspelt."""


def drift(maps: RosterMaps, source_table: str, columns: Sequence[str]) -> list[Finding]:
    """Return what is unusual about the columns of one source table.

    CD03 (drop value): a column we do not know, which is ignored; `metadata.…`, our own `_…` and
    standard columns we have no use for are no drift. FL10 (hold feed): a column is missing without
    which no row can be used. A blank or missing status means active, so status is never missed.
    """
    targets = source_tables(maps).get(source_table, ())
    if not targets:
        return []
    known = _known_names(maps, source_table, targets)
    given = {fold(name) for name in columns}
    missing = [
        names
        for names in _needed(maps, source_table, targets)
        if not any(given.issuperset(map(fold, read_from(name))) for name in names)
    ]
    # With one known name at most the first line is data, not a header: it is not to be repeated.
    unknown = [] if len(known & given) < 2 else [name for name in columns if not _is_known(name, known)]
    return [
        *(_unknown(source_table, name) for name in unknown),
        *(_missing(source_table, names) for names in missing),
    ]


def gone(
    maps: RosterMaps, source_table: str, before: Collection[str], columns: Sequence[str]
) -> list[Finding]:
    """Return CD07 (drop value) for each column of the roster before that is no longer there.

    Of columns that we read, and no row needs: what a needed one's going means, `drift` says.
    """
    targets = source_tables(maps).get(source_table, ())
    needed = {fold(name) for names in _needed(maps, source_table, targets) for name in names}
    of_note = _known_names(maps, source_table, targets) - needed - {fold(name) for name in columns}
    return [_gone(source_table, name) for name in before if fold(name) in of_note]


CONTRACT: Mapping[str, Mapping[str, Severity]] = {
    "new_column": {"evolve": Severity.DROP_VALUE, "freeze": Severity.HOLD_FEED},
    "lost_column": {
        "hold feed": Severity.HOLD_FEED,
        "hold row": Severity.HOLD_ROW,
        "drop value": Severity.DROP_VALUE,
    },
}
"""What a district may agree on: the effect of a column that is new, and of a needed one that is gone.

With `hold row` the feed goes on, and the rows that need the column are held by their own rules, as seen.
With `drop value` every row keeps what it has in force there, needed or not; a new row has nothing.
"""

_OF_RULE = {"CD03": "new_column", "FL10": "lost_column"}


def under_contract(
    found: Iterable[Finding], contract: Mapping[str, object], always: Collection[str] = ()
) -> list[Finding]:
    """Return drift findings with the effect that a district's contract gives them.

    always: columns without which the feed is held whatever the contract says. A needed column whose values
    are kept is left out: `kept` speaks of it. Raises StopDistrict CF83 for a contract that says something
    else than CONTRACT knows.
    """
    chosen = {name: _effect(name, word) for name, word in contract.items()}
    effects = (
        (one, one.severity if one.field in always else chosen.get(_OF_RULE.get(one.rule, ""), one.severity))
        for one in found
    )
    return [
        replace(one, severity=effect)
        for one, effect in effects
        if (one.rule, effect) != ("FL10", Severity.DROP_VALUE)
    ]


def scope_columns(maps: RosterMaps, source_table: str) -> frozenset[str]:
    """Return the columns of a source table that say who is in scope: without them everybody would be."""
    targets = source_tables(maps).get(source_table, ())
    roles = [maps.where(source_table, table)["role"] for table in targets if "role" in ROSTER[table].names]
    return frozenset(_wanted(names) for names in roles if names)


def _wanted(names: Sequence[str]) -> str:
    return " and ".join(read_from(names[0]))


def keeps_values(contract: Mapping[str, object]) -> bool:
    """Return whether rows keep the values in force of a column that is gone; raises as `under_contract`."""
    return (
        "lost_column" in contract and _effect("lost_column", contract["lost_column"]) is Severity.DROP_VALUE
    )


def lost(maps: RosterMaps, source_table: str, columns: Sequence[str]) -> dict[RosterTable, tuple[str, ...]]:
    """Return the canonical columns of each table that a source table feeds and has no column for.

    Never what names a row, says that it is there, or says whether a person is in scope.
    """
    given = {fold(name) for name in columns}
    return {
        table: tuple(
            name
            for name, sources in maps.where(source_table, table).items()
            if name not in _FIXED and sources and not any(_is_given(source, given) for source in sources)
        )
        for table in source_tables(maps).get(source_table, ())
    }


_FIXED = ("sourced_id", "status", "date_last_modified", "role")


def _is_given(source: str, given: Collection[str]) -> bool:
    return all(fold(name) in given for name in read_from(source))


def kept(maps: RosterMaps, source_table: str, table: RosterTable, column: str, rows: int) -> Finding:
    """Return what to say of a column that is gone and whose values in force were kept in so many rows."""
    wanted = _wanted(maps.where(source_table, table)[column])
    return _of_column(
        "CD06",
        Severity.DROP_VALUE,
        source_table,
        wanted,
        message=f"{source_table} has no column {wanted}: {rows} rows keep the value they have in force.",
        fix=f"Add {wanted} to the export of {source_table} again, or map the column that carries it.",
    )


def _effect(name: str, word: object) -> Severity:
    words = CONTRACT.get(name, {})
    if str(word) not in words:
        known = "; ".join(f"{key}: {', '.join(effects)}" for key, effects in CONTRACT.items())
        raise StopDistrict(
            "CF83",
            f"The district's contract for columns says '{name}' in a way that is not known.",
            fix=f"Use one of these: {known}.",
            place="settings: schema_drift",
        )
    return words[str(word)]


def _needed(maps: RosterMaps, source_table: str, targets: Iterable[RosterTable]) -> list[tuple[str, ...]]:
    """Return the source names of each required column, once; derived columns have none."""
    names = [
        maps.where(source_table, table)[column.name]
        for table in targets
        for column in ROSTER[table].columns
        if column.required and column.name != "status"
    ]
    return [alternatives for alternatives in dict.fromkeys(names) if alternatives]


def _known_names(maps: RosterMaps, source_table: str, targets: Iterable[RosterTable]) -> frozenset[str]:
    """Return every name that is mapped or standard in any version, folded."""
    mapped = [
        name
        for table in targets
        for names in maps.where(source_table, table).values()
        for source in names
        for name in read_from(source)
    ]
    keys = maps.key_columns(source_table)
    return frozenset(map(fold, (*mapped, *keys, *_standard(source_table))))


def _standard(source_table: str) -> list[str]:
    if source_table not in COLLECTIONS:
        return []
    names = [name for names in COLLECTIONS[source_table].columns.values() for name in names]
    return [*names, *_NOT_IN_THE_CSV_BINDING]


def _is_known(name: str, known: frozenset[str]) -> bool:
    folded = fold(name)
    return folded in known or folded.startswith(("_", "metadata."))


def _unknown(source_table: str, column: str) -> Finding:
    name = shown_column(column)
    return _of_column(
        "CD03",
        Severity.DROP_VALUE,
        source_table,
        name,
        message=f"{source_table} has a column {name} that we do not know; it is ignored.",
        fix=f"If {name} carries something needed, map it in the district's column settings.",
    )


def _missing(source_table: str, names: Sequence[str]) -> Finding:
    wanted = _wanted(names)
    return _of_column(
        "FL10",
        Severity.HOLD_FEED,
        source_table,
        wanted,
        message=f"{source_table} has no column {wanted}, without which none of its rows can be used.",
        fix=f"Add {wanted} to the export of {source_table}, or map the column that carries it.",
    )


def _gone(source_table: str, column: str) -> Finding:
    name = shown_column(column)
    return _of_column(
        "CD07",
        Severity.DROP_VALUE,
        source_table,
        name,
        message=f"{source_table} has no column {name} any more; the roster before had it.",
        fix=f"Nothing to do unless it was taken out by mistake: then export {name} again.",
    )


def _of_column(
    rule: str, severity: Severity, source_table: str, column: str, *, message: str, fix: str
) -> Finding:
    """Return what there is to say of a whole column: it stands in no row, and all of a name are one case."""
    return Finding(
        rule=rule,
        severity=severity,
        table=source_table,
        field=column,
        place=source_table,
        key="",
        masked="",
        message=message,
        fix=fix,
        group=column,
    )
