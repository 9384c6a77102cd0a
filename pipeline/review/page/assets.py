"""The static files of the review page."""

from functools import cache
from importlib.resources import files
from pathlib import Path

from pipeline.theme.page_files import PageFiles

STATIC = Path(str(files("pipeline.review.page"))) / "static"

STYLE = "css/page.css"
"""All style sheets joined, so that a browser sends one request for them."""

_SHEETS = ("css/base.css", "css/bars.css", "css/grid.css", "css/loupe.css", "css/dialogs.css")


@cache
def page_files() -> PageFiles:
    """Return the page's files; they are read once."""
    return PageFiles(STATIC, sheets={STYLE: _SHEETS})
