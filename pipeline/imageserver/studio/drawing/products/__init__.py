"""One drawing per kind of product, and the labels on them."""
