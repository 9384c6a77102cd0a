"""Output, ad files, notifications, and access to providers."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from pipeline.campaign.grammar.base import Number, Part, Text
from pipeline.campaign.grammar.overlay import BrandPart, Color, OverlayEntry, Share

Money = Annotated[Number, Field(ge=0)]


class OutputPart(Part):
    """Where images and ad files lie; `store` and `public_url` may hold {{ env.NAME }}."""

    path: Text | None = Field(
        None,
        description="A template below drafts/ or finals/, without ending; -r2 is added from "
        "round 2 on.",
    )
    store: Text | None = Field(
        None,
        description="An object store to which images and ad files are uploaded as well: "
        "s3://bucket/prefix, gs://, az:// or file:///folder; needs the extra stores.",
    )
    public_url: Text | None = Field(
        None,
        description="The URL of an uploaded file, for tables and manifests: "
        "https://cdn.example.com/{{ path }}.",
    )


FormatWord = Literal["jpg", "png", "webp", "avif"]
FitWord = Literal["auto", "crop", "extend", "pad"]


class AdFilesPart(Part):
    """The files that are derived from every final, for its placement."""

    name: Annotated[Text, Field(min_length=1, max_length=200)] | None = Field(
        None, description="File names; {{ campaign }}_{{ cell }}_{{ placement }} and the pixels."
    )
    formats: dict[str, Annotated[list[FormatWord], Field(min_length=1)]] = Field(
        default_factory=dict,
        description="Size → formats, and default for the others; jpg where the placement takes it.",
    )
    fit: FitWord = Field("auto", description="How an image gets the placement's shape.")
    background: Color | None = Field(
        None, description="Colour under transparent pixels and of padding, e.g. #ffffff."
    )
    overlay: list[OverlayEntry] = Field(
        default_factory=list, description="Logos and exact words, laid over every ad file in order."
    )
    brand: BrandPart = Field(
        default_factory=lambda: BrandPart.model_validate({}), description="Colours and fonts."
    )


class AdFilesChange(Part):
    """What an override may change in the ad files of some cells."""

    fit: FitWord | None = Field(None, description="Another way to get the placement's shape.")
    focus: Annotated[list[Share], Field(min_length=2, max_length=2)] | None = Field(
        None, description="The point to centre on: shares from left and top."
    )
    zoom: Annotated[Number, Field(ge=0.05, le=12)] | None = Field(
        None, description="With focus: the window's width, in widths of the largest crop."
    )
    keep: list[Annotated[list[Share], Field(min_length=4, max_length=4)]] | None = Field(
        None, description="Boxes to keep whole: shares for left, top, width and height."
    )
    background: Color | None = Field(None, description="Another colour.")
    overlay: list[OverlayEntry] | None = Field(
        None, description="Another overlay instead of the file's; [] for none."
    )


def _credentials(value: object) -> object:
    if value in ("preserve", "drop"):
        raise PydanticCustomError(
            "c2pa",
            "must be none or sign; an original keeps its own credentials, and an ad file, which is "
            "a new picture, cannot",
        )
    return value


CredentialsWord = Annotated[Literal["none", "sign"], BeforeValidator(_credentials)]


class ProvenancePart(Part):
    """Labels that say how an image was made."""

    credit: Text = Field("", description="Who is named as the source in every ad file.")
    label: Literal["none", "ai"] = Field(
        "none", description="ai draws a small mark, AI, in a corner of every ad file."
    )
    c2pa: CredentialsWord = Field(
        "none", description="sign adds signed content credentials; needs the extra c2pa."
    )


def _rule(value: object) -> object:
    if value in ("flag", "fail"):
        return value
    if isinstance(value, Mapping) and [*value] == ["reroll"]:
        count = value["reroll"]
        if isinstance(count, int) and not isinstance(count, bool) and 1 <= count <= MOST_REROLLS:
            return count
    raise PydanticCustomError(
        "check-rule", f"must be flag, fail or {{reroll: 1}}, with at most {MOST_REROLLS} new takes"
    )


MOST_REROLLS = 9
CheckRuleWord = Annotated[
    str | int,
    BeforeValidator(_rule),
    WithJsonSchema(
        {
            "oneOf": [
                {"enum": ["flag", "fail"]},
                {
                    "type": "object",
                    "properties": {
                        "reroll": {"type": "integer", "minimum": 1, "maximum": MOST_REROLLS}
                    },
                    "required": ["reroll"],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]
"""What follows if a check is missed; a number is the most new takes."""


class ChecksPart(Part):
    """What follows if a check is missed; a check that is not named is not made."""

    text: CheckRuleWord | None = Field(
        None, description="Every quoted word is on the image, and no misspelt one."
    )
    palette: CheckRuleWord | None = Field(
        None, description="Every colour of adfiles.brand is on the image."
    )
    drift: CheckRuleWord | None = Field(None, description="The final shows what its draft showed.")
    duplicate: CheckRuleWord | None = Field(
        None, description="No other image of other products or takes looks the same."
    )
    legible: CheckRuleWord | None = Field(
        None, description="Lines of copy are at least 9 pixels high; below 7 they fail."
    )
    safe_zone: CheckRuleWord | None = Field(
        None, description="Copy keeps clear of what the platform lays over the ad file."
    )
    contrast: CheckRuleWord | None = Field(
        None, description="Copy has a contrast of 4.5:1 with its ground."
    )
    whole: CheckRuleWord | None = Field(None, description="Copy and product are not cut.")
    shop: CheckRuleWord | None = Field(
        None, description="What a shop asks for: no text, its background, the product's size."
    )


def _known_receiver(value: object) -> object:
    if isinstance(value, dict) and not RECEIVERS & set(value):
        raise PydanticCustomError("receiver", "names no receiver: to, webhook or ping")
    return value


RECEIVERS = frozenset({"to", "webhook", "ping"})
WhenWord = Literal["done", "review", "failed", "budget", "doubt", "stopped", "always"]


class NoticePart(Part):
    """Who is told how a run ended; URLs may hold {{ env.NAME }}."""

    when: Annotated[list[WhenWord], Field(min_length=1)] = Field(
        ["always"],
        description="How a run must end for a message or a webhook; always unless set.",
    )
    to: Text | list[Text] | None = Field(
        None,
        description="Services by the URLs of apprise, such as slack://…, mailto://… or ntfy://…; "
        "needs the extra notify.",
    )
    webhook: Text | None = Field(None, description="A URL to which JSON is posted.")
    ping: Text | None = Field(
        None,
        description="URL of a health check: called with /start when a run begins, and with / and "
        "the exit code when it ends.",
    )


Notice = Annotated[NoticePart, BeforeValidator(_known_receiver)]


class PricePart(Part):
    """What a provider's credits are worth, or what an image costs where no price is known."""

    currency: Text = Field("USD", description="Currency code of `per_credit`.")
    per_credit: Money | None = Field(None, description="Price of one credit, for display.")
    per_image: Money | None = Field(
        None, description="Most dollars for one image; reserved, and charged by `compatible`."
    )


DialectWord = Literal[
    "plain", "vllm-omni", "sglang", "localai", "sd-cpp", "xinference", "litellm", "azure"
]


class ProviderPart(Part):
    """Settings of one provider; texts may hold {{ env.NAME }}."""

    base_url: Text | None = Field(None, description="Where the API answers.")
    model: Text | None = Field(None, description="Model to ask for, in stages that name no other.")
    dialect: DialectWord | None = Field(
        None, description="Which server `compatible` talks to, for its peculiarities."
    )
    edits: Annotated[Text, Field(pattern="^/[^/]")] | None = Field(
        None, description="Path that takes images, for references and refined finals."
    )
    tier: int | None = Field(
        None, ge=1, le=5, description="Usage tier of the account, which limits images per minute."
    )
    timeout: Annotated[int, Field(ge=10, le=86400)] | None = Field(
        None, description="Seconds to wait for an image; by the model unless set."
    )
    image_hosts: list[Text] = Field(
        default_factory=list, description="Private hosts from which images may be fetched."
    )
    balance: Annotated[Text, Field(pattern="^/[^/]")] | None = Field(
        None, description="Path that returns the credits left, e.g. /v1/credits."
    )
    trust_env: bool = Field(default=False, description="Use the proxies named in the environment.")
    ca_file: Text | None = Field(
        None, description="A PEM file with private authorities to trust besides the system's."
    )
    price: PricePart | None = Field(None, description="Shows credits in a currency as well.")
