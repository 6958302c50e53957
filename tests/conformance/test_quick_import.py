"""The route by Quick Import file, held to the contract."""

from __future__ import annotations

from tests.conformance.quick_import_scenes import quick_import
from tests.conformance.sink_contract import FileSinkContract


class TestQuickImport(FileSinkContract):
    make = staticmethod(quick_import)
