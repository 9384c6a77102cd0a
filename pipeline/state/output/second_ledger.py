"""A second ledger for a campaign and account that another one knows: it would buy all again."""

import shlex
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from pipeline.errors import LocalFault, UsageError
from pipeline.ledger.base import Ledger
from pipeline.model.names import Account, Slug
from pipeline.state.output.location import folders_of_use, outputs_around
from pipeline.state.output.run_folders import money_of

OpenToRead = Callable[[Path], AbstractAsyncContextManager[Ledger]]
"""Opens the ledger of an output folder for reading; a missing one reads as empty."""


async def refuse_second_ledger(
    output: Path, campaign: Slug, account: Account, *, file: Path, name: Path, open_: OpenToRead
) -> None:
    """Raise `UsageError` if a ledger nearby has bought for a campaign and this one has not.

    `name` is how the output folder was given. The ledgers of other folders are only read.
    """
    async with open_(output) as ledger:
        if (await ledger.spent(account=account, campaign=campaign)).upper:
            return
    async for place, bought in _buyers(
        output, campaign, account, file=file, name=name, open_=open_
    ):
        raise UsageError(
            f"{place} has {bought} of {campaign} on {account},\n"
            f"and {output} knows nothing of them: all would be bought again. Nothing was sent.\n"
            f"Next  pipeline run {shlex.quote(str(file))} --output {shlex.quote(str(place))}\n"
            "or, to begin a second ledger all the same, add --new-ledger"
        )


async def _buyers(
    output: Path, campaign: Slug, account: Account, *, file: Path, name: Path, open_: OpenToRead
) -> AsyncIterator[tuple[Path, str]]:
    for place in outputs_around(output, name=name, places=folders_of_use(file)):
        try:
            async with open_(place) as ledger:
                spent = await ledger.spent(account=account, campaign=campaign)
        except LocalFault:  # damaged, or of another version: nobody can say what it knows
            continue
        if spent.upper:
            yield place, money_of(place, campaign, account).text(spent.upper)
