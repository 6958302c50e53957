"""A check looks at the database server too: its log may show what nothing of ours does."""

from __future__ import annotations

from pathlib import Path

import pytest

from sisbridge.sync.check import check
from tests.support.small_region import REST, SmallRegion


@pytest.mark.postgres
def test_a_server_whose_log_would_show_rows_fails_the_check_with_what_to_ask_for(
    region: SmallRegion, postgres_url: str, tmp_path: Path
) -> None:
    house = region.open(postgres_url, tmp_path / "home")
    (step,) = check(house, REST)["store"].steps
    assert step.outcome == "passed"
    with house.store.begin("loosen") as conn:
        database = conn.engine.url.database
        conn.exec_driver_sql(f'ALTER DATABASE "{database}" SET log_error_verbosity = verbose')
    house.store.dispose()
    (step,) = check(house, REST)["store"].steps
    assert (step.outcome, "log_error_verbosity = terse" in step.fix) == ("failed", True)
    house.close()
