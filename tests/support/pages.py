"""The region files that the pages for directors show, so that tests can load them as they stand."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[2] / "docs"

_BLOCK = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def shown_districts(page: str) -> dict[str, dict[str, Any]]:
    """Return every district that a page's TOML shows, by its code."""
    districts = [district for content in shown_regions(page) for district in content.get("district", [])]
    return {district["code"]: district for district in districts}


def shown_regions(page: str) -> list[dict[str, Any]]:
    """Return the content of every TOML block of a page."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return [tomllib.loads(block) for block in _BLOCK.findall(text)]


def headings(page: str) -> list[str]:
    """Return the second-level headings of a page."""
    return re.findall(r"^## (.+)$", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE)
