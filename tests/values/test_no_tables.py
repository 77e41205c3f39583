"""Texts in which there is no table: remarks, steps, letters, code, prose in many languages."""

import pytest

from tables.grids import find_grids

TEXTS = [
    ("- Remember to book early.\n- Prices may change.\n- Let me know if you want more."),
    ("Here are my tips:\n\n1. Start early in the morning\n2. Bring water\n3. Wear good shoes\n"),
    (
        "- **Cost**: The total cost is about $500, depending on season.\n"
        "- **Weather**: Expect rain in October.\n"
        "- **Food**: Try the fish soup; it is great.\n"
    ),
    ("- Oslo is the largest city.\n- Bergen is known for rain.\n- Narvik is in the north, above the circle."),
    ("* Go to settings > accounts\n* Click Add, then choose Mail\n* Enter your name, mail and password\n"),
    (
        "Dear Ann,\n"
        "\n"
        "thank you for the invoice of 12 May. We paid 350.00 EUR on 15 May.\n"
        "The rest, 20.00 EUR, follows.\n"
        "\n"
        "Best,\n"
        "Bob"
    ),
    ("Schritte:\n1. Deckel öffnen\n2. Wasser einfüllen, langsam\n3. Deckel schließen\n"),
    (
        "- Первое: проверьте билеты заранее, чтобы не опоздать.\n"
        "- Второе: возьмите воду.\n"
        "- Третье: не забудьте паспорт."
    ),
    ("1. 打开盖子。\n2. 倒入水，慢慢地。\n3. 关上盖子。"),
    ("He said: I will come at 10:30.\nShe said: fine, see you at 11:00.\nWe met, talked, and left."),
    ("- apples\n- pears\n- figs\n"),
    ("Note: This is only an example.\nWarning: do not use in production.\nTip: read the manual first."),
    ("Sure! A few notes:\n- The figures are from 2023\n- Totals exclude tax\n- Row 3 was estimated\n"),
    ("```bash\ncat a.txt | sort | uniq -c\nls -la | wc -l\n```"),
    ("I bought 3 apples, 2 pears and 5 figs for 12.50 in total."),
    ("function f(a, b) {\n  return {a: 1, b: [1, 2]};\n}\nconst x = [1, 2, 3];\n"),
    ("Version 1.2.3\nReleased 2024-01-02\nFixed two bugs\n"),
    ("<p>Hello <b>Ann</b>,</p>\n<p>see you <i>soon</i>.</p>\n<div>Bye</div>"),
    ("Ann\nBob\nCarl\nDora\nEmil\nFritz\n"),
    ("12 Main Street\n0123 Oslo\nNorway\n"),
    ("Q: How long does it take?\nA: About two days.\nQ: How much is it?\nA: Nothing."),
    (
        "- 2019: The company was founded in a garage by two friends.\n"
        "- 2021: It moved to a larger office downtown.\n"
        "- 2023: It was sold."
    ),
    ("Today I learned (2020) that things, such as cats, dogs, and birds, are animals.\nYesterday, I did not know it."),
    ("• Confirmar la reserva con el hotel\n• Llevar pasaporte, visado y seguro\n• Llegar a las 10:00 al aeropuerto\n"),
    ("Pros:\n- cheap\n- fast\n\nCons:\n- loud\n- ugly\n"),
    ("- Day 1: Arrive in Oslo and visit the opera house\n- Day 2: Take the train to Bergen\n- Day 3: Fly home\n"),
    ("Assistant: Hello\nUser: Hi\nAssistant: How can I help?\nUser: Make a table\n"),
    ("The options are\n(a) wait,\n(b) call them, or\n(c) write a letter.\n"),
    ("<think>\nname,qty\na,1\nb,2\n</think>\nNo table needed."),
    ("if x > 3:\n    print('a', x)\nelse:\n    print('b', y)\n"),
    ("Meet at 10:00 - don't be late.\nLunch at 12:00 - bring money.\n"),
    ("- Ring Bob – he knows the way\n- Ask Ann – she has the key\n- Tell Carl – he should bring the car\n"),
    (
        "Sehr geehrte Frau Lee,\n"
        "\n"
        "anbei die Unterlagen. Bitte prüfen Sie Seite 3, 4 und 5.\n"
        "Rückfragen gern, jederzeit.\n"
        "\n"
        "Mit freundlichen Grüßen\n"
        "K. Ohm\n"
        "Tel. 030 123456\n"
        "Fax 030 123457"
    ),
    ("https://a.example/x\nhttps://a.example/y\nhttps://a.example/z\n"),
    ("- Total guests: unknown\n- Please confirm by Friday\n"),
    ("Key takeaways:\n- Sales grew 12% in Q1\n- Costs fell 3% in Q2\n- Profit reached $4M\n"),
    (
        "1. **Oslo** – the capital, with many museums.\n"
        "2. **Bergen** – the gateway to the fjords.\n"
        "3. **Narvik** – far north."
    ),
    ("ERROR: file not found\n  at line 3, column 5\n  at line 9, column 1\n"),
    ("Hei! Husk å kjøpe melk, brød og egg.\nVi sees kl. 10:00, Ann.\n"),
    ("Lista:\n- kupić mleko\n- zadzwonić do Anny, Piotra i Ewy\n- napisać raport\n"),
    (
        "Consejos para el viaje:\n"
        "1. **Lleva dinero en efectivo**: muchos sitios no aceptan tarjeta.\n"
        "2. **Reserva con tiempo**: los hoteles se llenan.\n"
    ),
    ("注意事项：\n1、请提前预约。\n2、请携带身份证。\n3、请勿迟到。\n"),
    ("まとめ：\n・価格は税込みです。\n・在庫は変わることがあります。\n"),
    ("ملاحظات:\n- الأسعار تشمل الضريبة.\n- التواريخ تقريبية.\n"),
    ("Questions:\n1. What is the price?\n2. When does it start, and where?\n3. Who pays?\n"),
    (
        "Summary of changes:\n"
        "- Updated the README\n"
        "- Fixed bug #123 in the parser\n"
        "- Added 5 tests\n"
        "- Bumped version to 2.0.1\n"
    ),
    ("To do this:\n\n    pip install x\n    x --run -v 3\n\nThen open http://localhost:8000 in 5 minutes.\n"),
    ("SELECT a, b FROM t WHERE c = 1;\nSELECT d, e FROM u WHERE f = 2;\n"),
    (
        "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do.\n"
        "Ut enim ad minim veniam, quis nostrud exercitation, ullamco.\n"
        "Duis aute irure dolor in reprehenderit, in voluptate, velit.\n"
    ),
    ("Best regards,\nAnn Lee\nHead of Sales\n+47 555 01 00\nann@example.org\n"),
    ("He has 3 dogs.\nShe has 4 cats.\nThey have 5 fish.\n"),
    ("- I'd like 3 rooms for 2 nights.\n- We arrive on 5 May at about 18:00.\n- Please send an offer.\n"),
    (
        "- Speed: it is much faster than the old one\n"
        "- Price: it costs less than expected\n"
        "- Looks: nobody likes the color\n"
    ),
    ("Chapter 1\nThe beginning\n\nChapter 2\nThe middle\n\nChapter 3\nThe end\n"),
    ("1. Introduction ........ 1\n"),
    ("<ul><li>one</li><li>two</li></ul>"),
    ('{"message": "hello"}'),
    ("a = 1\nb = 2\nc = a + b\nprint(c)\n"),
    ("* **Highest**: Oslo (709)\n* **Lowest**: Narvik (18)\n\nOverall the numbers look fine."),
    ("What's included:\n- Breakfast (7:00-10:00)\n- Free parking\n- Wi-Fi in all rooms\n"),
    (
        "Thanks! Here's the plan:\n"
        "\n"
        "**Morning**\n"
        "- Walk to the harbour\n"
        "- Coffee at Fuglen\n"
        "\n"
        "**Afternoon**\n"
        "- Museum\n"
        "- Dinner at 19:00\n"
    ),
    ("Wait 5 min - then stir.\nWait 10 min - then pour.\nWait 2 min - then drink.\n"),
    ("Re: order 123\n\nOn Mon, 3 Mar 2025, Ann wrote:\n> Please send 3 boxes.\n> Thanks.\n"),
    ("On the one hand: it is cheap.\nOn the other hand: it is slow.\nIn the end: we bought it.\n"),
    ("$ ls -l\n$ cd x\n$ make all\n"),
    ("The cost is $5, the tax is $1, and the total is $6.\nThe next cost is $7, the tax is $2, and the total is $9.\n"),
]


@pytest.mark.parametrize("text", TEXTS)
def test_no_table_is_made_where_there_is_none(text: str) -> None:
    assert find_grids(text) == []
