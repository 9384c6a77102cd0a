import asyncio
from pathlib import Path

import apsw
import pytest
from captured import audit

from pipeline.errors import LedgerUnusable, LocalFault
from pipeline.imageserver.api.refusal import RefusedError
from pipeline.imageserver.billing.credit_account import CreditAccount
from pipeline.imageserver.billing.purchases import Purchase, Reserved, Sold, SoldPicture
from pipeline.imageserver.options import Idempotency


def purchase(price: int = 6, *, key: str | None = None, fingerprint: bytes = b"same") -> Purchase:
    return Purchase(
        route="generate",
        caller="server",
        prompt="a citrus soda",
        size="4:3",
        quality="medium",
        background="opaque",
        n=1,
        credits=price,
        idempotency_key=key,
        fingerprint=fingerprint,
    )


def picture(number: int) -> SoldPicture:
    return SoldPicture(
        purchase=number,
        index=0,
        sha256="ab" * 32,
        size=4,
        width=8,
        height=8,
        renderer="none",
        expires=2_000_000_000,
    )


async def buy(credit_account: CreditAccount, price: int = 6, *, key: str | None = None) -> Sold:
    reserved = await credit_account.reserve(
        purchase(price, key=key), idempotency=Idempotency.REPLAY
    )
    assert isinstance(reserved, Reserved)
    return await credit_account.capture(reserved.purchase, [picture(reserved.purchase)])


async def kill(credit_account: CreditAccount) -> None:
    """Let go of the file as a killed process does: nothing more is written."""
    await credit_account._writer.close()
    credit_account._reader.close()
    credit_account._connection.close()


async def test_start_is_balance_plus_captured_plus_reserved(tmp_path: Path):
    credit_account = CreditAccount(tmp_path / "books.db", start=100)
    await buy(credit_account, 12)
    await credit_account.reserve(purchase(6))
    standing = credit_account.totals()
    assert (standing.remaining, standing.charged, standing.reserved) == (82, 12, 6)
    await credit_account.close()


async def test_what_is_released_can_be_spent_again(tmp_path: Path):
    credit_account = CreditAccount(tmp_path / "books.db", start=6)
    reserved = await credit_account.reserve(purchase(6))
    await credit_account.release(reserved.purchase)
    assert (await buy(credit_account, 6)).credits == 6
    await credit_account.close()


async def test_releasing_twice_gives_nothing_back_twice(tmp_path: Path):
    credit_account = CreditAccount(tmp_path / "books.db", start=100)
    sold = await buy(credit_account, 12)
    await credit_account.release(sold.purchase)
    assert credit_account.totals().remaining == 88
    await credit_account.close()


async def test_a_hundred_buyers_at_once_never_overdraw(tmp_path: Path):
    credit_account = CreditAccount(tmp_path / "books.db", start=60)
    refused = 0

    async def try_to_buy() -> None:
        nonlocal refused
        try:
            await buy(credit_account, 6)
        except RefusedError:
            refused += 1

    async with asyncio.TaskGroup() as group:
        for _ in range(100):
            group.create_task(try_to_buy())
    assert (credit_account.totals().charged, credit_account.totals().remaining, refused) == (
        60,
        0,
        90,
    )
    await credit_account.close()


async def test_what_a_killed_server_left_reserved_is_released_at_the_next_start(tmp_path: Path):
    killed = CreditAccount(tmp_path / "books.db", start=100)
    await buy(killed, 12)
    await killed.reserve(purchase(6))
    await kill(killed)
    credit_account = CreditAccount(tmp_path / "books.db", start=100)
    assert (credit_account.totals().charged, credit_account.totals().reserved) == (12, 0)
    assert credit_account.totals().remaining == 88
    await credit_account.close()


async def test_entries_cannot_be_changed_or_deleted(tmp_path: Path):
    credit_account = CreditAccount(tmp_path / "books.db", start=100)
    await buy(credit_account)
    await credit_account.close()
    connection = apsw.Connection(str(tmp_path / "books.db"))
    for tampering in ("UPDATE entry SET credits = 0", "DELETE FROM entry"):
        with pytest.raises(apsw.ConstraintError, match="append-only"):
            connection.execute(tampering)
    connection.close()


async def test_more_credits_at_a_later_start_are_added_to_what_is_left(tmp_path: Path):
    first = CreditAccount(tmp_path / "books.db", start=10)
    await buy(first, 6)
    await first.close()
    credit_account = CreditAccount(tmp_path / "books.db", start=30)
    assert credit_account.totals().remaining == 24
    await credit_account.close()


async def test_who_cannot_pay_is_told_what_is_left(tmp_path: Path):
    credit_account = CreditAccount(tmp_path / "books.db", start=5)
    with pytest.raises(RefusedError, match="insufficient credits: this costs 6, 5 are left"):
        await credit_account.reserve(purchase(6))
    await credit_account.close()


async def test_unlimited_credits_are_counted_all_the_same(tmp_path: Path):
    credit_account = CreditAccount(tmp_path / "books.db", start=None)
    await buy(credit_account, 12)
    assert (credit_account.totals().charged, credit_account.totals().remaining) == (12, None)
    await credit_account.close()


async def test_a_key_that_was_paid_for_gives_the_same_sale_after_a_restart(tmp_path: Path):
    first = CreditAccount(tmp_path / "books.db", start=100)
    sold = await buy(first, key="k")
    await first.close()
    credit_account = CreditAccount(tmp_path / "books.db", start=100)
    again = await credit_account.reserve(purchase(key="k"), idempotency=Idempotency.REPLAY)
    assert isinstance(again, Sold)
    assert (again.pictures, again.replayed) == (sold.pictures, True)
    assert credit_account.totals().charged == 6
    await credit_account.close()


@pytest.mark.parametrize(
    ("mode", "fingerprint", "status"),
    [
        (Idempotency.REPLAY, b"another", 422),
        (Idempotency.REJECT, b"same", 409),
    ],
)
async def test_a_used_key_is_refused(
    tmp_path: Path, mode: Idempotency, fingerprint: bytes, status: int
):
    credit_account = CreditAccount(tmp_path / "books.db", start=100)
    await buy(credit_account, key="k")
    with pytest.raises(RefusedError, match="Idempotency-Key") as caught:
        await credit_account.reserve(purchase(key="k", fingerprint=fingerprint), idempotency=mode)
    assert caught.value.status == status
    await credit_account.close()


async def test_a_key_whose_first_request_is_in_the_making_is_a_conflict(tmp_path: Path):
    credit_account = CreditAccount(tmp_path / "books.db", start=100)
    await credit_account.reserve(purchase(key="k"), idempotency=Idempotency.REPLAY)
    with pytest.raises(RefusedError, match="still being processed") as caught:
        await credit_account.reserve(purchase(key="k"), idempotency=Idempotency.REPLAY)
    assert caught.value.status == 409
    await credit_account.close()


async def test_a_key_whose_purchase_was_released_is_free_again(tmp_path: Path):
    credit_account = CreditAccount(tmp_path / "books.db", start=100)
    reserved = await credit_account.reserve(purchase(key="k"), idempotency=Idempotency.REPLAY)
    await credit_account.release(reserved.purchase)
    assert not (await buy(credit_account, key="k")).replayed
    await credit_account.close()


async def test_keys_mean_nothing_where_idempotency_is_off(tmp_path: Path):
    credit_account = CreditAccount(tmp_path / "books.db", start=100)
    for _ in range(2):
        reserved = await credit_account.reserve(purchase(key="k"))
        await credit_account.capture(reserved.purchase, [picture(reserved.purchase)])
    assert credit_account.totals().charged == 12
    assert [capture.idempotency_key for capture in credit_account.charges()] == ["k", "k"]
    await credit_account.close()


async def test_an_auditor_reads_the_books_from_outside(tmp_path: Path):
    credit_account = CreditAccount(tmp_path / "books.db", start=100)
    await buy(credit_account, 12, key="k")
    (capture,) = audit(tmp_path / "books.db")
    assert (capture.prompt, capture.size, capture.credits) == ("a citrus soda", "4:3", 12)
    assert (capture.idempotency_key, len(capture.pictures)) == ("k", 1)
    await credit_account.close()


async def test_newer_books_are_refused_untouched(tmp_path: Path):
    path = tmp_path / "books.db"
    connection = apsw.Connection(str(path))
    connection.pragma("user_version", 99)
    connection.close()
    with pytest.raises(LedgerUnusable, match="version 99"):
        CreditAccount(path, start=None)


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path):
    (tmp_path / "books.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(LedgerUnusable):
        CreditAccount(tmp_path / "books.db", start=None)


async def test_a_failed_write_charges_nobody_and_the_next_one_counts_right(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    credit_account = CreditAccount(tmp_path / "books.db", start=100)
    first = await credit_account.reserve(purchase(6))
    credit_account._connection.execute("PRAGMA query_only = 1")
    with pytest.raises(LocalFault, match="could not be written"):
        await credit_account.capture(first.purchase, [picture(first.purchase)])
    credit_account._connection.execute("PRAGMA query_only = 0")
    await credit_account.capture(first.purchase, [picture(first.purchase)])
    assert (credit_account.totals().charged, credit_account.totals().reserved) == (6, 0)
    (said,) = caplog.records
    assert said.getMessage().startswith("the credit account could not be written: ")
    assert said.exc_info is None, "a full disk is told in a line, not in a trace"
    await credit_account.close()


async def test_books_that_cannot_be_read_any_more_refuse_instead_of_hanging(tmp_path: Path):
    credit_account = CreditAccount(tmp_path / "books.db", start=100)
    credit_account._connection.close()
    for _ in range(2):
        with pytest.raises(LocalFault):
            await credit_account.reserve(purchase())
    with pytest.raises(LocalFault, match="cannot be read"):
        await credit_account.reserve(purchase())
    await credit_account._writer.close()
    credit_account._reader.close()


async def test_closed_books_refuse_instead_of_hanging(tmp_path: Path):
    credit_account = CreditAccount(tmp_path / "books.db", start=100)
    await credit_account.close()
    with pytest.raises(LocalFault, match="closed"):
        await credit_account.reserve(purchase())


async def test_an_account_of_version_1_is_opened_with_its_purchases(tmp_path: Path):
    """Accounts made before requests had ids and models keep their charges."""
    path = tmp_path / "books.db"
    first = CreditAccount(path, start=100)
    await buy(first, 12)
    await first.close()
    connection = apsw.Connection(str(path))
    connection.execute("ALTER TABLE purchase DROP COLUMN model")
    connection.execute("ALTER TABLE purchase DROP COLUMN request_id")
    connection.pragma("user_version", 1)
    connection.close()
    again = CreditAccount(path, start=100)
    await buy(again, 6)
    assert [charge.credits for charge in again.charges()] == [12, 6]
    assert again.charges()[0].request_id == ""
    await again.close()
