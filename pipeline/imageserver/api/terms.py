"""The terms of the API document: its model, its prices, and what its fields may be."""

from pipeline.imageserver.painting.painter import PaintQuality

MODEL = "gpt-image-2"
CREDITS = {PaintQuality.LOW: 2, PaintQuality.MEDIUM: 6, PaintQuality.HIGH: 12}
"""What one picture costs, as documented."""
FIELDS = frozenset({"prompt", "model", "size", "quality", "n", "background"})
"""Of the documented request."""
BACKGROUNDS = ("opaque", "transparent")
DOCUMENTED_RATIOS = ("1:1", "4:3", "16:9", "9:21", "1:2", "2:1")
"""The document says "such as"; any other up to 3:1 is painted as well."""
LONGEST_PROMPT = 32_000
"""Characters; the document names no limit, services of this family have this one."""
MOST_PICTURES = 10
"""Of one request; the document names no limit."""
