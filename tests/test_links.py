"""What a page says stands elsewhere in this repository stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.test_repo import ROOT, tracked_files

LINK = re.compile(r"\]\(([^()\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
PAGES = [path for path in tracked_files() if path.suffix == ".md"]
NAMED = re.compile(r"`((?:\.\./)*[\w./-]+/[\w./-]+\.(?:py|csv|md|sql|toml|sh|yml))`")


def anchor(heading: str) -> str:
    """Return the fragment under which a heading is reached: lower case, no punctuation, blanks as hyphens."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def leads_somewhere(page: Path, link: str) -> bool:
    """Return whether a link of a page leads to a file here and to one of its headings."""
    target, _, fragment = link.partition("#")
    there = (page.parent / target).resolve() if target else page
    if not there.exists():
        return False
    return not fragment or fragment in map(anchor, HEADING.findall(there.read_text(encoding="utf-8")))


def broken(page: Path) -> list[str]:
    """Return a page's links into the repository that lead nowhere."""
    links = LINK.findall(page.read_text(encoding="utf-8"))
    return [link for link in links if "://" not in link and not leads_somewhere(page, link)]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    assert broken(page) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    """Skyward stands in the pages for a SIS that nobody has added yet."""
    named = [name for name in NAMED.findall(page.read_text(encoding="utf-8")) if "skyward" not in name]
    tracked = [path.as_posix() for path in tracked_files()]
    assert [name for name in named if not any(path.endswith(f"/{name}") for path in tracked)] == []


def test_a_link_to_a_page_or_heading_that_is_not_there_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One thing: first\n[a](other.md) [b](#one-thing-first) [c](#another) [d](page.md#x)\n")
    assert broken(page) == ["other.md", "#another", "page.md#x"]
