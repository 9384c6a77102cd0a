"""What the page and the sheet call the values of an axis."""

import pytest

from pipeline.model.campaign import Cell, Size
from pipeline.state.campaign_state import distinct_labels


def cell(product, **columns):
    axes = (("product", product), ("size", "1x1"))
    size = Size(id="1x1", ratio="1:1")
    return Cell(name=f"{product}/1x1", axes=axes, size=size, values={"product": columns})


@pytest.mark.parametrize("column", ["name", "title", "label"])
def test_two_products_of_one_title_are_told_apart_by_their_ids(column):
    """A feed's `title` became the label: two mugs looked alike, and shared a group of the sheet."""
    cells = [
        cell("m1", **{column: "Mug"}),
        cell("m2", **{column: "Mug"}),
        cell("c", **{column: "Cup"}),
    ]
    assert distinct_labels(cells) == {
        ("product", "m1"): "Mug (m1)",
        ("product", "m2"): "Mug (m2)",
        ("product", "c"): "Cup",
        ("size", "1x1"): "1:1",
    }
