"""Output, renditions, notifications, and access to providers."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.campaign.grammar.base import Number, Part, Text

Money = Annotated[Number, Field(ge=0)]


class OutputPart(Part):
    """The path of an image below `drafts/` or `finals/`."""

    path: Text | None = Field(
        None, description="A template without ending; -r2 is added from round 2 on."
    )


class RenditionPart(Part):
    """One file derived from every final, at a placement's exact pixels."""

    format: Literal["jpg", "png", "webp", "avif"] = Field(description="File format.")
    max_kb: int | None = Field(None, ge=1, description="Largest file, in kilobytes.")
    quality: int | None = Field(None, ge=1, le=100, description="Encoder quality.")


class ProvenancePart(Part):
    """Labels that say how an image was made."""

    iptc: bool = Field(default=True, description="Write IPTC DigitalSourceType and credit.")
    c2pa: Literal["preserve", "drop", "sign"] = Field(
        "preserve", description="What to do with content credentials in the original."
    )


class NoticePart(Part):
    """A webhook to call when a run ends."""

    when: list[Literal["done", "review", "failed", "budget", "stopped", "always"]] = Field(
        min_length=1, description="How a run must end for the call."
    )
    webhook: Text = Field(description="A URL; may hold {{ env.NAME }}.")


class PricePart(Part):
    """The price of a credit in a currency, for display."""

    currency: Text = Field("USD", description="Currency code.")
    per_credit: Money = Field(description="Price of one credit.")


class ProviderPart(Part):
    """Settings of one provider; texts may hold {{ env.NAME }}."""

    base_url: Text | None = Field(None, description="Where the API answers.")
    model: Text | None = Field(None, description="Model name to ask for; not acted on yet.")
    edits: Text | None = Field(None, description="Path of the edits endpoint; not acted on yet.")
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
    price: PricePart | None = Field(
        None, description="Shows credits in a currency as well; not acted on yet."
    )
