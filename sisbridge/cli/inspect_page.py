"""An inspection as one HTML page: nothing is loaded from elsewhere, and it works without scripts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sisbridge.sync.inspect import Deviation, Inspection

_STYLE = """
:root{--ink:#1a1f2b;--soft:#4c566a;--line:#cfd5e0;--paper:#fff;--band:#f3f5f9;--bar:#2f5fa8;
--error:#a3162a;--warning:#7a4d00;--note:#2b5a3c}
*{box-sizing:border-box}
body{margin:0 auto;max-width:75rem;padding:2rem 1.5rem 4rem;color:var(--ink);background:var(--paper);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
h1{font-size:1.75rem;line-height:1.25;margin:0 0 .25rem;overflow-wrap:anywhere}
h2{font-size:1.25rem;margin:2.5rem 0 .75rem}
h3{font-size:1.05rem;margin:1.75rem 0 .25rem}
p{margin:.25rem 0 .75rem;max-width:48rem}.lead{color:var(--soft)}
.verdict{border-left:.35rem solid var(--note);background:var(--band);padding:.75rem 1rem;font-weight:600}
.verdict.error{border-color:var(--error)}.verdict.warning{border-color:var(--warning)}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(20rem,1fr));gap:0 2.5rem}
.scroll{overflow-x:auto}.scroll:focus-visible{outline:2px solid var(--bar);outline-offset:2px}
table{border-collapse:collapse;width:100%;font-size:.94rem}
caption{text-align:left;color:var(--soft);padding:0 0 .4rem}
th,td{text-align:left;vertical-align:top;padding:.45rem .7rem .45rem 0;border-bottom:1px solid var(--line)}
thead th{border-bottom:2px solid var(--ink);white-space:nowrap}
tbody th{font-weight:600}
th.n,td.n{text-align:right;padding-right:1.75rem;font-variant-numeric:tabular-nums;white-space:nowrap}
code{font:.9em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
td code{display:block;line-height:1.5}.level{font-weight:700;white-space:nowrap}
.level.error{color:var(--error)}.level.warning{color:var(--warning)}.level.note{color:var(--note)}
.rule{color:var(--soft)}
svg{display:block;width:100%;max-width:36rem;height:auto;overflow:visible}
svg text{font:14px system-ui,-apple-system,"Segoe UI",Roboto,Arial,sans-serif;fill:var(--ink)}
@media screen and (max-width:40rem){body{padding:1.25rem 1rem 3rem}.pair{display:block}
svg text{font-size:18px}td{overflow-wrap:anywhere}
.found thead{position:absolute;clip-path:inset(50%)}.found tr,.found th,.found td{display:block;border:0}
.found tr{border-bottom:1px solid var(--line);padding:.4rem 0}
.found :is(th,td){text-align:left;padding:.1rem 0}
.found td[data-name]::before{content:attr(data-name) ": ";color:var(--soft)}}
footer{margin-top:3rem;border-top:1px solid var(--line);padding-top:1rem;color:var(--soft);font-size:.9rem}
@media print{body{max-width:none;padding:0;font-size:11px}h2{break-after:avoid}tr{break-inside:avoid}
.scroll{overflow:visible}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""
_COLOURS = {"error": "var(--error)", "warning": "var(--warning)", "note": "var(--note)"}
_CODE_COLUMNS = ("Where", "Field", "How many", "First places", "Example, masked")


def page(report: Inspection) -> str:
    """Return the whole page."""
    title = f"OneRoster inspection of {report.source}"
    made = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>"
        f'<h1>{escape(title)}</h1><p class="lead">Held to OneRoster {report.version.value}. Made {made}.</p>'
        f"{_verdict(report)}{_overview(report)}{_deviations(report)}</main>"
        "<footer>Values are masked: letters are shown as x and digits as 9; only words of the standard's own "
        "vocabularies are shown. Each kind of deviation at one file or endpoint and field counts once; "
        "“How many” counts the rows. Made by <code>sisbridge inspect</code>.</footer></body></html>\n"
    )


def _verdict(report: Inspection) -> str:
    levels = report.by_level()
    worst = next((level for level, count in levels.items() if count), "note")
    told = ", ".join(f"{count} {level}{'' if count == 1 else 's'}" for level, count in levels.items())
    rows = sum(report.counts.values())
    return f'<p class="verdict {worst}">{told} in {rows:,} records.</p>'


def _overview(report: Inspection) -> str:
    facts = _table("What was inspected", ("What", "Seen"), (_fact(*fact) for fact in report.facts))
    return (
        f'<div class="pair"><section><h2>What it is</h2>{facts}</section>'
        f"<section><h2>Records</h2>{_bars('Rows of each collection', report.counts)}"
        f"<h2>Deviations by severity</h2>{_bars('Kinds of deviations', report.by_level())}</section></div>"
    )


def _fact(name: str, seen: str) -> str:
    return f'<tr><th scope="row">{escape(name)}</th><td>{escape(seen)}</td></tr>'


def _table(caption: str, columns: Sequence[str], rows: Iterable[str], kind: str = "") -> str:
    name = f' class="{kind}"' if kind else ""
    heads = "".join(f'<th scope="col"{_number(name == "How many")}>{escape(name)}</th>' for name in columns)
    # A part that scrolls has to be reached by the keyboard alone, and to have a name then.
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}">'
        f"<table{name}><caption>{escape(caption)}</caption><thead><tr>{heads}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _number(yes: bool) -> str:
    return ' class="n"' if yes else ""


def _bars(title: str, counts: Mapping[str, int]) -> str:
    """Return a bar chart whose numbers are text too, so that nothing rests on its looks."""
    if not counts:
        return "<p>None.</p>"
    most = max(*counts.values(), 1)
    said = ", ".join(f"{name} {count:,}" for name, count in counts.items())
    bars = "".join(_bar(place, name, count, most) for place, (name, count) in enumerate(counts.items()))
    height = 28 * len(counts) + 4
    return (
        f'<svg viewBox="0 0 520 {height}" role="img" aria-label="{escape(f"{title}: {said}")}">{bars}</svg>'
    )


def _bar(place: int, name: str, count: int, most: int) -> str:
    top, width = 28 * place, count and max(round(270 * count / most), 1)
    colour = _COLOURS.get(name, "var(--bar)")
    return (
        f'<text x="0" y="{top + 19}">{escape(name)}</text>'
        f'<rect x="170" y="{top + 5}" width="{width}" height="18" style="fill:{colour}"/>'
        f'<text x="{178 + width}" y="{top + 19}">{count:,}</text>'
    )


def _deviations(report: Inspection) -> str:
    if not report.deviations:
        return "<section><h2>Deviations</h2><p>None was found.</p></section>"
    codes = dict.fromkeys((one.level.value, one.code) for one in report.deviations)
    blocks = (_code([one for one in report.deviations if one.code == code]) for _, code in codes)
    return f"<section><h2>Deviations</h2>{''.join(blocks)}</section>"


def _code(found: Sequence[Deviation]) -> str:
    first = found[0]
    level = first.level.value
    samples = any(one.sample for one in found)
    columns = _CODE_COLUMNS if samples else _CODE_COLUMNS[:-1]
    rows = (_row(one, samples) for one in found)
    table = _table(f"Where {first.code} was found", columns, rows, kind="found")
    return (
        f'<h3><span class="level {level}">{level.capitalize()}</span> '
        f"{first.code}: {escape(first.message)}</h3>"
        f'<p class="rule">The standard: {escape(first.rule)}. <em>{escape(first.section)}</em></p>{table}'
    )


def _row(one: Deviation, samples: bool) -> str:
    """Return a line of the table; on a narrow screen each cell stands alone under its column's name."""
    shown = [one.field], [f"{one.rows:,}"], one.places, [one.sample]
    cells = [
        _cell(name, texts, name == "How many")
        for name, texts in zip(_CODE_COLUMNS[1:], shown, strict=True)
        if samples or name != _CODE_COLUMNS[-1]
    ]
    return f'<tr><th scope="row">{escape(one.where)}</th>{"".join(cells)}</tr>'


def _cell(name: str, texts: Iterable[str], is_number: bool) -> str:
    tag = "span" if is_number else "code"
    told = "".join(f"<{tag}>{escape(text)}</{tag}>" for text in texts if text)
    label = f' data-name="{name}"' if told else ""
    return f"<td{_number(is_number)}{label}>{told}</td>"
