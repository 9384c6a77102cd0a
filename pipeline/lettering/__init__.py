"""Text as outlines: typefaces, shaping, bidirectional text, line breaking, fitting into a box."""
