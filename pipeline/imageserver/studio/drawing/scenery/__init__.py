"""Everything around the product: wall, table, light and props."""
