"""The table of a year: for each kind of disaster what was held, for ordinary nights what was held falsely."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from bench.year.drive import Night, Year

FALSE_HOLDS_ALLOWED = 0.02


def passed(years: Sequence[Year]) -> bool:
    """Return whether every disaster was noticed, nobody was removed wrongly and few nights were held."""
    nights = _nights(years)
    ordinary = [one for one in nights if not one.planted]
    return (
        all(one.noticed for one in nights if one.planted)
        and not sum(one.wrongly_removed for one in nights)
        and sum(one.noticed for one in ordinary) <= FALSE_HOLDS_ALLOWED * len(ordinary)
        and not any(one.difference for one in years)
    )


def show(years: Sequence[Year], seconds: float) -> None:
    """Print the table and the sentences that matter."""
    nights = _nights(years)
    table = Table(title=f"{len(years)} districts, {len(nights):,} nights", title_justify="left")
    for column in (
        "served",
        "nights",
        "feed stopped",
        "changes held",
        "rows quarantined",
        "students in doubt",
        "unnoticed",
        "removed wrongly",
    ):
        table.add_column(column, justify="left" if column == "served" else "right")
    for kind in (*sorted({one.planted for one in nights if one.planted}), ""):
        table.add_row(*_row(kind, [one for one in nights if one.planted == kind]))
    console = Console(width=140)
    console.print(table)
    ordinary = [one for one in nights if not one.planted]
    falsely = [one for one in ordinary if one.noticed]
    share = len(falsely) / len(ordinary) if ordinary else 0
    console.print(f"Ordinary nights held falsely: {len(falsely)} of {len(ordinary):,} ({share:.1%}).")
    for (district, cause), count in Counter((one.district, _cause(one)) for one in falsely).most_common():
        console.print(f"  {count} in district {district}: {cause}")
    console.print(f"Rows removed wrongly: {sum(one.wrongly_removed for one in nights)}.")
    console.print(f"Rows that differ from the truth at the end: {sum(one.difference for one in years)}.")
    console.print(f"{seconds / 60:.1f} minutes.")


def _cause(night: Night) -> str:
    """Return what held an ordinary night back, the gravest first."""
    if night.code:
        return f"the feed stopped, {night.code}"
    if night.held:
        return "changes held"
    return "rows in quarantine" if night.quarantined else "students in doubt"


def _row(kind: str, nights: Sequence[Night]) -> tuple[str, ...]:
    stopped = [one for one in nights if one.code]
    return (
        kind or "an ordinary night",
        f"{len(nights):,}",
        f"{len(stopped):,} {'/'.join(sorted({one.code for one in stopped}))}".strip(),
        f"{sum(one.held > 0 for one in nights):,}",
        f"{sum(one.quarantined > 0 for one in nights):,}",
        f"{sum(one.doubted > 0 for one in nights):,}",
        f"{sum(not one.noticed for one in nights):,}" if kind else "-",
        f"{sum(one.wrongly_removed for one in nights):,}",
    )


def _nights(years: Sequence[Year]) -> list[Night]:
    return [night for one in years for night in one.nights]
