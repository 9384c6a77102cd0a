"""Words to outlines: faces from packages, shaping, bidi, line breaking, fitting into a box."""
