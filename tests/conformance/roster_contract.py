"""What every source of rosters must keep to; see `connectors.protocol.RosterSource`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from connectors.protocol import Capability, Page, Pull, RosterSource
from domain.errors import ContractBroken, RetryLater, SisbridgeError
from domain.model import Severity
from domain.oneroster import Version
from domain.tables import PLACE
from simulators.dataset import Dataset
from tests.conformance.canaries import AT, PERSONAL, Rows, key_of, listening, ref, roster, truth


@dataclass
class RosterScene:
    """A source, and the handles the suite needs on the system behind it.

    version: the column dialect its pulls are expected in. key: the column that tells rows apart, by table
    or for all, and truth: what a whole roster is, where they are not OneRoster's. state: the far side as
    it can be compared. record_at: the key of the record that stands at a place, read from what landed.
    offer_more: lets the far side serve a table or fields beyond the standard. move: lets a row vanish
    while a pull is under way; None when pulls read a copy. breakages: ways in which the far side may
    fail, each by name. secrets: what lets us in. export: makes the far side offer what changed in a data
    set since a moment; None where it reads the data set itself.
    """

    source: RosterSource
    version: Version | str
    state: Callable[[], object]
    record_at: Callable[[Mapping[str, bytes], str], str]
    offer_more: Callable[[], None]
    move: Callable[[], None] | None = None
    breakages: Mapping[str, Callable[[], None]] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    key: str | Mapping[str, str] = "sourcedId"
    truth: Callable[[], Rows] | None = None
    export: Callable[[Dataset, datetime], None] | None = None

    @property
    def reads_live(self) -> bool:
        """Whether the far side reads the data set itself, so that nothing need be exported."""
        return self.export is None

    def publish(self, dataset: Dataset, since: datetime) -> None:
        """Let the far side serve what changed in the data set since a moment."""
        if self.export is not None:
            self.export(dataset, since)

    def expected(self, dataset: Dataset) -> Rows:
        """Return what a whole roster of the data set behind it is."""
        return self.truth() if self.truth else truth(dataset, Version(self.version))

    def key_in(self, page: Page) -> str:
        """Return the column that tells the rows of a page apart."""
        return self.key if isinstance(self.key, str) else self.key[page.source_table]

    def rows(self, pages: list[Page]) -> Rows:
        """Return the rows of pages by source table, sorted."""
        return rows_of(pages, self.key)


Make = Callable[[Dataset, Path], AbstractContextManager[RosterScene]]


@dataclass
class Kept:
    """A landing in memory."""

    files: dict[str, bytes] = field(default_factory=dict)

    def keep(self, name: str, data: bytes) -> None:
        self.files[name] = bytes(data)

    def kept(self, prefix: str = "") -> list[str]:
        return sorted(name for name in self.files if name.startswith(prefix))

    def fetch(self, name: str) -> bytes:
        return self.files[name]

    def forget(self, prefix: str = "") -> None:
        for name in self.kept(prefix):
            del self.files[name]

    def everything(self) -> bytes:
        """Return all that landed."""
        return b"".join(self.files.values())


def all_pages(pull: Pull) -> Iterator[Page]:
    """Yield every page of a pull, table by table."""
    for source_table in pull.facts.source_tables:
        yield from pull.pages(source_table)


def rows_of(pages: list[Page], key: str | Mapping[str, str] = "sourcedId") -> Rows:
    """Return the rows of pages by source table, sorted, each as what makes it one row."""
    found: Rows = {}
    for page in pages:
        rows = found.setdefault(page.source_table, [])
        rows += [key_of(page.source_table, row, key) for row in page.batch.to_pylist()]
    return {name: sorted(rows) for name, rows in found.items()}


def whole_pull(source: RosterSource, landing: Kept | None = None) -> tuple[list[Page], Pull]:
    """Pull everything and close; return the pages and the pull they came from."""
    pull = source.open(None, landing or Kept())
    try:
        pages = list(all_pages(pull))
    except SisbridgeError:
        with suppress(SisbridgeError):
            pull.close()
        raise
    pull.close()
    return pages, pull


def never_silently_smaller(
    source: RosterSource, expected: Rows, key: str | Mapping[str, str] = "sourcedId"
) -> SisbridgeError | None:
    """Return the error a pull ended with, or None after asserting that no row went without a word."""
    try:
        pages, pull = whole_pull(source)
    except SisbridgeError as error:
        return error
    found = rows_of(pages, key)
    for name in expected.keys() - {"roles"}:
        told = [one for one in pull.notices() if one.severity == Severity.HOLD_ROW]
        held = [one for one in told if one.source_table == name]
        missing = set(expected[name]) - set(found.get(name, []))
        assert len(missing) <= len(held), f"rows of {name} are missing and nobody was told"
    return None


class RosterSourceContract:
    """The suite. A subclass sets `make`, and runs every test below."""

    make: Make

    @pytest.fixture
    def dataset(self) -> Dataset:
        """The kit's data set, fresh."""
        return roster()

    @pytest.fixture
    def scene(self, dataset: Dataset, tmp_path: Path) -> Iterator[RosterScene]:
        """The source with the kit's data set behind it."""
        with self.make(dataset, tmp_path) as scene:
            yield scene

    def test_capabilities_are_stable(self, scene: RosterScene) -> None:
        before = scene.source.capabilities()
        scene.source.check()
        whole_pull(scene.source)
        assert scene.source.capabilities() == before
        assert Capability.ROSTER_BULK in before

    def test_check_passes_step_by_step_and_changes_nothing(self, scene: RosterScene) -> None:
        before = scene.state()
        report = scene.source.check()
        assert report.passed
        assert len(report.steps) > 1
        assert all(step.name and step.message for step in report.steps)
        assert scene.state() == before

    def test_every_row_comes_exactly_once(self, scene: RosterScene, dataset: Dataset) -> None:
        pages, _ = whole_pull(scene.source)
        assert scene.rows(pages) == scene.expected(dataset)

    def test_a_second_pull_brings_the_same(self, scene: RosterScene) -> None:
        first, second = whole_pull(scene.source)[0], whole_pull(scene.source)[0]
        assert [page.proof for page in first] == [page.proof for page in second]
        assert [page.batch.to_pylist() for page in first] == [page.batch.to_pylist() for page in second]

    def test_pulling_changes_nothing_on_the_far_side(self, scene: RosterScene) -> None:
        before = scene.state()
        whole_pull(scene.source)
        assert scene.state() == before

    def test_a_page_is_handed_over_only_after_its_bytes_landed(self, scene: RosterScene) -> None:
        landing = Kept()
        pull = scene.source.open(None, landing)
        for page in all_pages(pull):
            ids = [row[scene.key_in(page)] for row in page.batch.to_pylist() if page.source_table != "roles"]
            assert all(str(one).encode() in landing.everything() for one in ids)
        pull.close()

    def test_facts_and_batches_have_the_promised_shape(self, scene: RosterScene) -> None:
        pages, pull = whole_pull(scene.source)
        assert pull.facts.version == str(scene.version)
        assert not set(pull.facts.absent) & set(pull.facts.source_tables)
        for page in pages:
            assert {str(column.type) for column in page.batch.schema} == {"string"}
            assert {scene.key_in(page), PLACE} <= set(page.batch.schema.names)
            assert page.proof.rows == page.batch.num_rows

    def test_places_are_true(self, scene: RosterScene) -> None:
        landing = Kept()
        pages, _ = whole_pull(scene.source, landing)
        for page in pages:
            key = "userSourcedId" if page.source_table == "roles" else scene.key_in(page)
            for row in page.batch.to_pylist():
                there = scene.record_at(landing.files, row[PLACE])
                assert there in (row[key], row[scene.key_in(page)])

    def test_only_the_last_page_of_a_table_has_no_next(self, scene: RosterScene) -> None:
        pull = scene.source.open(None, Kept())
        for source_table in pull.facts.source_tables:
            proofs = [p.proof for p in pull.pages(source_table) if p.source_table == source_table]
            assert [proof.next is None for proof in proofs] == [False] * (len(proofs) - 1) + [True]
        pull.close()

    def test_a_pull_begun_again_with_its_landing_brings_every_row_once(
        self, scene: RosterScene, dataset: Dataset
    ) -> None:
        landing = Kept()
        broken_off = scene.source.open(None, landing)
        next(iter(broken_off.pages(broken_off.facts.source_tables[-2])))
        with suppress(SisbridgeError):
            broken_off.close()
        pages, _ = whole_pull(scene.source, landing)
        assert scene.rows(pages) == scene.expected(dataset)

    def test_tables_and_fields_nobody_asked_for_do_not_break_it(
        self, scene: RosterScene, dataset: Dataset
    ) -> None:
        expected = scene.expected(dataset)
        scene.offer_more()
        pages, _ = whole_pull(scene.source)
        assert {name: rows for name, rows in scene.rows(pages).items() if name in expected} == expected

    def test_unknown_words_dangling_references_and_null_lists_come_through(
        self, dataset: Dataset, tmp_path: Path
    ) -> None:
        nobody, seat = ref("nobody", "user"), {"class": ref("k", "class"), "school": ref("s", "org")}
        dataset.add("enrollments", {"sourcedId": "e:?", "role": "mascot", "user": nobody, **seat}, AT)
        dataset.change("classes", "k", AT, classType="flipped", grades=None, subjects=None)
        with self.make(dataset, tmp_path) as scene:
            pages, _ = whole_pull(scene.source)
            assert scene.rows(pages) == scene.expected(dataset)

    def test_a_roster_that_moves_while_it_is_read_is_refused_at_the_close(self, scene: RosterScene) -> None:
        pull = scene.source.open(None, Kept())
        list(all_pages(pull))
        if scene.move is None:
            pull.close()
            return
        scene.move()
        with pytest.raises((RetryLater, ContractBroken)):
            pull.close()

    def test_no_row_and_no_secret_is_logged_or_told(
        self, scene: RosterScene, capfd: pytest.CaptureFixture[str]
    ) -> None:
        with listening() as ear:
            report = scene.source.check()
            pages, pull = whole_pull(scene.source)
        told = [repr(pull.notices()), repr(report), repr(scene.source), repr(pull), repr(pages[0].proof)]
        said = "\n".join([*ear.heard, *told, *capfd.readouterr()])
        assert [word for word in (*PERSONAL, *scene.secrets) if word in said] == []

    def test_whatever_breaks_only_the_four_errors_come_out_and_no_row_goes_silently(
        self, dataset: Dataset, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        with self.make(dataset, tmp_path / "names") as scene:
            names = sorted(scene.breakages)
        assert names
        for name in names:
            with self.make(roster(), tmp_path / name.replace(" ", "-")) as scene, listening() as ear:
                scene.breakages[name]()
                scene.source.check()
                error = never_silently_smaller(scene.source, scene.expected(dataset), scene.key)
                said = "\n".join([*ear.heard, str(error), repr(error), *capfd.readouterr()])
                assert error is None or (error.fix and error.code and error.message), name
                assert [word for word in (*PERSONAL, *scene.secrets) if word in said] == [], name
