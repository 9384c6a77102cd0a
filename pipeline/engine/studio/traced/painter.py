"""The studio's painter: traces an order, or lets the proof renderer step in and says why."""

import importlib
from typing import cast

from pipeline.engine.noting import noted
from pipeline.engine.order import Order, Painter, Picture
from pipeline.engine.studio import proof
from pipeline.engine.studio.scene.nouns import Family
from pipeline.engine.studio.scene.reading import read
from pipeline.engine.studio.traced.readiness import obstacle

RENDERER = "studio"
MODELLED = frozenset(
    {
        Family.BOTTLE,
        Family.WINE,
        Family.CAN,
        Family.JAR,
        Family.DROPPER,
        Family.BOX,
        Family.POUCH,
        Family.MUG,
        Family.CUP,
        Family.TUBE,
        Family.CANDLE,
        Family.PERFUME,
    }
)
"""The families that have a body in three dimensions; flat things are the proof renderer's."""
_TRACING = "pipeline.engine.studio.traced.tracing"


def paint(order: Order) -> Picture:
    """Paint an order; for a process of its own, since the tracer uses every core.

    Raises UnpaintableError where its copy or its image cannot be used.
    """
    if reason := refusal(order):
        return noted(proof.paint(order), f"{reason}; proof painted this instead")
    # mitsuba may be imported only after it is known to be safe
    traced = cast("Painter", importlib.import_module(_TRACING).paint)
    try:
        return traced(order)
    except (RuntimeError, MemoryError) as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        return noted(proof.paint(order), f"the tracer failed ({why}); proof painted this instead")


def refusal(order: Order) -> str:
    """Why this order is not traced; empty where it is."""
    if order.references:
        return "the studio renderer does not trace images that are handed in"
    family = read(order).family
    if family not in MODELLED:
        return f"the studio renderer has no model of a {family.value}"
    why = obstacle()
    return f"the studio renderer cannot run: {why}" if why else ""
