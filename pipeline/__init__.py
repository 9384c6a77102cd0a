"""Campaigns as code: from a YAML matrix to reviewed finals, with every credit accounted for."""

__version__ = "0.1.0"
