"""Trying Campus's OneRoster step by step: what any OneRoster server is tried for, then year and secret."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pyarrow as pa

from connectors.check_steps import Step, run_steps
from connectors.infinite_campus.menus import CONNECTION
from connectors.infinite_campus.settings import CampusRosterSettings
from connectors.infinite_campus.watch import YearWatch, secret_notice
from connectors.oneroster.lists import ListReader, Question, all_records
from connectors.oneroster.rest_check import run_check
from connectors.oneroster.settings import ROSTER_SCOPES, address
from connectors.protocol import CheckReport
from domain.errors import StopDistrict
from domain.ids import DistrictCode
from domain.oneroster import Service


def run_campus_check(district: DistrictCode, settings: CampusRosterSettings, today: date) -> CheckReport:
    """Try the roster server with Campus's own fixes, then the school year it serves and the secret's age."""
    report = run_check(district, settings, CONNECTION)
    more = [Step("client secret", lambda: _secret(settings, today), blocks=False)]
    if report.passed and settings.check_active_year:
        more.insert(0, Step("school year", lambda: _year(settings, today), blocks=False))
    return replace(report, steps=(*report.steps, *run_steps(district, more, CONNECTION).steps))


def _secret(settings: CampusRosterSettings, today: date) -> str:
    if settings.secret_expires_on is None:
        return "secret_expires_on is not set, so nobody is warned before the secret dies"
    for notice in secret_notice(settings.secret_expires_on, today):
        if settings.secret_expires_on <= today:
            raise StopDistrict(notice.code, notice.message, fix=notice.fix, place=notice.place)
        return notice.message
    return f"the secret lasts until {settings.secret_expires_on}"


def _year(settings: CampusRosterSettings, today: date) -> str:
    watch = YearWatch(today, settings.year_margin_days)
    question = Question(
        url=address(settings.root(Service.ROSTERING), "academicSessions"),
        place="/academicSessions",
        path="academicSessions",
        permission="reading academicSessions (scope roster-core.readonly)",
    )
    with settings.client(settings.authorizer(ROSTER_SCOPES)) as client:
        whole = ListReader(client, settings.page_size, 1).read(question)
        records = list(all_records(question, whole))
    days = {name: [str(one.get(name) or "") for one in records] for name in ("startDate", "endDate")}
    watch.take(pa.RecordBatch.from_pydict(days))
    watch.verdict()
    return f"the active year of Campus is the present one ({len(records)} sessions)"
