"""Writing prompts in batches in the template process, and keeping them compressed."""

import itertools
import json
import zlib
from array import array
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

from pipeline.campaign.loading import LoadedCampaign
from pipeline.campaign.matrix.axis import folded
from pipeline.campaign.resolved import CompressedPrompts, PromptBatch, UnnamedCell, Variant
from pipeline.model.names import CellName, Stage
from pipeline.model.providers.request import Reference
from pipeline.prompts.cells import BATCH, CellBatch, compile_templates, name_of
from pipeline.prompts.output_paths import Collisions, doubled, finished, path_complaint
from pipeline.prompts.overlay_texts import overlay_complaints
from pipeline.prompts.problems import Problems
from pipeline.prompts.references import References
from pipeline.templates.template_process import TemplateProcess, TemplateProcessDied


class PlannedImage(NamedTuple):
    """One image to write a prompt for."""

    cell: UnnamedCell
    round: int
    take: int
    note: str


class WrittenPrompt(NamedTuple):
    """What the template process wrote for one image."""

    image: PlannedImage
    prompt: str
    texts: Mapping[str, str]
    references: Sequence[str]
    path: str | None
    overlay: Sequence[str]
    """The words that are laid over its ad files."""


class TemplateInputs(NamedTuple):
    """The variables of an image that its templates use; if they are equal, so is the prompt."""

    axes: tuple[int, ...]
    joins: tuple[int, ...]
    round: bool
    take: bool


class RequestedBatch(NamedTuple):
    """A batch that was sent to the template process; equal prompts are written only once."""

    images: Sequence[PlannedImage]
    numbers: Sequence[int]
    """For each image, the number of its prompt in the answer."""


PlannedImages = Callable[[TemplateProcess], Iterator[PlannedImage]]


class WrittenPrompts:
    """All prompts of one stage, checked and compressed, so that a million fit in memory."""

    def __init__(self, loaded: LoadedCampaign, stage: Stage) -> None:
        self.loaded = loaded
        self.stage = stage
        self.references = References(loaded)
        self._compressed = CompressedPrompts((), frozenset())
        self._chapters: list[PromptBatch] = []
        self._fingerprints = array("q")
        axes = loaded.matrix.axes
        self._size_axis = next(number for number, axis in enumerate(axes) if axis.name == "size")
        self._ratios = [size.ratio for size in axes[self._size_axis].sizes]
        self._inputs: dict[int, TemplateInputs] = {}
        self._problems = Problems(loaded)
        self._collisions = Collisions()

    def write(self, images: PlannedImages, *, key: Hashable = None) -> None:
        """Write every prompt; raise `CampaignError` with every problem.

        Prompts that were written earlier for the same `key` are taken from the cache.
        """
        cache = self.loaded.prompt_cache
        compressed = cache.find((self.stage, key)) if key is not None else None
        if compressed is None:
            compressed = self._write_all(images)
            cache.keep((self.stage, key), compressed)
        self._compressed = compressed

    def _write_all(self, images: PlannedImages) -> CompressedPrompts:
        with TemplateProcess() as template_process:
            compile_templates(self.loaded, template_process)
            planned = images(template_process)
            previous: tuple[RequestedBatch, bytes] | None = None
            while chunk := list(itertools.islice(planned, BATCH)):
                requested = self._send(template_process, chunk)
                if previous is not None:
                    self._check_and_keep(*previous)
                previous = requested, self._receive(template_process, requested)
            if previous is not None:
                self._check_and_keep(*previous)
        self._problems.raise_if_failed()
        self._check_collisions()
        return CompressedPrompts(tuple(self._chapters), frozenset(doubled(self._fingerprints)))

    def read(self) -> Iterator[WrittenPrompt]:
        """Yield every prompt in order."""
        for batch in self._compressed.batches:
            yield from self._decompress(batch)

    @property
    def doubled(self) -> frozenset[int]:
        """Hashes of requests that several images have."""
        return self._compressed.doubled

    def fingerprint(self, written: WrittenPrompt) -> int:
        """Return a hash that is the same for equal requests of one take."""
        unnamed, round_, take, _ = written.image
        return hash((written.prompt, self.ratio(unnamed), round_, take, *written.references))

    def ratio(self, unnamed: UnnamedCell) -> str:
        """Return the ratio in which the images of a cell are rendered."""
        return self._ratios[unnamed.point[self._size_axis]]

    def found(self, written: WrittenPrompt) -> tuple[Reference, ...]:
        """Return the reference images of a request."""
        templates = self.loaded.variants[written.image.cell.variant].references
        named = zip(templates, written.references, strict=False)  # a mask may follow
        found = (self.references.find(template, name) for template, name in named if name)
        return tuple(one for one in found if isinstance(one, Reference))

    def mask(self, written: WrittenPrompt) -> Reference | None:
        """Return the mask of a request; `None` if it has none."""
        template = self.loaded.variants[written.image.cell.variant].mask
        name = written.references[-1] if template else ""
        found = self.references.find(template, name, mask=True) if template and name else None
        return found if isinstance(found, Reference) else None

    def _send(
        self, template_process: TemplateProcess, images: Sequence[PlannedImage]
    ) -> RequestedBatch:
        batch = CellBatch(self.loaded)
        template_numbers: dict[int, int] = {}
        known: dict[Hashable, int] = {}
        numbers: list[int] = []
        requests: list[tuple[int, list[int], int, int, str]] = []
        last: UnnamedCell | None = None
        for unnamed, round_, take, note in images:
            if unnamed is not last:
                last, inputs = unnamed, self._inputs_of(unnamed.variant)
                named = [unnamed.point[axis] for axis in inputs.axes]
                named += [unnamed.rows[join] for join in inputs.joins]
                alike = (unnamed.variant, *named)
            words = (alike, note, round_ if inputs.round else 0, take if inputs.take else 0)
            number = known.get(words)
            if number is None:
                number = known[words] = len(requests)
                chosen = template_numbers.setdefault(unnamed.variant, len(template_numbers))
                requests.append((chosen, batch.numbers(unnamed), take, round_, note))
            numbers.append(number)
        requested = RequestedBatch(images, numbers)
        head = {
            "op": "write",
            "stage": self.stage,
            "campaign": self.loaded.campaign.slug,
            "cell_templates": [self._templates_of(variant) for variant in template_numbers],
            "images": requests,
        }
        try:
            template_process.post(head, batch.values)
        except TemplateProcessDied as died:
            self._raise_died(died, requested)
        return requested

    def _inputs_of(self, variant: int) -> TemplateInputs:
        inputs = self._inputs.get(variant)
        if inputs is None:
            prompt, texts, references, path, laid_over = self._templates_of(variant)
            templates = [prompt, *(name for _, name in texts), *references, *laid_over]
            used = self.loaded.templates.names.used_in([*templates, *([path] if path else [])])
            axes, joins = self.loaded.matrix.axes, self.loaded.joins
            inputs = self._inputs[variant] = TemplateInputs(
                axes=tuple(number for number, axis in enumerate(axes) if axis.name in used),
                joins=tuple(number for number, one in enumerate(joins) if one.table.name in used),
                round="round" in used,
                take="take" in used,
            )
        return inputs

    def _templates_of(
        self, variant: int
    ) -> tuple[str, Sequence[tuple[str, str]], Sequence[str], str | None, Sequence[str]]:
        chosen = self.loaded.variants[variant]
        words = chosen.overlay.templates
        return chosen.prompt, chosen.texts, _images_of(chosen), self.loaded.path, words

    def _receive(self, template_process: TemplateProcess, requested: RequestedBatch) -> bytes:
        try:
            return template_process.raw_answer()
        except TemplateProcessDied as died:
            return self._raise_died(died, requested)

    def _raise_died(self, died: TemplateProcessDied, requested: RequestedBatch) -> NoReturn:
        image = requested.images[requested.numbers.index(died.number)]
        template = self.loaded.variants[image.cell.variant].prompt
        problem = {"template": template, "line": 1, "complaint": died.reason}
        self._note(problem, image)
        self._problems.raise_if_failed()
        raise died

    def _note(self, problem: Mapping[str, Any], image: PlannedImage) -> None:
        self._problems.note(problem, image.cell, name_of(self.loaded, image.cell.point))

    def _check_and_keep(self, requested: RequestedBatch, reply: bytes) -> None:
        """Check an answer and keep it compressed."""
        answer = json.loads(reply)
        for problem in answer["problems"]:
            for image, number in zip(requested.images, requested.numbers, strict=True):
                if number == problem["number"]:
                    self._note(problem, image)
        written = answer["written"]
        facts_of_images = array("i")
        for image, number in zip(requested.images, requested.numbers, strict=True):
            unnamed, round_, take, _ = image
            facts_of_images.extend((*unnamed.point, unnamed.variant, round_, take, number))
            if written[number] is not None:
                self._check(WrittenPrompt(image, *written[number]))
        batch = PromptBatch(zlib.compress(facts_of_images.tobytes(), 1), zlib.compress(reply, 1))
        self._chapters.append(batch)

    def _decompress(self, batch: PromptBatch) -> Iterator[WrittenPrompt]:
        """Yield the prompts of one batch; images of a cell share their values in memory."""
        facts_of_images = array("i")
        facts_of_images.frombytes(zlib.decompress(batch.images))
        prompts = json.loads(zlib.decompress(batch.answer))["written"]
        axes = len(self.loaded.matrix.axes)
        unnamed: UnnamedCell | None = None
        for facts in zip(*[iter(facts_of_images)] * (axes + 4), strict=True):
            point, (variant, round_, take, number) = facts[:axes], facts[axes:]
            if unnamed is None or unnamed.point != point or unnamed.variant != variant:
                unnamed = UnnamedCell(point, (), variant)
            yield WrittenPrompt(PlannedImage(unnamed, round_, take, ""), *prompts[number])

    def _check(self, written: WrittenPrompt) -> None:
        self._fingerprints.append(self.fingerprint(written))
        image = written.image
        if written.references:
            self._check_images(written)
        overlay = self.loaded.variants[image.cell.variant].overlay
        for template, complaint in overlay_complaints(overlay, written.overlay):
            self._note({"template": template, "line": 1, "complaint": complaint}, image)
        if written.path is not None:
            complaint = path_complaint(written.path)
            if complaint:
                problem = {"template": self.loaded.path, "line": 1, "complaint": complaint}
                self._note(problem, image)
            self._collisions.add(finished(self.stage, written.path, round_=image.round))

    def _check_images(self, written: WrittenPrompt) -> None:
        variant = self.loaded.variants[written.image.cell.variant]
        named = zip(_images_of(variant), written.references, strict=True)
        for number, (template, name) in enumerate(named):
            mask = number == len(variant.references)
            found = self.references.find(template, name, mask=mask) if name else None
            if mask and isinstance(found, Reference):
                first = next(iter(self.found(written)), None)
                found = self.references.mask_problem(found, first)
            if isinstance(found, str):
                problem = {"template": template, "line": 1, "complaint": found}
                self._note(problem, written.image)

    def _check_collisions(self) -> None:
        suspects = self._collisions.doubled()
        if not suspects:
            return
        first: dict[str, CellName] = {}
        taken: list[tuple[str, WrittenPrompt]] = []
        for batch in self._chapters:
            for written in self._decompress(batch):
                path = finished(self.stage, written.path or "", round_=written.image.round)
                if hash(folded(path)) not in suspects:
                    continue
                cell = name_of(self.loaded, written.image.cell.point)
                other = first.setdefault(folded(path), cell)
                if other is not cell:
                    taken.append(
                        (
                            f"{path} would be written twice, also for {_other_image(other, cell)}",
                            written,
                        )
                    )
        for complaint, written in taken[:1]:
            more = f" (and {len(taken) - 1:,} more paths)" if len(taken) > 1 else ""
            problem = {"template": self.loaded.path, "line": 1, "complaint": complaint + more}
            self._note(problem, written.image)
        self._problems.raise_if_failed()


def _images_of(variant: Variant) -> tuple[str, ...]:
    """Return the templates that name images: the references, and the mask after them."""
    return (*variant.references, *([variant.mask] if variant.mask else []))


def _other_image(other: CellName, cell: CellName) -> str:
    return "another take of it: name {{ take }} in the path" if other == cell else str(other)
