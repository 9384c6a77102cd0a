"""Files that stay inside a folder and are written whole or not at all."""
