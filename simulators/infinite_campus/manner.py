"""What Infinite Campus does beyond the standard, as switches; each names the page it stands for.

Pages are those of the vendor's knowledge base: *connection* is digital learning applications configuration,
*vendors* supported and unsupported connections, *endpoints* connecting to OneRoster grade book endpoints,
*consumers* guidelines for OneRoster API consumers, *models* the OneRoster data models, *grading* grading
services; *client* is the vendor's own OneRosterAssignmentSyncTester (2017). "Unconfirmed" marks what no
page settles: both ways are switchable, and a district's sandbox decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import Literal

from simulators.oneroster.dialect import Dialect

CAMPUS_DIALECT = Dialect(nulls="null", status_info_on_success=True, page_cap=50_000)
"""Nulls, a status beside the data, and 50,000 rows a request (release Campus.1645; 10,000 before)."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How one district's Campus behaves; the defaults are what the vendor's pages say.

    app: the application name in token URL and base URL form A (connection). base_forms: "application" is
    /campus/api/oneroster/v1p2/{app}/ims/oneroster, "plain" is /campus/api/ims/oneroster (public clients:
    both met).
    refusal_code: the HTTP code of "No Campus Application selected" (connection; the code is unconfirmed).
    secret_expires_at: credentials die a year after creation (connection). supported: False is a connection
    of an unsupported vendor, which has rostering only (vendors; that the rest answers 403 is unconfirmed).
    campus_learning: False is a district without that licence: rostering only (vendors; 403 is unconfirmed).
    active_year: the one school year served; "" serves all (consumers: only the active year is served).
    without_account: users who are in classes and have no enabled account, so /users lacks them (models).
    hides_their_seats: their enrollments are missing too (models; unconfirmed which).
    most_at_once, most_at_peak, peak: answers 429 beyond them (consumers: five off-peak, serial in peak
    hours; that the server enforces it is unconfirmed; peak is in UTC here).
    slow_above: a page asked for with a larger limit ends in 504 (consumers advise large pages; the limit is
    unconfirmed).
    closed_window: a grade into a closed window is refused, or taken and dropped (grading; which is
    unconfirmed).
    uncategorized: a line item without category lands in a group of that name (client).
    returns_letters: results read show the letter that was sent (client sends it; unconfirmed for reading).
    letter_alone: a letter without a percent is taken (unconfirmed).
    score_list: percent from which each letter counts, used when only a percent comes (grading;
    unconfirmed).
    decimals: digits Campus keeps of a percent; None keeps all (unconfirmed).
    """

    app: str = "sisbridge"
    base_forms: tuple[Literal["application", "plain"], ...] = ("application", "plain")
    refusal_code: int = 400
    secret_expires_at: datetime | None = None
    supported: bool = True
    campus_learning: bool = True
    active_year: str = ""
    without_account: frozenset[str] = frozenset()
    hides_their_seats: bool = False
    most_at_once: int = 5
    most_at_peak: int = 1
    peak: tuple[time, time] | None = None
    slow_above: int | None = None
    closed_window: Literal["refused", "dropped"] = "refused"
    uncategorized: bool = True
    returns_letters: bool = True
    letter_alone: bool = True
    score_list: tuple[tuple[float, str], ...] = ()
    decimals: int | None = None

    def allowed_at_once(self, now: datetime) -> int:
        """Return how many requests may be on their way at a moment (UTC)."""
        at_peak = self.peak is not None and self.peak[0] <= now.time() < self.peak[1]
        return self.most_at_peak if at_peak else self.most_at_once
