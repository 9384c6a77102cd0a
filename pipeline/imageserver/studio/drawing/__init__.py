"""Drawing a scene as vectors: composition, copy, products and scenery."""
