"""What a vendor's export looks like: which file holds which table, and how its first row is to be read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator

_VENDOR_PREFIX = re.compile(r"^(?:\[\d+\]|\w+\.)(?=.)")


class FileLayout(BaseModel):
    """One file of an export.

    name: of the file without regard to case, * for any part of it; the newest that matches is read.
    columns: the names by position, needed when there is no header row; the number of cells must agree.
    required: columns without which the file is useless, as the header rule gives them.
    key: the column that a torn row is named by, which has to be the one that becomes its sourcedId.
    optional: may be missing or empty.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    delimiter: Literal["auto", ",", "\t", ";", "|"] = "auto"
    encoding: Literal["auto", "utf-8", "utf-16", "cp1252", "mac-roman"] = "auto"
    header: bool = True
    columns: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    key: str = ""
    optional: bool = False

    @model_validator(mode="after")
    def _names_its_columns(self) -> FileLayout:
        if not self.header and not self.columns:
            raise ValueError("a file without a header row needs columns, by position")
        return self


def plain_name(cell: str) -> str:
    """Return a column name without marks and control characters, every run of blanks as one."""
    visible = "".join(" " if c.isspace() else c for c in cell if c.isspace() or _shows(c))
    return " ".join(visible.split())


def vendor_name(cell: str) -> str:
    """Return a plain name without a table before it: `STUDENTS.DCID` and `[39]DCID` are `DCID`."""
    return _VENDOR_PREFIX.sub("", plain_name(cell))


def _shows(character: str) -> bool:
    return unicodedata.category(character) not in ("Cf", "Cc")


@dataclass(frozen=True, slots=True)
class FlatLayout:
    """A whole export: its column dialect, its files by source table in reading order, how to read a header.

    nulls: cells that stand for nothing beside the empty one, matched whole and without case.
    orgs_table: the source table of districts and schools, which prove whose files these are.
    """

    dialect: str
    files: Mapping[str, FileLayout]
    header_name: Callable[[str], str] = plain_name
    nulls: frozenset[str] = field(default=frozenset())
    orgs_table: str = "orgs"
