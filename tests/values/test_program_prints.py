"""Prints of programs: listings of folders, histories, logs in brackets, dumps of databases, chats, wiki tables."""

import pytest

from tables.grids import find_grids
from tests.support.tables.grid_views import header, only, rows

PRINTS = {
    "total 8\n-rw-r--r-- 1 al staff 1204 Mar  4 09:12 a b.txt\ndrwxr-xr-x 5 al staff 160 Feb 28  2025 c\n": (
        ["Permissions", "Links", "Owner", "Group", "Size", "Modified", "Name"],
        ["drwxr-xr-x", "5", "al", "staff", "160", "Feb 28  2025", "c"],
    ),
    "03/01/2026  09:12 AM    <DIR>          ..\n02/28/2026  05:40 PM            12,204 notes.txt\n": (
        ["Modified", "Type", "Size", "Name"],
        ["02/28/2026  05:40 PM", None, "12,204", "notes.txt"],
    ),
    "9f8e7d6 (HEAD -> main) Fix totals\n1f8e7d6 Add export\n0c1d2e3 Remove flag\n": (
        ["Commit", "Refs", "Message"],
        ["0c1d2e3", None, "Remove flag"],
    ),
    "[Sat Mar 01 10:00:01 2026] [core:error] [pid 7] No file\n[Sat Mar 01 10:02:09 2026] [php:warn] [pid 8] Old\n": (
        ["Time", "Component", "Column 3", "Message"],
        ["Sat Mar 01 10:02:09 2026", "php:warn", "pid 8", "Old"],
    ),
    "insert into a.b (id, `full name`) values (1, 'Bo''s, Inc'), (2, NULL);\nINSERT INTO b (id, `full name`) VALUES\n"
    "(3, 'x');": (["id", "full name"], ["3", "x"]),
    "Ann, [05.03.2026 10:12]\nHi\n\nBo, [05.03.2026 10:13]\nHello\nall\n": (
        ["Time", "Person", "Message"],
        ["05.03.2026 10:13", "Bo", "Hello\nall"],
    ),
    '{| class="wikitable"\n! Year !! Prize\n|-\n| rowspan=2 | 2021 || A\n|-\n| B\n|-\n| 2023 || C\n|}': (
        ["Year", "Prize"],
        ["2023", "C"],
    ),
    "*** 1. row ***\n  id: 17\nname: Ann\n*** 2. row ***\n  id: 18\nname: Bo\n": (["id", "name"], ["18", "Bo"]),
}


@pytest.mark.parametrize("text", PRINTS, ids=lambda text: text[:12])
def test_prints_of_programs_are_tables(text: str) -> None:
    titles, last = PRINTS[text]
    table = only(text)
    assert (header(table), rows(table)[-1]) == (titles, last)


def test_cells_that_span_rows_of_a_wiki_table_are_repeated() -> None:
    table = only('{|\n! Year !! Prize\n|-\n| rowspan="2" | 2021 || A\n|-\n| B\n|-\n| 2023 || C\n|}')
    assert rows(table) == [["2021", "A"], ["2021", "B"], ["2023", "C"]]


@pytest.mark.parametrize(
    "text",
    [
        "Шаг 1: Откройте программу\nШаг 2: Нажмите кнопку\nШаг 3: Сохраните файл",
        "第一步：打开应用\n第二步：点击设置\n第三步：保存",
        "Yoga 09:00\nwith Anna, room 2\nPilates 10:30\nwith Tom, room 1",
        "Contents\nIntroduction ........ 1\nBackground .......... 4\nResults ............ 11",
        "§ 2 Vergütung\n(1) Die Vergütung beträgt 95,00 € je Stunde.\n(2) Reisekosten: 0,30 € je km.",
        "12 Harbour Road\nBristol BS1 5TY\nPhone: 0117 496 0123\nVAT: GB 123 4567 89",
    ],
)
def test_steps_schedules_contents_and_laws_are_no_tables(text: str) -> None:
    assert find_grids(text) == []


def test_mail_that_is_quoted_twice_is_read_below_its_marks() -> None:
    assert rows(only("Hi,\n\n> > 2x Widget @ $12.50\n> > 1x Gadget @ $7.00\n")) == [
        ["2", "Widget", "$12.50"],
        ["1", "Gadget", "$7.00"],
    ]
