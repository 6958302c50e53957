"""What the other tools are asked for is what we say they are asked for."""

from __future__ import annotations

from pathlib import Path

from bench.peers import earthmover_config


def test_earthmover_is_asked_for_the_canonical_columns_of_every_file() -> None:
    config = earthmover_config(Path("package"), Path("out"))
    kept = ["sourced_id", "status", "date_last_modified", "name", "type", "identifier", "parent_sourced_id"]
    assert config["sources"]["orgs"] == {"file": "package/orgs.csv", "header_rows": 1}
    assert config["destinations"]["orgs"] == {
        "source": "$transformations.canonical_orgs",
        "extension": "jsonl",
    }
    assert config["transformations"]["canonical_orgs"]["operations"] == [
        {"operation": "snake_case_columns"},
        {"operation": "keep_columns", "columns": kept},
        {"operation": "filter_rows", "query": "status != 'tobedeleted'", "behavior": "include"},
    ]


def test_earthmover_is_asked_to_spell_grades_where_there_are_any() -> None:
    transformations = earthmover_config(Path("package"), Path("out"))["transformations"]
    spelling = {
        name
        for name, one in transformations.items()
        if any(step["operation"] == "map_values" for step in one["operations"])
    }
    assert spelling == {"canonical_courses", "canonical_classes", "canonical_users"}
