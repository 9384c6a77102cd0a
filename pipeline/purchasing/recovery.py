"""Recovery after a crash: attempts that a dead run left open are settled.

A run that is killed between reserving an attempt and settling it leaves the attempt open in the
ledger. Its credits count as in doubt from the time they were reserved, and its job cannot be
bought until it is settled here. If the reply to it was sealed, the reply says what happened;
otherwise nobody can know, and it becomes a doubt. The caller holds the campaign's lock, so no run
is alive.
"""

import asyncio
from collections.abc import Sequence

from pipeline.errors import (
    NotSent,
    PolicyRefused,
    ProviderError,
    ProviderStopped,
    Rejected,
    ReplyUnknown,
    Throttled,
    UsageError,
)
from pipeline.ledger.base import Ledger
from pipeline.model.coordination import WHOLE, Shard
from pipeline.model.entry import UNANSWERED, Attempt
from pipeline.model.money import Amount
from pipeline.model.names import Slug
from pipeline.model.outcome import Failed, FailureKind, Paid, PaidLost, Stored, is_doubtful
from pipeline.model.run import Run
from pipeline.providers.openai_api.kept_replies import KeptReply
from pipeline.providers.registry import profile_named
from pipeline.purchasing.sealed_replies import SealedReplies, purchase_of, reply_of


async def begin_run(
    ledger: Ledger, run: Run, replies: SealedReplies, *, shard: Shard = WHOLE
) -> bool:
    """Open a run and settle the attempts that dead runs left open; return True if any were.

    If this crashes between the two, the attempts stay open, and the next run settles them.
    """
    dead = await ledger.begin(run, shard=shard)
    await _settle(ledger, dead, replies)
    await forget_settled(ledger, run.campaign, replies)
    return bool(dead)


async def settle_dead_attempts(ledger: Ledger, campaign: Slug, replies: SealedReplies) -> None:
    """Settle the attempts that dead runs of a campaign left open, without opening a run."""
    await _settle(ledger, await ledger.open_attempts(campaign), replies)


async def _settle(ledger: Ledger, dead: Sequence[Attempt], replies: SealedReplies) -> None:
    lost = []
    for attempt in dead:
        kept = await asyncio.to_thread(replies.find, attempt)
        if kept is None:
            lost.append(attempt)
        else:
            await settle_by_reply(ledger, attempt, kept)
    # nobody can know whether these were sent, let alone charged
    if lost:
        await ledger.abandon(lost, reason=UNANSWERED)


async def settle_by_reply(ledger: Ledger, attempt: Attempt, kept: KeptReply) -> None:
    """Record what a sealed reply says of an attempt."""
    try:
        receipt = kept.receipt(profile_named(kept.profile))
    except (Throttled, NotSent, ProviderStopped) as error:
        await ledger.release(
            attempt, reason=str(error), http=error.http, request_id=error.request_id
        )
    except Rejected as error:
        refused = isinstance(error, PolicyRefused)
        kind = FailureKind.REFUSED if refused else FailureKind.REJECTED
        failure = Failed(kind=kind, reason=str(error), in_doubt=Amount(error.in_doubt))
        await ledger.fail(attempt, failure, http=error.http, request_id=error.request_id)
    except (ProviderError, UsageError) as error:
        await _doubt(ledger, attempt, error)
    else:
        await ledger.paid(attempt, receipt)


async def _doubt(ledger: Ledger, attempt: Attempt, error: ProviderError | UsageError) -> None:
    if not isinstance(error, ProviderError):
        await ledger.doubt(attempt, reason=str(error))
        return
    images = error.images if isinstance(error, ReplyUnknown) else 1
    await ledger.doubt(
        attempt,
        reason=str(error),
        http=error.http,
        request_id=error.request_id,
        raw=error.raw,
        at_most=Amount(attempt.price * images),
    )


async def forget_settled(ledger: Ledger, campaign: Slug, replies: SealedReplies) -> None:
    """Remove the sealed replies to purchases that are settled, unless a job waits for its image.

    A reply stays while its purchase is in doubt, or is paid for and lost. Cells that share an image
    have its source too.
    """
    kept = await asyncio.to_thread(replies.kept)
    if not kept:
        return
    entries = await ledger.campaign_entries(campaign)
    settled = {
        one.purchase
        for one in entries
        if isinstance(one.outcome, Stored)
        or not (one.is_open or isinstance(one.outcome, PaidLost) or is_doubtful(one.outcome))
    }
    waiting = {reply_of(one.outcome.url) for one in entries if isinstance(one.outcome, Paid)}
    await replies.forget(
        [source for source in sorted(kept - waiting) if purchase_of(source) in settled]
    )
