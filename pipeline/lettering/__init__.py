"""Words to outlines: typefaces, shaping, two-way text, line breaking, fitting into a box."""
