"""The lawful and not so lawful ways in which providers differ, as switches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one provider speaks OneRoster; the defaults are the standard by the book.

    page_cap: clamps a larger limit without a word (the Ed-Fi service: 500).
    default_page: rows without a limit (the standard: 100).
    send_total, send_link: X-Total-Count and Link (Ed-Fi and others send neither).
    counted: what the total counts: rows that match, or wrongly all rows (FINTLabs), or this page's.
    ignore_filter: unfiltered rows with 200 (FINTLabs on syntax it does not know).
    ignore_sort, ignore_fields: as the names say. reject_sort: 400 on any sort.
    booleans: "text" is 1.2; "json" is the older 1.1 document; "title" is "True" and "False".
    nulls: absent fields are left out, or sent as null (Infinite Campus) or as "".
    envelope: "path" wraps /terms in `terms` (Timeback); "bare" sends an array without a key.
    deleted: "purge" never shows tobedeleted rows: they vanish (Ed-Fi).
    hrefs: "relative" to the server, as the Ed-Fi service sends them.
    put_code: answers every good PUT with this code; None is 201 for a new record, 200 for a known one.
    reallocate_ids: a new record gets the provider's own id, told in the body (Instructure's note).
    drop_writes: answers as if all were well and keeps nothing (a closed grading window).
    window_open: False answers writes with 403 (Infinite Campus outside its grading window).
    strict_writes: what is written must be complete; False takes references without href, and records
    without status and dateLastModified (Google's conformance suite sends such).
    token_lifetime: seconds. expires_in_text: the token answer says them as text.
    status_info_on_success: a statusInfoSet beside the data on 200 (Infinite Campus).
    errors: 1.1 errors as a `statusInfoSet` list or at the root; 1.2 knows only the root.
    revision_header: names a header that tells the data's revision with every list (ClassLink: x-perm-rev).
    discovery: whether a 1.2 service has a discovery document.
    latency_ms: how long each answer is held back.
    """

    page_cap: int | None = None
    default_page: int = 100
    send_total: bool = True
    send_link: bool = True
    counted: Literal["matches", "all", "page"] = "matches"
    ignore_filter: bool = False
    ignore_sort: bool = False
    reject_sort: bool = False
    ignore_fields: bool = False
    booleans: Literal["text", "json", "title"] = "text"
    nulls: Literal["omit", "null", "empty"] = "omit"
    envelope: Literal["standard", "path", "bare"] = "standard"
    deleted: Literal["emit", "purge"] = "emit"
    hrefs: Literal["absolute", "relative"] = "absolute"
    put_code: int | None = None
    reallocate_ids: bool = False
    drop_writes: bool = False
    window_open: bool = True
    strict_writes: bool = True
    token_lifetime: int = 3600
    expires_in_text: bool = False
    status_info_on_success: bool = False
    errors: Literal["list", "root"] = "list"
    revision_header: str = ""
    discovery: bool = True
    latency_ms: int = 0
