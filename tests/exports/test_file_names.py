"""Names of export files, made from names of tables."""

import pytest

from tables.writers.file_names import file_name


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("Costs", "Costs"),
        ("  a  b\t", "a b"),
        ("../../etc/passwd", "etc passwd"),
        (".hidden", "hidden"),
        ("\u202egnp.exe", "gnp.exe"),
        ("???", "table"),
        ("x" * 300, "x" * 80),
        ("表 🙂", "表 🙂"),
    ],
)
def test_a_tables_name_becomes_a_files(name: str, cleaned: str) -> None:
    assert file_name(name) == cleaned
