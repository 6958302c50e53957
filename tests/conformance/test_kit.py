"""The kit finds what it is there to find: sources that lose, tell, or fail in their own words."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.protocol import Page
from domain.oneroster import Version
from tests.conformance.canaries import roster
from tests.conformance.roster_contract import RosterSourceContract, never_silently_smaller
from tests.conformance.roster_scenes import package

MAKE = package(Version.V1P1, zipped=False)


class Spoiled:
    """A good source or pull with one of its methods put in another's place."""

    def __init__(self, good: Any, **spoiled: Any) -> None:
        self._good = good
        self.__dict__.update(spoiled)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._good, name)


def spoiled(source: Any, page_by_page: Any) -> Any:
    """Return a source whose pages go through a function first."""

    def open_(since: Any, landing: Any) -> Any:
        pull = source.open(since, landing)
        return Spoiled(pull, pages=lambda table: page_by_page(pull.pages(table)))

    return Spoiled(source, open=open_)


def without_last_row(pages: Iterator[Page]) -> Iterator[Page]:
    for page in pages:
        yield replace(page, batch=page.batch.slice(0, page.batch.num_rows - 1))


def talking(pages: Iterator[Page]) -> Iterator[Page]:
    for page in pages:
        logging.getLogger("vendor").debug("got %s", page.batch.to_pylist())
        yield page


def failing(pages: Iterator[Page]) -> Iterator[Page]:
    yield from pages
    raise KeyError("users")


def test_a_lost_row_is_found(tmp_path: Path) -> None:
    with MAKE(roster(), tmp_path) as scene:
        scene.source = spoiled(scene.source, without_last_row)
        with pytest.raises(AssertionError):
            RosterSourceContract().test_every_row_comes_exactly_once(scene, roster())
        with pytest.raises(AssertionError, match="nobody was told"):
            never_silently_smaller(scene.source, scene.expected(roster()))


def test_a_name_in_a_log_is_found(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with MAKE(roster(), tmp_path) as scene:
        scene.source = spoiled(scene.source, talking)
        with pytest.raises(AssertionError, match="Zanzibara"):
            RosterSourceContract().test_no_row_and_no_secret_is_logged_or_told(scene, capfd)


def test_a_fifth_kind_of_error_is_found(tmp_path: Path) -> None:
    with MAKE(roster(), tmp_path) as scene:
        scene.source = spoiled(scene.source, failing)
        with pytest.raises(KeyError):
            never_silently_smaller(scene.source, scene.expected(roster()))
