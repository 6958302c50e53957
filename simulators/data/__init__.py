"""Third-party rosters, as files of the installed package; README.md says whose they are."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent

GRAND_BEND = _HERE / "grand_bend_oneroster_1p2_json.zip"
SMALL = _HERE / "oneroster_generator_district_small_1p1_csv.zip"
MEDIUM = _HERE / "oneroster_generator_district_medium_1p1_csv.zip"
LARGE = _HERE / "oneroster_generator_district_large_1p1_csv.zip"
