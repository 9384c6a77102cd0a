"""Axes become cells: values, sizes, exceptions and joins."""
