"""docs/database.md explains the tables that exist: no more and no fewer."""

import re
from pathlib import Path

from sqlalchemy import Engine, inspect

DOCUMENT = Path(__file__).parents[2] / "docs" / "database.md"


def test_every_table_has_its_section(database: Engine) -> None:
    explained = re.findall(r"^### `(\w+)`$", DOCUMENT.read_text(), re.MULTILINE)
    assert sorted(explained) == sorted({*inspect(database).get_table_names()} - {"alembic_version"})


def test_every_column_of_the_projections_of_the_log_is_named(database: Engine) -> None:
    text = DOCUMENT.read_text().split("## Tables of the log")[1].split("## Tables of the chain")[0]
    for section in text.split("\n### ")[1:]:
        table = section.split("`")[1]
        named = set(re.findall(r"`(\w+)`", section))
        families = tuple(re.findall(r"`(\w+_)\*`", section))
        columns = [column["name"] for column in inspect(database).get_columns(table)]
        assert [name for name in columns if name not in named and not name.startswith(families)] == [], table
