"""Constants of the API document: its model, its prices, and the values of its fields."""

from pipeline.imageserver.painting.painter import PaintQuality

MODEL = "gpt-image-2"
CREDITS = {PaintQuality.LOW: 2, PaintQuality.MEDIUM: 6, PaintQuality.HIGH: 12}
"""The documented price of one picture."""
FIELDS = frozenset({"prompt", "model", "size", "quality", "n", "background"})
"""The fields of the documented request."""
BACKGROUNDS = ("opaque", "transparent")
DOCUMENTED_RATIOS = ("1:1", "4:3", "16:9", "9:21", "1:2", "2:1")
"""The ratios that the document names as examples; any other up to 3:1 is painted as well."""
MAX_PROMPT_LENGTH = 32_000
"""In characters. The document names no limit; services of this kind have this one."""
MAX_PICTURES = 10
"""Pictures of one request. The document names no limit."""
