"""The fields of a request, which are the same for one POST and for a line of a batch."""

from pipeline.model.providers.request import OutputFormat, RenderRequest
from pipeline.providers.openai_api.dialects import ApiDialect


def request_fields(request: RenderRequest, dialect: ApiDialect) -> dict[str, str | int]:
    """Return the fields of a request besides `n`; never `style`, `stream` or `user`.

    The documented API gets no `response_format`, which it refuses.
    """
    optional = {
        "model": request.model,
        "quality": request.quality,
        "background": request.background,
        "output_format": request.output_format or OutputFormat.PNG,
    }
    fields: dict[str, str | int] = {"prompt": dialect.written(request.prompt), "size": request.size}
    fields |= {name: value for name, value in optional.items() if name in dialect.fields}
    if request.compression is not None and "output_format" in dialect.fields:
        fields["output_compression"] = request.compression
    if dialect.asks_for_base64:
        fields["response_format"] = "b64_json"
    return fields
