"""The demo's region file as entries: districts, routes, master schedule, crosswalks, terms, scales."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from simulators.dataset import Dataset
from simulators.scenario.districts import (
    DISTRICTS,
    OFFERINGS,
    DemoDistrict,
    Transport,
    course_code,
    session_of,
)
from simulators.scenario.grades import TERM

Entry = dict[str, Any]

SCALES: dict[str, Entry] = {
    "twelve point": {
        "rounding": "half_up",
        "bands": {
            "A+": 98,
            "A": 92,
            "A-": 90,
            "B+": 88,
            "B": 82,
            "B-": 80,
            "C+": 78,
            "C": 72,
            "C-": 70,
            "D+": 68,
            "D": 62,
            "D-": 60,
            "F": 0,
        },
    },
    "four point": {
        "rounding": "half_up",
        "bands": {
            "A+": 97,
            "A": 93,
            "A-": 90,
            "B+": 87,
            "B": 83,
            "B-": 80,
            "C+": 77,
            "C": 73,
            "C-": 70,
            "D+": 67,
            "D": 63,
            "D-": 60,
            "F": 0,
        },
    },
}
"""Two public grading scales of Indiana schools: the same percent is another letter in each."""


def entries(datasets: Mapping[str, Dataset], reach: Mapping[str, Entry], night: int) -> Entry:
    """Return what a region file of the demo would hold on a night.

    reach: district code → {"roster": connector entry, "grades": connector entry}.
    """
    return {
        "offering": [_offering(offering) for offering in OFFERINGS],
        "district": [_district(d, datasets[d.code], reach[d.code], night) for d in DISTRICTS],
    }


def _offering(offering: str) -> Entry:
    return {
        "id": offering,
        "title": OFFERINGS[offering],
        "course_code": course_code(offering),
        "term": TERM,
        "school_year": "2026",
        "host_district": "9001",
        "teacher": "shared-course teacher",
        "period_kind": "zero hour",
        "sessions_per_week": 3,
        "minutes_per_session": 45,
        "begin_date": date(2025, 8, 15),
        "end_date": date(2026, 1, 17),
        "posting_opens_on": date(2026, 1, 12),
        "posting_closes_on": date(2026, 2, 14),
    }


def _district(district: DemoDistrict, dataset: Dataset, reach: Entry, night: int) -> Entry:
    return {
        "code": district.code,
        "name": district.name,
        "state": "IN",
        "time_zone": "America/Indiana/Indianapolis",
        "school_year": district.school_year,
        "mou_approved_on": date(2021, 7, 1),
        "settings": {
            "fixed_now": district.moment(night).isoformat(),
            "scale": SCALES["twelve point" if district.code in ("9001", "9003") else "four point"],
        },
        "crosswalk": {course_code(offering): offering for offering in OFFERINGS},
        "term": [_term(district, dataset, "Final", "final"), _term(district, dataset, "Midterm", "progress")],
        **reach,
    }


def _term(district: DemoDistrict, dataset: Dataset, period: str, kind: str) -> Entry:
    return {
        "term": TERM,
        "reporting_period": period,
        "kind": kind,
        "session_sourced_id": session_of(dataset, district.first_day)["sourcedId"],
        "label": "F1" if kind == "final" else "P1",
        "title": "{course} {reporting_period}",
        "opens_on": district.first_day.date() - timedelta(days=7),
        "closes_on": district.first_day.date() + timedelta(days=30),
    }


def roster_entry(district: DemoDistrict, settings: Entry) -> Entry:
    """Return a district's roster connector entry for what its simulator told of itself."""
    kind = "oneroster_rest" if district.transport is Transport.REST else "oneroster_csv_sftp"
    secret = "client_secret" if district.transport is Transport.REST else "password"
    return {"kind": kind, "settings": settings, "secrets": {secret: f"sis_{secret}"}}


def grades_entry(district: DemoDistrict, settings: Entry) -> Entry:
    """Return a district's grade route entry: OneRoster results over REST, a registrar's file otherwise."""
    kind = "oneroster_gradebook" if district.transport is Transport.REST else "registrar_file"
    secret = "client_secret" if district.transport is Transport.REST else "password"
    return {"kind": kind, "settings": settings, "secrets": {secret: f"sis_{secret}"}}
