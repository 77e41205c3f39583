"""Rows that follow from those of a parent, shown on modules, which are children of sites."""

from uuid import uuid4

from tests.audit.children import derived
from tests.matrix.children import CHANGED, NAMES, SEEN, sample_row
from tests.matrix.rows import ADMINS, ON_SITE, Change


def test_a_child_is_seen_with_its_parent() -> None:
    assert NAMES["Module"] == {"module": "site", "other_module": "other_site"}
    assert (SEEN["Module"]["module"], SEEN["Module"]["other_module"]) == (ON_SITE, ADMINS)


def test_a_child_is_changed_by_those_who_change_its_parent() -> None:
    assert CHANGED["deleteModule"] == [Change({"id": "@module"}, ADMINS)]
    assert CHANGED["createModule"][0].by == ADMINS
    assert {"siteId": "@site", "name": "New"}.items() <= CHANGED["createModule"][0].arguments.items()


def test_a_child_is_made_of_the_columns_that_need_a_value() -> None:
    site_id = uuid4()
    result = sample_row("Module", site_id)
    assert {name: getattr(result, name) for name in ("site_id", "name", "kind", "serial_number")} == {
        "site_id": site_id,
        "name": "Old",
        "kind": "Old",
        "serial_number": None,
    }


def test_the_audit_entries_of_a_child_are_its_columns() -> None:
    assert {mutation: entries for mutation, type_, _, entries in derived() if type_ == "Module"} == {
        "createModule": ("Module + kind name serial_number site_id status",),
        "updateModule": ("Module ~ kind name serial_number",),
        "deleteModule": ("Module - kind name serial_number site_id status",),
    }
