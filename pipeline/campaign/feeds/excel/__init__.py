"""Reading Excel workbooks: sheets, cells, and numbers as their formats show them."""
