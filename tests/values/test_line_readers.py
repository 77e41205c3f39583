"""Names with a number behind each, orders in measures, logs and bills, line by line in several languages."""

import pytest

from tables.grids import find_grids
from tests.support.tables.grid_views import header, only, rows

# Tallies


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Oslo 709\nBergen 315\nTromsø 120\n", [["Oslo", "709"], ["Bergen", "315"], ["Tromsø", "120"]]),
        (
            "Besucher\n\nMontag 1.204\nDienstag 987\nMittwoch 1.310\n",
            [["Montag", "1.204"], ["Dienstag", "987"], ["Mittwoch", "1.310"]],
        ),
        ("Pommes 12 kg\nPoires 8 kg\nNoix 3 kg\n", [["Pommes", "12 kg"], ["Poires", "8 kg"], ["Noix", "3 kg"]]),
        ("牛乳　200ml\n砂糖　50g\n卵　2個\n", [["牛乳", "200ml"], ["砂糖", "50g"], ["卵", "2個"]]),
        ("Москва 412\nТула 96\nОмск 181\n", [["Москва", "412"], ["Тула", "96"], ["Омск", "181"]]),
        ("Lima -3.5\nQuito 12.25\nLa Paz 7\n", [["Lima", "-3.5"], ["Quito", "12.25"], ["La Paz", "7"]]),
        ("Ja 61 %\nNein 32 %\nLeer 7 %\n", [["Ja", "61 %"], ["Nein", "32 %"], ["Leer", "7 %"]]),
        ("- Red 12\n- Green 7\n- Blue 31\n", [["Red", "12"], ["Green", "7"], ["Blue", "31"]]),
        ("القاهرة 120\nأسوان 45\nطنطا 60\n", [["القاهرة", "120"], ["أسوان", "45"], ["طنطا", "60"]]),
        ("Matrix 1999\nAlien 1979\nUp 2009\n", [["Matrix", "1999"], ["Alien", "1979"], ["Up", "2009"]]),
    ],
)
def test_names_with_a_number_behind_each_are_rows(text: str, expected: list[list[str]]) -> None:
    assert rows(only(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Karl Weiß\nAm Mühlbach 7\n86150 Augsburg\n",
        "Hauptstraße 12\nLindenallee 4\nBergweg 9\n",
        "12 Bridge Street\n3 Oak Avenue\n40 Mill Lane\n",
        "Chapter 1\nChapter 2\nChapter 3\n",
        "Intro 1\nMethods 2\nResults 3\n",
        "We left at 9\nand came to town by 11\nto eat at 1\n",
        "set a 4\nset b 5\nset a 6\n",
        "- See the note on page 12\n- Ask Tom about room 4\n- Bring the key for locker 30\n",
        "Oslo 709\nBergen 315\n",
        "Step 4\nRoom 9\nFloor 2\n",
    ],
)
def test_houses_chapters_and_pieces_of_sentences_are_no_tallies(text: str) -> None:
    assert find_grids(text) == []


def test_the_line_above_names_both_columns() -> None:
    assert header(only("City, number of lockers:\nOslo 709\nBergen 315\nTromsø 120\n")) == ["City", "number of lockers"]


# Orders in measures


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "- 225 g butter\n- 2 tbsp milk\n- 4 eggs\n",
            [["225", "g", "butter"], ["2", "tbsp", "milk"], ["4", None, "eggs"]],
        ),
        (
            "250 g Mehl\n2 EL Zucker\n1 Prise Salz\n3 Eier\n",
            [["250", "g", "Mehl"], ["2", "EL", "Zucker"], ["1", "Prise", "Salz"], ["3", None, "Eier"]],
        ),
        ("500 мл молока\n200 г муки\n2 яйца\n", [["500", "мл", "молока"], ["200", "г", "муки"], ["2", None, "яйца"]]),
        (
            "- 40 bricks\n- 3 rolls of tape\n- 150 kg of sand\n",
            [["40", "bricks"], ["3", "rolls of tape"], ["150", "kg of sand"]],
        ),
    ],
)
def test_measures_stand_in_a_column_where_most_lines_have_one(text: str, expected: list[list[str | None]]) -> None:
    assert rows(only(text)) == expected


def test_lines_that_begin_with_numbers_are_no_order_without_bullets_and_measures() -> None:
    assert find_grids("86150 Augsburg\n10115 Berlin\n50667 Köln\n") == []


# Logs


def test_an_access_log_has_its_fields() -> None:
    line = '203.0.113.{} - {} [12/May/2026:06:25:1{} +0000] "GET /a HTTP/1.1" {} {}'
    text = "\n".join(
        [line.format(9, "-", 4, 200, 68), line.format(9, "anna", 5, 304, "-"), line.format(7, "-", 6, 404, 153)]
    )
    grid = only(text)
    assert header(grid) == ["Host", "User", "Time", "Request", "Status", "Bytes"]
    assert rows(grid)[1] == ["203.0.113.9", "anna", "12/May/2026:06:25:15 +0000", "GET /a HTTP/1.1", "304", None]


_LOGS = {
    """2026-05-03 08:14:02 pump started
2026-05-03 08:14:05 valve open
2026-05-03 08:15:00 pump stopped
""": ["2026-05-03 08:14:05", "valve open"],
    """2026-05-03 08:14:02,1 - app.sync - INFO - begun
2026-05-03 08:14:05,2 - app.db - ERROR - locked
2026-05-03 08:15:00,0 - app.sync - INFO - done
""": ["2026-05-03 08:14:05,2", "app.db", "ERROR", "locked"],
    """2026-05-03 08:14:02 INFO ok
2026-05-03 08:14:05 ERROR no luck
  File x, line 3
2026-05-03 08:15:00 INFO ok
""": ["2026-05-03 08:14:05", "ERROR", "no luck"],
}


@pytest.mark.parametrize("text", _LOGS)
def test_lines_of_a_log_are_rows_also_around_lines_without_a_time(text: str) -> None:
    grid = only(text)
    assert (len(grid.rows), rows(grid)[1]) == (3, _LOGS[text])


# Bills


@pytest.mark.parametrize(
    "sums",
    [
        "SUMME     EUR      7,20\nGeg. BAR  EUR     10,00\nRückgeld  EUR      2,80\n",
        "Steuer  %   Netto   Steuer Brutto\nA= 19,0%     2,13     0,41   2,54\nB=  7,0%     4,36     0,3    4,66\n",
        "ИТОГО           910,50\nНАЛИЧНЫМИ      1000,00\nСДАЧА            89,50\n",
        "TOTAL TTC ......... 72,30\nEspèces ........... 80,00\nRendu .............  7,70\n",
    ],
)
def test_sums_taxes_and_payments_below_a_bill_are_no_table(sums: str) -> None:
    grid = only(f"Milch   1,19 B\nBrot    2,50 B\nSeife   3,51 A\n\n{sums}")
    assert rows(grid) == [["Milch", "1,19"], ["Brot", "2,50"], ["Seife", "3,51"]]


def test_labels_of_sums_below_do_not_close_the_gaps_between_columns() -> None:
    text = (
        "Pos.  Ware             Menge   Preis       Gesamt\n"
        "1     Rinne            12 m        9,80 €    117,60 €\n"
        "2     Halter           24 Stk      2,15 €     51,60 €\n"
        "                       Nettobetrag          169,20 €\n"
        "                       19 % MwSt.            32,15 €\n"
    )
    assert rows(only(text))[1] == ["2", "Halter", "24 Stk", "2,15 €", "51,60 €"]


@pytest.mark.parametrize("mark", ["х", "x", "×", "*"])
def test_quantity_times_price_is_read_with_each_mark(mark: str) -> None:
    text = f"Гвозди   2 {mark} 120,00 = 240,00\nКлей   1 {mark} 85,50 = 85,50\n"
    assert rows(only(text)) == [["Гвозди", "2", "120,00", "240,00"], ["Клей", "1", "85,50", "85,50"]]


def test_a_count_before_each_thing_of_a_bill_is_a_column() -> None:
    text = (
        "Cosa      P. Unit  Importe\n2 YOGUR     1,10     2,20\n1 PAN                1,35\n3 AGUA      0,42     1,26\n"
    )
    grid = only(text)
    assert header(grid) == ["Quantity", "Cosa", "P. Unit", "Importe"]
    assert rows(grid)[1] == ["1", "PAN", None, "1,35"]


def test_a_number_in_groups_stays_one_cell_where_it_begins_left_of_its_title() -> None:
    text = (
        "Date        Libellé    Débit   Crédit\n03/02/2026  EDF        84,20\n"
        "05/02/2026  Salaire          2 150,00\n09/02/2026  Loyer     712,00\n"
    )
    assert rows(only(text))[1] == ["05/02/2026", "Salaire", None, "2 150,00"]


def test_a_title_parts_columns_that_stand_a_blank_apart() -> None:
    text = "Disk      Use% Mounted on\n/dev/sda1  44% /\ntmpfs       0% /dev/shm\n/dev/sdb1  69% /data\n"
    assert header(only(text)) == ["Disk", "Use%", "Mounted on"]


@pytest.mark.parametrize(
    "below", [["Mois", "Ventes", "mars", "12", "avril", "9"], ["Pays", "Code", "Chili", "56", "Pérou", "51"]]
)
def test_a_header_and_rule_right_below_a_table_begin_another(below: list[str]) -> None:
    a, b, *cells = below
    text = f"| Ville | Agence |\n|---|---|\n| Nantes | Centre |\n| Rennes | Sud |\n| {a} | {b} |\n|---|---|\n"
    text += f"| {cells[0]} | {cells[1]} |\n| {cells[2]} | {cells[3]} |\n"
    first, second = find_grids(text)
    assert (header(first), len(first.rows)) == (["Ville", "Agence"], 2)
    assert (header(second), rows(second)) == ([a, b], [cells[:2], cells[2:]])


# Days, fields of logs, and rows of Chinese


@pytest.mark.parametrize(
    ("text", "titles", "row"),
    [
        ("04.05. paper\n11.05. organic\n18.05. glass\n", ["Date", "Item"], ["11.05.", "organic"]),
        (
            "2026-03-02 Fix totals\n2026-03-01 Add ODS\n2026-02-27 Drop flag\n",
            ["Date", "Item"],
            ["2026-03-01", "Add ODS"],
        ),
        ("Mo 4.5. Papier\nMo 11.5. Bio\nDi 19.5. Glas\n", ["Date", "Item"], ["Mo 11.5.", "Bio"]),
        ("a=1 b=two\na=2 b=three\n", ["a", "b"], ["2", "three"]),
        ('ts=10:01 msg="slow query" ms=12\nts=10:04 msg=ok ms=3\n', ["ts", "msg", "ms"], ["10:04", "ok", "3"]),
        (
            "周一 09:00 数学 教室201\n周二 14:00 英语 教室305\n周五 16:00 体育 操场\n",
            [None] * 4,
            ["周二", "14:00", "英语", "教室305"],
        ),
        ("りんご　3個　300円\nなし　2個　260円\nもも　5個　900円\n", [None] * 3, ["なし", "2個", "260円"]),
    ],
)
def test_rows_in_one_form_line_by_line_are_read(text: str, titles: list[str | None], row: list[str]) -> None:
    grid = only(text)
    assert rows(grid)[1] == row
    assert all(title is None or title == result for title, result in zip(titles, header(grid), strict=True))


@pytest.mark.parametrize(
    "text",
    [
        "04.05. we met them and agreed on the colour.\n11.05. they came with a new offer for us.\n18.05. ok.\n",
        "cd /srv; ls | wc -l\ngrep -c foo a.txt | sort\ncat b | head -5\n",
        "let a: Int = 1; let b: Int = 2\nlet c: Int = 3; let d: Int = 4\n",
        "fn mean() {\n    if x.is_empty() { return None; }\n    let sum: f64 = x.iter().sum();\n}\n",
        "--- a/x\n+++ b/x\n@@ -1,3 +1,4 @@\n-foo, 1\n+foo, 2\n bar\n",
        'version: "3"\nservices:\n  web:\n    image: web:latest\n    ports:\n      - "8080:80"\n',
        "GET /a HTTP/1.1\nHost: x.example\nAccept: */*\nUser-Agent: curl/8\n",
        'settings = {\n    "debug": true,\n    "port": 1\n}\n',
        "John Smith\nHead of Sales\nPhone: +44 20 7946 0000\nMobile: +44 7700 900000\n",
        "Pros: quiet, cheap, near the park\nCons: no lift, small kitchen, old windows\n",
        "请提前到场 不要迟到 谢谢\n手机请调静音 注意安全\n",
    ],
)
def test_programs_settings_signatures_and_remarks_are_no_tables(text: str) -> None:
    assert find_grids(text) == []


def test_pairs_above_a_wider_table_of_the_same_form_belong_to_its_head() -> None:
    text = "Holder;Rossi Elena\nAccount;IT60 X054\nDay;Text;Out\n5/5/2026;Salary;\n7/5/2026;Power;74,32\n"
    assert header(only(text)) == ["Day", "Text", "Out"]
