"""Rows as people type and copy them: single blanks, dashes, fractions, sections, matrices; and prose beside them."""

import pytest

from assistant.reading.extraction import propose
from tables.grids import find_grids
from tests.support.tables.grid_views import header, only, rows


@pytest.mark.parametrize(
    ("text", "titles", "first"),
    [
        ("Mon 3: bus 4\nMon 3: tea 2.50\nWed 5: bed 90\n", ["Date", "Item", "Amount"], ["Mon 3", "bus", "4"]),
        ("пн 4 мая: такси 300\nвт 5 мая: обед 450\nср 6 мая: чай 90\n", None, ["пн 4 мая", "такси", "300"]),
        ("06:00 3,1 bar 20 °C\n07:00 3,4 bar 21 °C\n08:00 3,3 bar 22 °C\n", None, ["06:00", "3,1 bar", "20 °C"]),
        ("02/01/2026 GAS 12,10 88,00\n03/01/2026 RENT 50,00 38,00\n09/01/2026 PAY 9,00 47,00\n", None, ["02/01/2026"]),
        ("1. Ayr 10 7 21\n2. Ely 10 6 18\n3. Rye 10 2 6\n", None, ["1", "Ayr", "10", "7", "21"]),
        ("Day From To km\n3/4/2026 Ayr Ely 21\n4/4/2026 Ely Rye 9\n", ["Day", "From", "To", "km"], None),
        ("Qty Item Unit Price Total\n2 Oak desk 9.00 18.00\n1 Lamp 4.00 4.00\n", None, ["2", "Oak desk"]),
        ("Ida Ek 070 123 45 67\nOla By 070 222 33 44\nUna Ro 070 555 66 77\n", None, ["Ida Ek", "070 123 45 67"]),
        ("Kino – 4/5\nZoo – 3,5/5\nBad – 5/5\n", ["Item", "Value"], ["Kino", "4/5"]),
        ("Mia ✓\nLeo ✗\nZoe ✓\n", None, ["Mia", "✓"]),
        ("Tape (2.10)\nGlue (3.40)\nNails (0.99)\n", None, ["Tape", "2.10"]),
        ("Ayr 2-1 Ely\nRye 0-0 Wem\nUsk 3-3 Bude\n", ["Home", "Score", "Away"], ["Ayr", "2-1", "Ely"]),
        ("Age? 41\nSmoker? no\nCity? Oslo\n", ["Question", "Answer"], ["Age?", "41"]),
        ("1/2 cup oats\n1 1/2 tsp salt\n½ cup milk\n2-3 tbsp honey\n", None, ["1/2", "cup", "oats"]),
        ("-12.50 taxi\n+40 refund\n-3 tea\n", ["Amount", "Item"], ["-12.50", "taxi"]),
        ("   12 login\n  340 view\n 1022 hit\n", ["Count", "Item"], ["12", "login"]),
        ("id~name~qty\n1~Bolt~4\n2~Nut~6\n", ["id", "name", "qty"], ["1", "Bolt", "4"]),
        ("[a]\nx = 1\ny = 2\n\n[b]\nx = 3\ny = 4\n", ["Section", "x", "y"], ["a", "1", "2"]),
        ("[[dog]]\nage = 3\nsex = 'f'\n\n[[dog]]\nage = 4\nsex = 'm'\n", ["age", "sex"], ["3", "f"]),
        ("boats:\n  ida:\n    l: 9\n    w: 3\n  ola:\n    l: 7\n    w: 2\n", ["boats", "l", "w"], ["ida", "9", "3"]),
        ("[[1. 2.]\n [3. 4.]]\n", None, ["1.", "2."]),
        ("Anna: 3h\nBea: 2h30\nCleo: 45 min\n", ["Item", "Value"], ["Anna", "3h"]),
        ("Ida: ja\nOla: nein\nUna: ja\n", ["Item", "Value"], ["Ida", "ja"]),
        ("B V Text Soll\n02.03. 03.03. Miete -780,00\n04.03. 05.03. Lohn 2.450,00\n", ["B", "V", "Text", "Soll"], None),
        ("1. Kim 8:12.57\n2. Ola 8:13.59\n3. Una 8:20.91\n", None, ["1", "Kim", "8:12.57"]),
        ("-[ RECORD 1 ]\nid | 7\nn  | Ox\n-[ RECORD 2 ]\nid | 9\nn  | Elk\n", ["id", "n"], ["7", "Ox"]),
        ("  id = 1\nname = Ann\n\n  id = 2\nname = Bo\n", ["id", "name"], ["1", "Ann"]),
        ("Mon: Ann 9-5\nTue: Bob 9-5\nWed: Cy 12-8\n", ["Item", "Value"], ["Mon", "Ann 9-5"]),
        ("me: 45 for rice\nana: 30 for gas\ntom: 12.50 for tea\n", ["Item", "Amount", "For"], ["me", "45", "rice"]),
        ("Maths 5, 4, 3\nArt 4, 4, 5\nMusic 3, 5, 5\n", None, ["Maths", "5", "4", "3"]),
        ("02/03 CB SHOP 54,20\n03/03 VIR 1 980,00\n05/03 EDF 71,35\n", ["Date", "Item", "Amount"], None),
        ("Konto 4400 12.500,00-\nKonto 4405 820,50\nKonto 4410 104,00-\n", None, ["Konto 4400", "12.500,00-"]),
        ("Prepaid card 10.00\nPaid parking 4.50\nBar stool 20.00\nTotal 34.50\n", None, ["Prepaid card", "10.00"]),
    ],
)
def test_a_row_has_a_cell_for_each_part(text: str, titles: list[str] | None, first: list[str] | None) -> None:
    table = only(text)
    assert titles is None or header(table) == titles
    assert first is None or rows(table)[0][: len(first)] == first


@pytest.mark.parametrize(
    "text",
    [
        "sizes = [(2, 3), (4, 5)]\nfor w, h in sizes:\n    print(w * h)\n",
        "[web]\nport = 80\n\n[db]\nurl = x\n",
        "12 And they came to the river.\n13 And they rested 3 days.\n14 And it rained.\n",
        "“When?” – “At eight.”\n“So soon?” – “Yes, now.”\n“Why?” – “Rain.”\n“Oh.” – “Yes.”\n",
        "Step 1 - Open\nStep 2 - Choose\nStep 3 - Confirm\nStep 4 - Close\n",
        "Would you like some tea? Yes, please. Milk? No.\nAre you sure? I am.\nReally? Of course.\n",
    ],
)
def test_prose_and_programs_are_no_rows(text: str) -> None:
    assert find_grids(text) == []


def test_decimal_commas_of_one_column_tell_the_thousands_of_another() -> None:
    (table,) = propose("Ort;Volk;Fläche\nA;331.885;141,06\nB;128.928;118,68\n")
    assert [cell.value for cell in table.rows[0] if cell] == ["A", 331885, "141.06"]
