"""Printable page of a report: one HTML document without scripts and external files."""

from base64 import b64encode
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

from tables.reports.charts import colors_of, draw
from tables.reports.document import CellKind, Document, text_of
from tables.reports.look import ACCENT, FONT, INK, LINE, MUTED, PAPER

if TYPE_CHECKING:
    from jinja2 import Template

MAX_PAGE_ROWS = 500  # of one section; the workbook has all
STYLE = f"""
:root {{ color: {INK}; font: 15px/1.45 {FONT}; }}
body {{ max-width: 60rem; margin: 2rem auto; padding: 0 1rem; background: white; }}
header {{ border-bottom: 3px solid {ACCENT}; margin-bottom: 1.5rem; }}
h1 {{ margin: 0; font-size: 1.6rem; overflow-wrap: anywhere; }}
h2 {{ margin: 2rem 0 .5rem; font-size: 1.15rem; color: {ACCENT}; break-after: avoid; }}
h3 {{ margin: 1rem 0 .25rem; font-size: .95rem; break-after: avoid; }}
.note {{ color: {MUTED}; font-size: .875rem; }}
.figures {{ display: flex; flex-wrap: wrap; gap: .75rem; margin: 0; }}
.figures div {{ background: {PAPER}; border-radius: .5rem; padding: .75rem 1rem; min-width: 8rem; }}
.figures dt {{ color: {MUTED}; font-size: .8rem; }}
.figures dd {{ margin: 0; font-size: 1.4rem; font-weight: 600; }}
figure {{ margin: 0 0 1rem; break-inside: avoid; }}
svg {{ width: 100%; height: auto; font-family: {FONT}; }}
svg.key {{ width: .7rem; height: .7rem; margin-left: .5rem; }}
.scroll {{ overflow-x: auto; }}
table {{ border-collapse: collapse; width: 100%; font-size: .875rem; }}
th, td {{ border-bottom: 1px solid {LINE}; padding: .3rem .6rem; text-align: left; vertical-align: top;
  overflow-wrap: anywhere; unicode-bidi: isolate; }}
th {{ background: {PAPER}; }}
td.number, th.number {{ text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }}
thead {{ display: table-header-group; }}
tr {{ break-inside: avoid; }}
@media print {{ body {{ margin: 0; max-width: none; }} .scroll {{ overflow: visible; }} }}
"""
STYLE_DIGEST = b64encode(sha256(STYLE.encode()).digest()).decode()
_PAGE = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{ document.title }}</title>
<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex, nofollow, noarchive">
<meta name="referrer" content="no-referrer"><style>{{ style }}</style></head>
<body><header><h1 dir="auto">{{ document.title }}</h1>
<p class="note"><span dir="auto">{{ document.organization }}</span> ·
{{ moment(document.starts_at) }} to {{ moment(document.ends_at) }} UTC</p></header>
<main><dl class="figures">
{%- for figure in document.figures %}
<div><dt>{{ figure.label }}</dt><dd>{{ text(figure.value, figure.kind) }}</dd></div>
{%- endfor %}
</dl>
{%- if document.note %}
<p class="note">{{ document.note }}</p>
{%- endif %}
{%- for section in document.sections %}
<section><h2 dir="auto">{{ section.title }}</h2>
{%- for chart in section.charts %}
<figure><figcaption><h3 dir="auto">{{ chart.title }}</h3>
{%- if chart.values | length > 1 %}<p class="note">
{%- for color in colors(chart) %}
<svg class="key" viewBox="0 0 10 10"><rect width="10" height="10" fill="{{ color }}"/></svg>
{{ section.headings[chart.values[loop.index0]].name }}
{%- endfor %}</p>{% endif %}</figcaption>
{{ draw(section, chart) }}</figure>
{%- endfor %}
<div class="scroll"><table><thead><tr>
{%- for heading in section.headings %}<th{{ numeric(heading.kind) }} dir="auto">{{ heading.name }}</th>{% endfor -%}
</tr></thead><tbody>
{%- for row in section.rows[:limit] %}
<tr>{% for cell in row %}{% set kind = section.headings[loop.index0].kind -%}
<td{{ numeric(kind) }} dir="auto">{{ text(cell, kind) }}</td>{% endfor %}</tr>
{%- else %}
<tr><td colspan="{{ section.headings | length }}">Nothing in this period.</td></tr>
{%- endfor %}
</tbody></table></div>
{%- set hidden = omitted(section) %}
{%- if hidden %}
<p class="note">{{ "{:,}".format(hidden) }} more rows are not shown here. The workbook has up to 10,000 rows.</p>
{%- endif %}
</section>
{%- endfor %}
</main><footer><p class="note">Made by SheetGPT on {{ moment(document.created_at) }} UTC.</p></footer></body></html>
"""
NUMERIC = frozenset({CellKind.INTEGER, CellKind.NUMBER, CellKind.MONEY})


def render_page(document: Document) -> str:
    """Return the page; Jinja2 escapes every text, and the charts escape theirs."""
    from markupsafe import Markup

    def numeric(kind: CellKind) -> Markup:
        return Markup(' class="number"' if kind in NUMERIC else "")  # noqa: S704  constants

    return _template().render(
        document=document,
        style=Markup(STYLE),  # noqa: S704  a constant
        limit=MAX_PAGE_ROWS,
        draw=lambda section, chart: Markup(draw(section, chart)),  # noqa: S704  escaped where it is drawn
        colors=colors_of,
        numeric=numeric,
        omitted=lambda section: max(len(section.rows) - MAX_PAGE_ROWS, 0) + section.omitted,
        moment=lambda moment: text_of(moment, CellKind.MOMENT),
        text=lambda cell, kind: text_of(cell, kind, document.currency),
    )


@cache
def _template() -> "Template":
    from jinja2 import Environment, StrictUndefined  # imported late: it takes 40 ms

    return Environment(autoescape=True, undefined=StrictUndefined).from_string(_PAGE)
