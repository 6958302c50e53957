"""The ways in which one PowerSchool differs from the next, as switches.

The vendor's API reference and help pages are named where they say so; "unconfirmed" marks what they
leave open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Manner:
    """How this PowerSchool behaves; the defaults are what the vendor's reference describes.

    page_size: the plugin's maximum page size (Plugin Management: default 100, 100 to 1000).
    min_interval_ms: minimum time between requests of a plugin; 0 is off (Global API settings). A request
    within it is answered with interval_code and a text naming the seconds (the code is unconfirmed).
    token_lifetime: seconds (the vendor's default is 30 days). expires_in_text: said as text.
    oneroster_path: the base path that OneRoster answers under (older servers: without /api), "" for none.
    zero_page_is_all: a PowerQuery asked for pagesize 0 returns every row (public clients; unconfirmed).
    nulls: how a PowerQuery says that a column is empty (unconfirmed).
    school_year: which year `schoolyear` of a stored grade means (the admin screen: start; unconfirmed).
    links_sections: whether an inserted grade that names course and section gets sectionid and termid
    (unconfirmed).
    student_key: what `studentid` of a stored grade means (assumed STUDENTS.ID; unconfirmed).
    same_code_twice: a second insert of a student's store code and course makes a second row, overwrites the
    first ("Permanently Store Grades" does so), or is refused (unconfirmed).
    blanks_erase: an update's missing fields are emptied (the vendor's update layout warns of it).
    drop_writes: answers as if all were well and keeps nothing.
    store_window_open: False refuses stored grades (the store window: 30 days after the section's term).
    resubmits: so many writes to the gradebook are answered 412 "Resubmit" first.
    title_limit: longest assignment name (30 by Canvas, 50 by Otus and Schoology).
    long_titles: a longer one is refused, or dropped without a word.
    locked_terms: TERMS.ID whose gradebook is locked (409).
    latency_ms: how long each answer is held back.
    """

    page_size: int = 100
    min_interval_ms: int = 0
    interval_code: int = 429
    token_lifetime: int = 30 * 24 * 3600
    expires_in_text: bool = True
    oneroster_path: Literal["/api/ims/oneroster/v1p1", "/ims/oneroster/v1p1", ""] = "/api/ims/oneroster/v1p1"
    zero_page_is_all: bool = True
    nulls: Literal["omit", "null", "empty"] = "omit"
    school_year: Literal["start", "end"] = "start"
    links_sections: bool = True
    student_key: Literal["id", "dcid"] = "id"
    same_code_twice: Literal["duplicate", "overwrite", "refuse"] = "duplicate"
    blanks_erase: bool = True
    drop_writes: bool = False
    store_window_open: bool = True
    resubmits: int = 0
    title_limit: int = 50
    long_titles: Literal["refuse", "drop"] = "refuse"
    locked_terms: frozenset[str] = frozenset()
    latency_ms: int = 0
