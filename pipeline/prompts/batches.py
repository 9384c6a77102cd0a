"""Cells on their way to the writing process: every value is sent once a batch."""

from pipeline.campaign.feeds.table import pack
from pipeline.campaign.loading import LoadedCampaign
from pipeline.campaign.matrix.joins import EMPTY_ROW
from pipeline.campaign.resolved import UnnamedCell


class CellBatch:
    """Collects the distinct values of some cells; each is named by its number."""

    def __init__(self, loaded: LoadedCampaign) -> None:
        self.loaded = loaded
        self.values: list[str] = []
        """As JSON, the way the writing process takes them."""
        self._axes: list[dict[int, int]] = [{} for _ in loaded.matrix.axes]
        self._tables: list[dict[int, int]] = [{} for _ in loaded.joins]
        self._variants: dict[int, int] = {}

    def numbers(self, spot: UnnamedCell) -> list[int]:
        """The numbers of a cell's values; later ones win where names repeat."""
        used = [self._variant(spot.variant)]
        for axis, (known, position) in enumerate(zip(self._axes, spot.point, strict=True)):
            number = known.get(position)
            used.append(self._axis(axis, position) if number is None else number)
        for table, (known, row) in enumerate(zip(self._tables, spot.rows, strict=True)):
            number = known.get(row)
            used.append(self._table(table, row) if number is None else number)
        return used

    def _keep(self, value: str) -> int:
        self.values.append(value)
        return len(self.values) - 1

    def _variant(self, variant: int) -> int:
        number = self._variants.get(variant)
        if number is None:
            number = self._variants[variant] = self._keep(self.loaded.variants[variant].packed)
        return number

    def _axis(self, axis: int, position: int) -> int:
        chosen = self.loaded.matrix.axes[axis]
        identity = pack(chosen.ids[position])
        value = f"[{pack(chosen.name)},{identity},{chosen.packed(position)}]"
        number = self._axes[axis][position] = self._keep(value)
        return number

    def _table(self, join: int, row: int) -> int:
        table = self.loaded.joins[join].table
        if row == EMPTY_ROW:
            columns = pack([""] * len(table.columns))
        else:
            columns = table.rows[row].decode("ascii")
        number = self._tables[join][row] = self._keep(f"[{pack(table.name)},null,{columns}]")
        return number
