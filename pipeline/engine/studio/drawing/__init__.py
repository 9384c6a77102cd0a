"""The scene drawn in 2D: stage, backdrop, products, props and copy, as vectors."""
