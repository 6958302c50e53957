"""Infinite Campus with the kit's data set behind it: as a source, and as ways in for grades."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.infinite_campus.settings import CampusRosterSettings
from connectors.infinite_campus.source import InfiniteCampusSource
from domain.clock import FixedClock
from domain.oneroster import Version
from simulators.dataset import Dataset
from simulators.infinite_campus import RunningCampus
from tests.conformance.canaries import AT
from tests.conformance.roster_contract import Make, RosterScene
from tests.conformance.roster_scenes import NORTH, REST_BREAKAGES, record_in_answer, striking, with_metadata
from tests.support.campus import campus_values


def campus_source(version: Version) -> Make:
    """Return how to make a OneRoster source in front of a Campus of a version."""

    @contextmanager
    def make(dataset: Dataset, folder: Path) -> Iterator[RosterScene]:
        with RunningCampus(dataset, version, clock=FixedClock(AT)) as sis:
            yield _scene(sis)

    return make


def _scene(sis: RunningCampus) -> RosterScene:
    settings = CampusRosterSettings.model_validate(campus_values(sis, page_size=4))
    return RosterScene(
        InfiniteCampusSource(NORTH, settings, clock=FixedClock(AT)),
        sis.version,
        state=lambda: (sis.dataset.counts(), sis.writes),
        record_at=record_in_answer,
        offer_more=lambda: with_metadata(sis.dataset),
        move=lambda: sis.dataset.drop("enrollments", "e:u1"),
        breakages={name: striking(sis, fault) for name, fault in REST_BREAKAGES.items()},
        secrets=(sis.client_secret, sis.vendor_key),
    )
