"""The campaign files that `init` writes: with invented products, or from a feed."""

import re
from collections.abc import Mapping
from pathlib import Path

from pipeline.campaign.feeds.column_meaning import ColumnMeaning, meaning_of
from pipeline.campaign.feeds.opening import open_table
from pipeline.campaign.feeds.table import Table, Unusable
from pipeline.campaign.findings import Findings, Place
from pipeline.campaign.grammar.matrix import TablePart
from pipeline.campaign.naming import slug_of
from pipeline.campaign.reading.files import ReadableFile
from pipeline.campaign.reading.hints import quoted
from pipeline.errors import CampaignError
from pipeline.model.money import Amount
from pipeline.model.providers.request import Quality

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)

_SMALL = """\
campaign: {slug}

matrix:
  product:
    - {{id: citrus, name: Citrus Soda, look: an amber glass bottle, headline: SUMMER CRUSH}}
    - {{id: berry, name: Berry Soda, look: a slim pink can, headline: BERRY RUSH}}
  size: [1:1, 4:3, 9:21]

prompt: |
  A photorealistic product photo of {{{{ product.look }}}} of {{{{ product.name }}}},
  on a wet studio table, soft reflections, premium lighting, centered framing,
  poster layout with the headline "{{{{ product.headline }}}}".

# choose among cheap drafts; the finals of approved drafts are rendered in high quality
stages:
  draft: {{quality: low, takes: 2, review: human}}
  final: {{quality: high}}

# embedded costs nothing and needs no key; gptimage renders for real
provider: embedded
# with gptimage, {costs}
budget: {{run: {budget}}}
"""

_FROM_FEED = """\
campaign: {slug}

# {comment}
data:
  products: {{source: {source}, key: {key}{where}}}

matrix:
  product: {{from: products}}
  size: [1:1, 4:3, 9:21]

# every column can be used: {columns}
prompt: |
  A photorealistic product photo of {subject},
  on a wet studio table, soft reflections, premium lighting, centered framing{ending}

# choose among cheap drafts; the finals of approved drafts are rendered in high quality
stages:
  draft: {{quality: low, takes: 2, review: human}}
  final: {{quality: high}}

# embedded costs nothing and needs no key; gptimage renders for real
provider: embedded
# with gptimage, {costs}
budget: {{run: {budget}}}
"""
_SIZES, _TAKES = 3, 2
"""Sizes and takes of drafts in the files above."""
_BUDGET = 400
"""The budget of a run in credits, unless all images of the campaign cost more."""
_MOST_COLUMNS = 6
"""Most columns that the file names as examples."""


def first_campaign(name: str, *, prices: Mapping[Quality, Amount]) -> str:
    """Return a small campaign with invented products, and a budget that pays for its images."""
    return _SMALL.format(slug=slug_of(name), **_money(2, prices))


def campaign_from_feed(
    name: str, feed: Path, *, source: str, prices: Mapping[Quality, Amount]
) -> str:
    """Return a campaign over a feed's rows, and a budget that pays for its images.

    `source` is the feed's path in the campaign file. Raises `CampaignError` if the feed cannot be
    read or no column identifies its rows.
    """
    findings = Findings()
    readable = ReadableFile(path=feed, shown=str(feed))
    table = open_table(
        "products",
        TablePart.model_validate({"source": source}),
        readable=readable,
        findings=findings,
        at=Place(readable.shown),
    )
    meaning = meaning_of(table) if table is not None and not findings.failed else None
    if table is None or meaning is None:
        if not findings.failed:
            complaint = "has no column that tells its rows apart and can name files"
            findings.error(complaint, at=Place(readable.shown, 1), code="feed-key")
        raise CampaignError(findings.all)
    left = len(table.rows) - meaning.rows
    note = f"{meaning.key} tells {meaning.rows} products apart"
    return _FROM_FEED.format(
        slug=slug_of(name),
        source=_scalar(source),
        key=_scalar(meaning.key),
        where=f", where: {quoted(meaning.where)}" if meaning.where else "",
        comment=f"{note}; where leaves out {left} of {len(table.rows)} rows" if left else note,
        columns=" ".join(_expression(column) for column in _usable(table)[:_MOST_COLUMNS]),
        subject=_subject(meaning),
        ending=_ending(meaning),
        **_money(meaning.rows, prices),
    )


def _money(products: int, prices: Mapping[Quality, Amount]) -> dict[str, str]:
    """Return what all images of a campaign cost, and a budget that is not below it."""
    cells = products * _SIZES
    drafts = cells * _TAKES * prices[Quality.LOW]
    finals = cells * prices[Quality.HIGH]
    costs = f"all drafts cost {drafts} credits, and the finals of all cells {finals}"
    return {"costs": costs, "budget": str(max(_BUDGET, drafts + finals))}


def _usable(table: Table) -> list[str]:
    """Return the columns that templates can use: not those that come twice."""
    first = table.row(0)
    return [column for column in table.columns if not isinstance(first[column], Unusable)]


def _expression(column: str, *, filters: str = "") -> str:
    """Return the template expression for a column."""
    if _PLAIN.fullmatch(column):
        return f"{{{{ product.{column}{filters} }}}}"
    mark = '"' if "'" in column else "'"
    return f"{{{{ product[{mark}{column}{mark}]{filters} }}}}"


def _subject(meaning: ColumnMeaning) -> str:
    """Return `{{ product.look }} of {{ product.name }} by {{ product.brand }}`."""
    columns = {kind: _expression(meaning.columns[kind]) for kind in meaning.always}
    parts = [columns[kind] for kind in ("look", "name") if kind in columns]
    brand = f" by {columns['brand']}" if parts and "brand" in columns else ""
    return f"{' of '.join(parts) or '{{ product }}'}{brand}"


def _ending(meaning: ColumnMeaning) -> str:
    """Return headline and description; conditional if not every row has them."""
    ending = "."
    headline, about = meaning.columns.get("headline"), meaning.columns.get("about")
    if headline and "headline" in meaning.always:
        ending = f',\n  poster layout with the headline "{_expression(headline)}".'
    if about:
        text = _expression(about, filters="|striptags|truncate(200)")
        line = f"About it: {text}"
        ending += f"\n  {line if 'about' in meaning.always else _where_filled(about, line)}"
    return ending


def _where_filled(column: str, line: str) -> str:
    condition = _expression(column).strip("{} ")
    return f"{{% if {condition} %}}{line}{{% endif %}}"


def _scalar(word: str) -> str:
    return word if re.fullmatch(r"[A-Za-z][\w./-]*", word, re.ASCII) else quoted(word)
