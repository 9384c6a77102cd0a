"""The scene drawn in two dimensions, as vectors."""
