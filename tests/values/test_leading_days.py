"""Days at the beginning of typed items become a column; numbers before other words do not."""

import pytest

from tables.grids import find_grids
from tests.support.tables.grid_views import header, only, rows

PRICED = ["Date", "Item", "Price"]


@pytest.mark.parametrize(
    ("text", "titles", "first"),
    [
        ("- 3 March: taxi home €8\n- 3 March: bed €31\n- 4 March: tea €6\n", PRICED, ["3 March", "taxi home", "€8"]),
        ("9 Jan taxi $12\n9 Jan bus $3\n11 Jan rail $40\n", PRICED, ["9 Jan", "taxi", "$12"]),
        ("- March 3: taxi 8 EUR\n- March 4: bed 31 EUR\n", PRICED, ["March 3", "taxi", "8 EUR"]),
        ("- Jan 5, 2026: rent $90\n- Feb 5, 2026: rent $91\n", PRICED, ["Jan 5, 2026", "rent", "$90"]),
        ("3. März: Taxi 8 €\n4. März: Bett 31 €\n5. März: Tee 6 €\n", PRICED, ["3. März", "Taxi", "8 €"]),
        ("- 12.03.: Taxi 8,10 €\n- 13.03.: Tee 3,10 €\n", PRICED, ["12.03.", "Taxi", "8,10 €"]),
        ("- 12/03 - taxi 8,10 €\n- 13/03 - té 3,10 €\n", PRICED, ["12/03", "taxi", "8,10 €"]),
        ("- 3 de marzo: taxi 8 €\n- 4 de marzo: té 3 €\n", PRICED, ["3 de marzo", "taxi", "8 €"]),
        ("3 mars : taxi 8 €\n4 mars : thé 3 €\n", PRICED, ["3 mars", "taxi", "8 €"]),
        ("- 3 марта: такси 81 ₽\n- 4 марта: чай 31 ₽\n", PRICED, ["3 марта", "такси", "81 ₽"]),
        ("- 3月3日: タクシー ¥814\n- 3月4日: お茶 ¥312\n", PRICED, ["3月3日", "タクシー", "¥814"]),
        ("2026-03-03: taxi €8\n2026-03-04: tea €3\n", PRICED, ["2026-03-03", "taxi", "€8"]),
        ("- 5 March: taxi €12\n- bus €3\n- 6 March: bed €100\n", PRICED, ["5 March", "taxi", "€12"]),
    ],
)
def test_days_are_a_column(text: str, titles: list[str], first: list[str]) -> None:
    table = only(text)
    assert header(table) == titles
    assert rows(table)[0] == first


@pytest.mark.parametrize(
    "text",
    [
        "- 3 Mars bars €2.40\n- 2 set glasses €5.00\n- 1 sub roll €3.10\n",
        "- 1/2 cup sugar\n- 3/4 tsp salt\n- 1/4 cup oil\n",
        "1. March report €3\n2. April report €4\n3. May report €5\n",
        "- 2.5 kg flour €3.20\n- 1.5 kg sugar €2.10\n- 10.1 kg rice €20.00\n",
        "- May Chen: 12 hours\n- April Jones: 9 hours\n- June Park: 7 hours\n",
        "3 March: we met the client and agreed.\n4 March: the client wrote.\n5 March: we signed it.\n",
    ],
)
def test_other_words_are_no_days(text: str) -> None:
    assert all("Date" not in header(table) for table in find_grids(text))
