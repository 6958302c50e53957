"""A simulated Campus and the settings that reach it."""

from __future__ import annotations

from simulators.infinite_campus import RunningCampus


def campus_values(sis: RunningCampus, **changes: object) -> dict[str, object]:
    """Return the settings of a connection to a Campus, impatient, as an administrator would paste them."""
    return {
        "base_url": sis.application_base, "version": sis.version, "token_url": sis.token_url,
        "client_id": sis.client_id, "client_secret": sis.client_secret, "peak_hours": "",
        "first_wait": 0.01, "attempts": 2, "patience": 20, "read_timeout": 20, **changes,
    }  # fmt: skip
