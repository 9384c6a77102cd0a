"""`LineReader` with rapidocr: PP-OCR's models in onnxruntime, both from the package itself.

Nothing is downloaded: the models are named by path, and a missing one is an `ImportError`.
"""

from pathlib import Path

import numpy as np
import rapidocr
from numpy.typing import NDArray
from PIL import Image
from rapidocr import RapidOCR

from pipeline.inspection.readers import TextLine
from pipeline.lettering.box import Box

SIDE = 1024
"""Pixels of the longest side at which text is looked for."""
_MODELS = Path(rapidocr.__file__).parent / "models"
_DETECTION = "PP-OCR*_det_small.onnx"
_RECOGNITION = "PP-OCR*_rec_small.onnx"

_Pixels = NDArray[np.uint8]


class RapidReader:
    """Reads text with one thread, since images are inspected side by side in processes."""

    def __init__(self) -> None:
        self._engine = RapidOCR(
            params={
                "Global.log_level": "critical",
                "Global.max_side_len": SIDE,
                "Global.use_cls": False,
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                "Det.limit_side_len": SIDE,
                "Det.limit_type": "max",
                "Det.model_path": _model(_DETECTION),
                "Rec.model_path": _model(_RECOGNITION),
            }
        )

    def read(self, image: Image.Image) -> tuple[TextLine, ...]:
        """See `LineReader`."""
        pixels, scale = _pixels(image)
        found = self._engine(pixels, use_det=True, use_rec=False, use_cls=False)
        lines = []
        boxes = getattr(found, "boxes", None)
        for corners in () if boxes is None else boxes:
            left, top = np.maximum(np.floor(corners.min(axis=0)), 0).astype(int).tolist()
            right, bottom = np.ceil(corners.max(axis=0)).astype(int).tolist()
            text, sure = self._text_of(pixels[top:bottom, left:right])
            box = Box(left / scale, top / scale, (right - left) / scale, (bottom - top) / scale)
            lines.append(TextLine(text=text, sure=sure, box=box))
        return tuple(lines)

    def _text_of(self, pixels: _Pixels) -> tuple[str, float]:
        """Return the text of one line, empty if it cannot be read, and how sure that is."""
        read = self._engine(pixels, use_det=False, use_rec=True, use_cls=False)
        texts = getattr(read, "txts", None) or ("",)
        scores = getattr(read, "scores", None) or (0.0,)
        return texts[0].strip(), round(float(scores[0]), 3)


def _model(pattern: str) -> str:
    found = sorted(_MODELS.glob(pattern))
    if not found:
        raise ImportError(f"rapidocr has no {pattern} in {_MODELS}")
    return str(found[-1])


def _pixels(image: Image.Image) -> tuple[_Pixels, float]:
    """Return the pixels as rapidocr takes them, blue first, and their scale."""
    scale = min(1.0, SIDE / max(image.size))
    if scale < 1.0:
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        image = image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    return np.ascontiguousarray(np.asarray(image.convert("RGB"))[:, :, ::-1]), scale
