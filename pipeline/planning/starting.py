"""`init`: the text of a first campaign that runs as it is, made up or from a feed."""

import re
from collections.abc import Mapping
from pathlib import Path

from pipeline.errors import CampaignError
from pipeline.planning.feeds.opening import open_table
from pipeline.planning.feeds.table import Table
from pipeline.planning.files import Reading
from pipeline.planning.grammar.campaign_file import slug_of
from pipeline.planning.grammar.matrix import TablePart
from pipeline.planning.matrix.ids import id_complaint
from pipeline.planning.places import Findings, Place
from pipeline.planning.reading.hints import quoted

_KEYS = ("id", "sku", "key", "code", "product_id", "item_id", "article", "ean", "gtin", "slug")
_NAMES = ("name", "title", "product", "product_name", "label")
_LOOKS = ("look", "description", "appearance", "material", "colour", "color")
_WORDS = ("headline", "claim", "slogan", "tagline", "copy")
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

# drafts are cheap and for choosing, finals are what you keep
stages:
  draft: {{quality: low, takes: 2, review: human}}
  final: {{quality: high}}

# embedded costs nothing and needs no key; gptimage renders for real
provider: embedded
budget: {{run: 400}}
"""

_FROM_FEED = """\
campaign: {slug}

data:
  products: {{source: {source}, key: {key}}}

matrix:
  product: {{from: products}}
  size: [1:1, 4:3, 9:21]

prompt: |
  A photorealistic product photo of {subject},
  on a wet studio table, soft reflections, premium lighting, centered framing{words}.

# drafts are cheap and for choosing, finals are what you keep
stages:
  draft: {{quality: low, takes: 2, review: human}}
  final: {{quality: high}}

# embedded costs nothing and needs no key; gptimage renders for real
provider: embedded
budget: {{run: 400}}
"""


def first_campaign(name: str) -> str:
    """A small campaign with made-up products."""
    return _SMALL.format(slug=slug_of(name))


def campaign_from_feed(name: str, feed: Path, *, source: str) -> str:
    """A campaign over a feed's rows; `source` is the feed as the campaign file will name it.

    `CampaignError` where the feed cannot be read or no column tells its rows apart.
    """
    findings = Findings()
    reading = Reading(path=feed, shown=str(feed))
    table = open_table(
        "products",
        TablePart.model_validate({"source": source}),
        reading=reading,
        findings=findings,
        at=Place(reading.shown),
    )
    key = _key(table) if table is not None else None
    if table is None or findings.failed or key is None:
        if not findings.failed:
            complaint = "has no column that tells its rows apart and can name files"
            findings.error(complaint, at=Place(reading.shown, 1), code="feed-key")
        raise CampaignError(findings.all)
    names = _columns(table)
    said = [f"{{{{ product.{names[kind]} }}}}" for kind in ("look", "name") if kind in names]
    words = names.get("words")
    headline = f',\n  poster layout with the headline "{{{{ product.{words} }}}}"' if words else ""
    return _FROM_FEED.format(
        slug=slug_of(name),
        source=_scalar(source),
        key=_scalar(key),
        subject=" of ".join(said) or "{{ product }}",
        words=headline,
    )


def _scalar(word: str) -> str:
    return word if re.fullmatch(r"[A-Za-z][\w./-]*", word, re.ASCII) else quoted(word)


def _columns(table: Table) -> Mapping[str, str]:
    """Which column is the look, the name and the words, by their headers."""
    folded = {column.casefold(): column for column in table.columns if _PLAIN.fullmatch(column)}
    kinds = {"look": _LOOKS, "name": _NAMES, "words": _WORDS}
    found = {}
    for kind, candidates in kinds.items():
        match = next((folded[one] for one in candidates if one in folded), None)
        if match is not None and _always(table, match):
            found[kind] = match
    return found


def _always(table: Table, column: str) -> bool:
    return all(table.row(position)[column] not in ("", None) for position in range(len(table.rows)))


def _key(table: Table) -> str | None:
    """A column whose cells differ and can be ids: one with a usual name, else the first."""
    usual = [column for column in table.columns if column.casefold() in _KEYS]
    rows = [table.row(position) for position in range(len(table.rows))]
    for column in [*usual, *table.columns]:
        cells = [str(row[column]).strip() for row in rows]
        if len({cell.casefold() for cell in cells}) == len(cells) and not any(
            id_complaint(cell) for cell in cells
        ):
            return column
    return None
