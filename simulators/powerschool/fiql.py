"""The `q` of a table question: field==value, joined by ; (and) or , (or), as SQL (vendor page "FIQL")."""

from __future__ import annotations

import re
from typing import Any

from simulators.powerschool.problems import Refusal
from simulators.powerschool.schema import COLUMNS, NUMBERS

_TERM = re.compile(r"([A-Za-z_.]+)(==|!=|=gt=|=ge=|=lt=|=le=)([^;,]*)")
_SIGNS = {"==": "=", "!=": "<>", "=gt=": ">", "=ge=": ">=", "=lt=": "<", "=le=": "<="}


def where(table: str, query: str) -> tuple[str, list[Any]]:
    """Return a WHERE clause and its values; Refusal 400 naming the field or the term that is not known."""
    if not query:
        return "1", []
    values: list[Any] = []
    either = []
    for part in query.split(","):
        both = [_term(table, term, values) for term in part.split(";")]
        either.append("(" + " AND ".join(both) + ")")
    return " OR ".join(either), values


def _term(table: str, term: str, values: list[Any]) -> str:
    found = _TERM.fullmatch(term.strip())
    if found is None:
        raise Refusal(400, "Invalid query")
    name, sign, value = found[1].lower().rpartition(".")[2], _SIGNS[found[2]], found[3]
    if name not in COLUMNS[table]:
        raise Refusal(400, f"Invalid field {name}")
    if name in NUMBERS[table] and not re.fullmatch(r"-?\d+(\.\d+)?", value):
        raise Refusal(400, f"Invalid value for {name}")
    if "*" in value:
        values.append(value.replace("*", "%"))
        return f"{name} LIKE ?"
    values.append(value)
    return f"{name} {sign} ?"
