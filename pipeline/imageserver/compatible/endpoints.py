"""The endpoints of a compatible server, by its dialect."""

import asyncio
import re
from pathlib import Path

from aiohttp import web

from pipeline.imageserver.api import answers
from pipeline.imageserver.api.refusal import RefusedError
from pipeline.imageserver.api.requests.bodies import parse_object, read_bytes
from pipeline.imageserver.api.requests.forms import read_form
from pipeline.imageserver.api.services import ApiServices
from pipeline.imageserver.billing.billing import Buyer
from pipeline.imageserver.billing.purchases import Sold, SoldPicture
from pipeline.imageserver.compatible.dialect import AnswerKind, CompatibleRequest, Dialect
from pipeline.imageserver.openai.models import EDITS, GENERATIONS
from pipeline.imageserver.openai.replies import PicturePayload, picture_reply, size_of
from pipeline.imageserver.painting.conversion import FORMATS, transcode
from pipeline.imageserver.painting.image_files import ImageFiles

_NAME = re.compile(r"([0-9]{9,18})([0-9])\.(png|jpeg|webp)")


class CompatibleEndpoints:
    """The paths of a server that speaks one dialect; its pictures cost nothing."""

    def __init__(self, services: ApiServices, image_files: ImageFiles, dialect: Dialect) -> None:
        self._services = services
        self._image_files = image_files
        self._dialect = dialect

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the routes that the server has."""
        router.add_post(GENERATIONS, self._generate)
        if self._dialect.edits:
            router.add_post(EDITS, self._edit)
        router.add_get("/v1/models", self._models)
        if self._dialect.image_path:
            router.add_get(self._dialect.image_path, self._download)

    async def _generate(self, request: web.Request) -> web.StreamResponse:
        buyer = self._services.buyer(request, "generations")
        limit = self._services.settings.limits.upload_bytes
        body = parse_object(await read_bytes(request, limit=limit))
        read = await asyncio.to_thread(self._dialect.generation, body)
        return await self._sell(request, read, buyer)

    async def _edit(self, request: web.Request) -> web.StreamResponse:
        buyer = self._services.buyer(request, "edits")
        limit = self._services.settings.limits.upload_bytes
        form = await read_form(request, limit=limit, files=self._dialect.files, lenient=True)
        read = await asyncio.to_thread(self._dialect.edit, form)
        return await self._sell(request, read, buyer)

    async def _sell(
        self, request: web.Request, read: CompatibleRequest, buyer: Buyer
    ) -> web.StreamResponse:
        async def answer(sold: Sold) -> web.Response:
            before, after = self._dialect.around(read, sold)
            beside = self._dialect.beside(read)
            match read.answer_kind:
                case AnswerKind.ADDRESS:
                    base = str(request.url.origin())
                    names = [_file_name(picture, read.output_format) for picture in sold.pictures]
                    urls = [self._dialect.address(base, name) for name in names]
                    data = [{"url": url} | beside for url in urls]
                    return answers.as_json({**before, "data": data, **after})
                case AnswerKind.BASE64:
                    pictures = [
                        await asyncio.to_thread(self._content, picture, read)
                        for picture in sold.pictures
                    ]
                    parts = picture_reply(before, pictures, after, beside=beside)
                    size = await asyncio.to_thread(size_of, parts)
                    return web.Response(body=PicturePayload(parts, size=size))

        return await self._services.sell(request, read.image_request, buyer=buyer, answer=answer)

    def _content(self, picture: SoldPicture, read: CompatibleRequest) -> bytes | Path:
        """Return a picture's file, or its content in another format."""
        path = self._image_files.path(picture.sha256)
        if read.output_format == "png":
            return path
        return transcode(path.read_bytes(), kind=read.output_format, quality=read.compression)

    async def _download(self, request: web.Request) -> web.StreamResponse:
        """Serve a picture to everyone, as these servers do."""
        found = _NAME.fullmatch(request.match_info["name"])
        account = self._services.credit_account
        pictures = account.pictures(int(found[1])) if found else ()
        picture = next((one for one in pictures if found and one.index == int(found[2])), None)
        if found is None or picture is None:
            raise RefusedError(404, "Image not found")
        path = self._image_files.path(picture.sha256)
        if found[3] == "png":
            return web.FileResponse(path)
        content = await asyncio.to_thread(
            lambda: transcode(path.read_bytes(), kind=found[3], quality=95)
        )
        return web.Response(body=content, content_type=FORMATS[found[3]])

    async def _models(self, request: web.Request) -> web.StreamResponse:
        self._services.buyer(request, "models")
        model = {"id": self._dialect.model, "object": "model", "owned_by": "local"}
        return answers.as_json({"object": "list", "data": [model]})


def _file_name(picture: SoldPicture, output_format: str) -> str:
    return f"{picture.name.removesuffix('.png')}.{output_format}"
