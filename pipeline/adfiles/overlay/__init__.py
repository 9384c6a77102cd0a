"""Laying logos, exact words and buttons over an ad file: layout, contrast, drawing."""
