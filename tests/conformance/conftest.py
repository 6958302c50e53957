"""Let pytest explain the assertions of the kit's own modules."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("tests.conformance.roster_contract", "tests.conformance.sink_contract")
