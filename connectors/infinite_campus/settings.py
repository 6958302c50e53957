"""What a district says of its Infinite Campus."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator

from connectors.infinite_campus.addresses import gradebook_root, rostering_root, token_address
from connectors.oneroster.settings import (
    OneRosterConnection,
    OneRosterGradebookSettings,
    OneRosterRestSettings,
)

MENU = "Digital Learning Applications Configuration"
"""Where in Campus a connection is set up, named so in every fix."""

LEGACY_ID = "ic.legacySourcedId"
"""The metadata of a 1.2 user that holds the id which 1.1 knew the user by."""

VENDOR_HEADER = "x-vendor-authorization"
"""The header that Campus wants on grade endpoints, on top of the token."""

_HOURS = re.compile(r"(\d{1,2}:\d{2})\s*-\s*(\d{1,2}:\d{2})")


class CampusClock(BaseModel):
    """The district's own clock, by its IANA name."""

    time_zone: str = "America/Indiana/Indianapolis"

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("time_zone is no name such as America/Indiana/Indianapolis") from None
        return name

    def local(self, now: datetime) -> datetime:
        """Return a moment by the district's own clock."""
        return now.astimezone(ZoneInfo(self.time_zone))


class CampusHabits(CampusClock):
    """When and how a Campus may be asked, beside where it is.

    peak_hours: "07:00-16:00" on school days in time_zone, in which requests go one after the other;
    "" for none. secret_expires_on: the day the client secret dies, a year after it was made or renewed.
    app_name: the application of the token URL, where the URL as pasted lacks it.
    """

    app_name: str = ""
    peak_hours: str = "07:00-16:00"
    secret_expires_on: date | None = None

    @field_validator("peak_hours")
    @classmethod
    def _readable(cls, text: str) -> str:
        if text:
            _hours(text)
        return text

    def at_peak(self, now: datetime) -> bool:
        """Return whether a moment is in the peak hours of a school day, Monday to Friday."""
        if not self.peak_hours:
            return False
        begin, end = _hours(self.peak_hours)
        here = self.local(now)
        return here.weekday() < 5 and begin <= here.time() < end


def _hours(text: str) -> tuple[time, time]:
    found = _HOURS.fullmatch(text.strip())
    try:
        begin, end = map(_time, found.groups() if found else ("", ""))
    except ValueError:
        raise ValueError("peak_hours are written as 07:00-16:00") from None
    if begin >= end:
        raise ValueError("peak_hours end after they begin, on the same day")
    return begin, end


def _time(text: str) -> time:
    return time.fromisoformat(text.rjust(5, "0"))


class CampusConnection(CampusHabits, OneRosterConnection):
    """Where a Campus is, and how to sign in: base URL and token URL as the connection's page shows them."""

    page_size: int = Field(default=2000, ge=1, le=10_000)

    @model_validator(mode="after")
    def _oauth_1_ended(self) -> CampusConnection:
        if self.auth == "oauth1":
            raise ValueError("Infinite Campus ended OAuth 1.0a on 30 June 2023: set auth to oauth2")
        return self

    @model_validator(mode="after")
    def _placed(self) -> CampusConnection:
        """Put both service roots in place of the pasted address, and the application into the token URL."""
        root = self.rostering_url or rostering_root(self.base_url, self.version)
        there = {
            "rostering_url": root.rstrip("/"),
            "gradebook_url": self.gradebook_url or gradebook_root(root, self.version),
        }
        if self.auth == "oauth2":
            there["token_url"] = token_address(self.token_url, self.app_name)
        for name, value in there.items():
            object.__setattr__(self, name, value)
        return self


class CampusRosterSettings(CampusConnection, OneRosterRestSettings):
    """A roster from Campus by OneRoster.

    year_margin_days: how long before its first and after its last session a school year still counts as
    the present one. check_active_year: whether a roster of another year stops the district. class_lists:
    whether the students of every class are asked for too, one request a class, to find people without an
    account where Campus leaves out their enrollments as well.
    """

    year_margin_days: int = Field(default=21, ge=0)
    check_active_year: bool = True
    class_lists: bool = False
    metadata_columns: dict[str, tuple[str, ...]] = {"users": (LEGACY_ID,)}

    @model_validator(mode="after")
    def _told_version(self) -> CampusRosterSettings:
        if self.probe:
            raise ValueError("version has to be 1.1 or 1.2, as the connection in Campus was generated")
        return self


class CampusGradebookSettings(CampusConnection, OneRosterGradebookSettings):
    """Grades onto the grading tasks that Campus publishes.

    vendor_key: what partners of the vendor send as x-vendor-authorization, `key:secret`; it goes to grade
    endpoints only. letter_key: the metadata that holds the letter. reads_letters: whether results read
    back show it; without, letters are sent and only percents compared. letter_alone: whether a letter
    without a percent (an incomplete, a pass) is taken.
    """

    vendor_key: SecretStr
    letter_key: str = "ext_infiniteCampus_scoreGrade"
    reads_letters: bool = True
    letter_alone: bool = True

    @model_validator(mode="after")
    def _with_vendor_header(self) -> CampusGradebookSettings:
        if ":" not in self.vendor_key.get_secret_value():
            raise ValueError("vendor_key is written as key:secret")
        object.__setattr__(self, "secret_headers", {**self.secret_headers, VENDOR_HEADER: self.vendor_key})
        return self

    @model_validator(mode="after")
    def _only_puts(self) -> CampusGradebookSettings:
        if self.write_by == "post":
            raise ValueError("Campus takes results by PUT: leave write_by out")
        return self

    def without_vendor_header(self) -> CampusGradebookSettings:
        """Return the settings for what is no grade endpoint."""
        kept = {name: value for name, value in self.secret_headers.items() if name != VENDOR_HEADER}
        return self.model_copy(update={"secret_headers": kept})
