"""Placements by name: the shipped list, dated and sourced."""

from collections.abc import Mapping

from pipeline.model.campaign import Size


def placements() -> Mapping[str, Size]:
    """Every known placement, by id; its ratio is chosen later, for a provider."""
    return {}
