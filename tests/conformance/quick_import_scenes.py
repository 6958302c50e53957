"""The route by Quick Import file with the kit's class behind it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.powerschool.quick_import import ROUTE, QuickImportSettings, QuickImportSink
from domain.clock import FixedClock
from simulators.dataset import Dataset
from tests.conformance.canaries import AT
from tests.conformance.sink_scenes import file_sink_scene
from tests.conformance.sink_work import NORTH, SinkScene
from tests.support.sftp import reach, sftp_server


@contextmanager
def quick_import(dataset: Dataset, folder: Path) -> Iterator[SinkScene]:
    """Yield the route into a registrar's folder on an SFTP server."""
    with sftp_server(folder) as server:
        settings = QuickImportSettings.model_validate(reach(server, "/inbox"))
        yield file_sink_scene(server, QuickImportSink(NORTH, settings, clock=FixedClock(AT)), ROUTE)
