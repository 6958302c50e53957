"""What a PowerSchool server says of itself and of our plugin: the page sizes it allows.

Source: PowerSchool developer pages, `GET /ws/v1/metadata`.
"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.http import HttpClient, Request

QUERY_PAGES = "schema_table_query_max_page_size"
STUDENT_PAGES = "student_max_page_size"

_PERMISSION = "reading the server's metadata (an enabled plugin)"


def metadata(client: HttpClient, root: str) -> Mapping[str, object]:
    """Return what the server says of itself, nothing when it does not say; raises as `HttpClient`."""
    answer = client.send(Request("GET", f"{root}/ws/v1/metadata", permission=_PERMISSION))
    told = answer.json.get("metadata") if isinstance(answer.json, dict) else None
    return told if isinstance(told, dict) else {}


def most_rows(told: Mapping[str, object], name: str, wanted: int | None, usual: int) -> int:
    """Return how many rows to ask for at once: what is wanted, but never more than the server allows.

    usual: what to ask for when neither side says.
    """
    try:
        allowed = int(str(told.get(name)))
    except ValueError:
        allowed = 0
    if allowed < 1:
        return wanted or usual
    return min(wanted, allowed) if wanted else allowed
