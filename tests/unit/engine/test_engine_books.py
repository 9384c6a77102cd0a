import asyncio
from pathlib import Path

import apsw
import pytest
from captured import audit

from pipeline.engine.accounts import Purchase, Reserved, Sold, SoldPicture
from pipeline.engine.books import Books
from pipeline.engine.options import Idempotency
from pipeline.engine.refusal import RefusedError
from pipeline.errors import LedgerUnusable, LocalFault


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


async def buy(books: Books, price: int = 6, *, key: str | None = None) -> Sold:
    reserved = await books.reserve(purchase(price, key=key), idempotency=Idempotency.REPLAY)
    assert isinstance(reserved, Reserved)
    return await books.capture(reserved.purchase, [picture(reserved.purchase)])


async def kill(books: Books) -> None:
    """Let go of the file as a killed process does: nothing more is written."""
    await books._writer.close()
    books._reader.close()
    books._connection.close()


async def test_start_is_balance_plus_captured_plus_reserved(tmp_path: Path):
    books = Books(tmp_path / "books.db", start=100)
    await buy(books, 12)
    await books.reserve(purchase(6))
    standing = books.standing()
    assert (standing.balance, standing.captured, standing.reserved) == (82, 12, 6)
    await books.close()


async def test_what_is_released_can_be_spent_again(tmp_path: Path):
    books = Books(tmp_path / "books.db", start=6)
    reserved = await books.reserve(purchase(6))
    await books.release(reserved.purchase)
    assert (await buy(books, 6)).credits == 6
    await books.close()


async def test_releasing_twice_gives_nothing_back_twice(tmp_path: Path):
    books = Books(tmp_path / "books.db", start=100)
    sold = await buy(books, 12)
    await books.release(sold.purchase)
    assert books.standing().balance == 88
    await books.close()


async def test_a_hundred_buyers_at_once_never_overdraw(tmp_path: Path):
    books = Books(tmp_path / "books.db", start=60)
    refused = 0

    async def try_to_buy() -> None:
        nonlocal refused
        try:
            await buy(books, 6)
        except RefusedError:
            refused += 1

    async with asyncio.TaskGroup() as group:
        for _ in range(100):
            group.create_task(try_to_buy())
    assert (books.standing().captured, books.standing().balance, refused) == (60, 0, 90)
    await books.close()


async def test_what_a_killed_server_left_reserved_is_released_at_the_next_start(tmp_path: Path):
    killed = Books(tmp_path / "books.db", start=100)
    await buy(killed, 12)
    await killed.reserve(purchase(6))
    await kill(killed)
    books = Books(tmp_path / "books.db", start=100)
    assert (books.standing().captured, books.standing().reserved) == (12, 0)
    assert books.standing().balance == 88
    await books.close()


async def test_entries_cannot_be_changed_or_deleted(tmp_path: Path):
    books = Books(tmp_path / "books.db", start=100)
    await buy(books)
    await books.close()
    connection = apsw.Connection(str(tmp_path / "books.db"))
    for tampering in ("UPDATE entry SET credits = 0", "DELETE FROM entry"):
        with pytest.raises(apsw.ConstraintError, match="append-only"):
            connection.execute(tampering)
    connection.close()


async def test_more_credits_at_a_later_start_are_added_to_what_is_left(tmp_path: Path):
    first = Books(tmp_path / "books.db", start=10)
    await buy(first, 6)
    await first.close()
    books = Books(tmp_path / "books.db", start=30)
    assert books.standing().balance == 24
    await books.close()


async def test_who_cannot_pay_is_told_what_is_left(tmp_path: Path):
    books = Books(tmp_path / "books.db", start=5)
    with pytest.raises(RefusedError, match="insufficient credits: this costs 6, 5 are left"):
        await books.reserve(purchase(6))
    await books.close()


async def test_unlimited_credits_are_counted_all_the_same(tmp_path: Path):
    books = Books(tmp_path / "books.db", start=None)
    await buy(books, 12)
    assert (books.standing().captured, books.standing().balance) == (12, None)
    await books.close()


async def test_a_key_that_was_paid_for_gives_the_same_sale_after_a_restart(tmp_path: Path):
    first = Books(tmp_path / "books.db", start=100)
    sold = await buy(first, key="k")
    await first.close()
    books = Books(tmp_path / "books.db", start=100)
    again = await books.reserve(purchase(key="k"), idempotency=Idempotency.REPLAY)
    assert isinstance(again, Sold)
    assert (again.pictures, again.replayed) == (sold.pictures, True)
    assert books.standing().captured == 6
    await books.close()


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
    books = Books(tmp_path / "books.db", start=100)
    await buy(books, key="k")
    with pytest.raises(RefusedError, match="Idempotency-Key") as caught:
        await books.reserve(purchase(key="k", fingerprint=fingerprint), idempotency=mode)
    assert caught.value.status == status
    await books.close()


async def test_a_key_whose_first_request_is_in_the_making_is_a_conflict(tmp_path: Path):
    books = Books(tmp_path / "books.db", start=100)
    await books.reserve(purchase(key="k"), idempotency=Idempotency.REPLAY)
    with pytest.raises(RefusedError, match="in the making") as caught:
        await books.reserve(purchase(key="k"), idempotency=Idempotency.REPLAY)
    assert caught.value.status == 409
    await books.close()


async def test_a_key_whose_purchase_was_released_is_free_again(tmp_path: Path):
    books = Books(tmp_path / "books.db", start=100)
    reserved = await books.reserve(purchase(key="k"), idempotency=Idempotency.REPLAY)
    await books.release(reserved.purchase)
    assert not (await buy(books, key="k")).replayed
    await books.close()


async def test_keys_mean_nothing_where_idempotency_is_off(tmp_path: Path):
    books = Books(tmp_path / "books.db", start=100)
    for _ in range(2):
        reserved = await books.reserve(purchase(key="k"))
        await books.capture(reserved.purchase, [picture(reserved.purchase)])
    assert books.standing().captured == 12
    assert [capture.idempotency_key for capture in books.captures()] == ["k", "k"]
    await books.close()


async def test_an_auditor_reads_the_books_from_outside(tmp_path: Path):
    books = Books(tmp_path / "books.db", start=100)
    await buy(books, 12, key="k")
    (capture,) = audit(tmp_path / "books.db")
    assert (capture.prompt, capture.size, capture.credits) == ("a citrus soda", "4:3", 12)
    assert (capture.idempotency_key, len(capture.pictures)) == ("k", 1)
    await books.close()


async def test_newer_books_are_refused_untouched(tmp_path: Path):
    path = tmp_path / "books.db"
    connection = apsw.Connection(str(path))
    connection.pragma("user_version", 99)
    connection.close()
    with pytest.raises(LedgerUnusable, match="version 99"):
        Books(path, start=None)


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path):
    (tmp_path / "books.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(LedgerUnusable):
        Books(tmp_path / "books.db", start=None)


async def test_a_failed_write_charges_nobody_and_the_next_one_counts_right(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    books = Books(tmp_path / "books.db", start=100)
    first = await books.reserve(purchase(6))
    books._connection.execute("PRAGMA query_only = 1")
    with pytest.raises(LocalFault, match="could not be written"):
        await books.capture(first.purchase, [picture(first.purchase)])
    books._connection.execute("PRAGMA query_only = 0")
    await books.capture(first.purchase, [picture(first.purchase)])
    assert (books.standing().captured, books.standing().reserved) == (6, 0)
    (said,) = caplog.records
    assert said.getMessage().startswith("the books could not be written: ")
    assert said.exc_info is None, "a full disk is told in a line, not in a trace"
    await books.close()


async def test_books_that_cannot_be_read_any_more_refuse_instead_of_hanging(tmp_path: Path):
    books = Books(tmp_path / "books.db", start=100)
    books._connection.close()
    for _ in range(2):
        with pytest.raises(LocalFault):
            await books.reserve(purchase())
    with pytest.raises(LocalFault, match="cannot be read"):
        await books.reserve(purchase())
    await books._writer.close()
    books._reader.close()


async def test_closed_books_refuse_instead_of_hanging(tmp_path: Path):
    books = Books(tmp_path / "books.db", start=100)
    await books.close()
    with pytest.raises(LocalFault, match="closed"):
        await books.reserve(purchase())
