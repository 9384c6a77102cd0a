"""What an answer says about a charge, in its texts, fields and headers.

A refusal counts as free, unless anything in it indicates a charge; then it is in doubt. The
patterns are wide on purpose: a doubt that a person settles costs less than credits that are not
counted. A denial ("nothing was charged") is accepted only in English; in another language it is a
doubt.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite

_DEEPEST = 32
_MOST_VALUES = 2000
_MOST_TEXT = 16_384
_MOST_CREDITS = 10_000
"""Largest charge for one image; a larger number is a counter or an id."""

_CREDIT = (
    r"(?:[ck]r[eéèê]+d[iíîy]*t\w*|points?\b|punkte?\b|puntos?\b|pontos?\b|кредит\w*|балл\w*"
    r"|积分|積分|点数|點數|额度|額度|ポイント|クレジット|포인트|크레딧|크레디트|نقاط|نقطة|رصيد|קרדיט\w*"
    r"|เครดิต|क्रेडिट|tín dụng|điểm)"
)
_AMOUNT = r"(?<![\d.,])(\d{1,7})(?:[.,]\d+)?"
_AMOUNT_OF_CREDITS = re.compile(
    rf"{_AMOUNT}\s*(?:个|個|x\s)?\s*{_CREDIT}|{_CREDIT}\D{{0,3}}{_AMOUNT}"
)
_FOREIGN_AMOUNT = re.compile(
    rf"{_AMOUNT}\s*(?:个|個)?\s*(?!credits?\b|points?\b){_CREDIT}", re.IGNORECASE
)

_TAKEN = r"(?:charged|billed|invoiced|deducted|debited|subtracted)"
_DENIED = re.compile(
    rf"(?:\bnot|\bnever|n['’]t)(?: (?:been|be|being|yet))* {_TAKEN}\b(?! twice| again| more| extra)"
    r"|\b(?:nothing|no (?:credits?|money|fees?|amount|points?)|zero credits?|0(?:\.0+)? credits?)"
    rf"(?: (?:was|were|is|are|has been|have been|will be|had been|being))* {_TAKEN}\b"
    rf"|\b{_TAKEN}[ :=]+(?:0(?:\.0+)?(?![\d.,])|nothing|no (?:credits?|money|points?))\b"
    r"|\b(?:without (?:a |any |being )?|free of |no )charged?s?\b"
)
_HYPOTHETICAL = re.compile(
    rf"\b(?:would|could|might|may|can|to) (?:have )?(?:be(?:en)?|get) {_TAKEN}\b"
)

# What can only be said of a charge.
_CHARGED = re.compile(
    rf"\b{_TAKEN}\b|(?<!\bin )\bcharges? (?:of|for|was|were|has|have|is|are|appl(?:y|ies))\b"
    r"|berechnet|abgebucht|abgezogen|belastet|verrechnet|in rechnung|eingezogen"
    r"|débit[ée]|factur[ée]|prélev[ée]|décompt|déduit"
    r"|\bcobr(?:ad|aron|amos|ó|ou)|\bdescont(?:ad|aron|ó|ou)|\bdebitad|\bdeducid|\bdeduzid|\bfaturad"
    r"|addebitat|scalat[aoi]\b|detratt|fatturat|in rekening|afgeschreven|afgetrokken|gefactureerd"
    r"|\bpobran|\bnaliczon|\bodjęt|\bobciążon|\bpotrącon|\bodečten|\bnaúčtován|\bstržen|\bstrhnut"
    r"|списан|снят[оы]|удержан|вычтен|знят|стягнут"
    r"|tahsil|düşüldü|kesildi|ücretlendir|debiterad|debiteret|dragits|trukket|opkrævet|fakturer"
    r"|veloite|vähennet|levon(?:t|á)|felszámít|terhel|percepu|\bdedus[eă]?\b|\btaxat"
    r"|dipotong|ditagih|dikenakan|dikurangi|dibebankan|đã trừ|bị trừ|tính phí|khấu trừ|thu phí"
    r"|扣除|扣费|扣費|扣款|扣减|扣減|扣了|已扣|被扣|收费|收費|已计费|已計費"
    r"|課金|請求され|引き落と|差し引|控除|차감|청구|과금"
    r"|خصم|תחוי|חויב|נוכו|کسر|काट|शुल्क|หัก|เรียกเก็บ|χρεώ|χρεω|αφαιρέθηκ"
)
# What may also be said of a used-up balance or of a limit.
_USED = re.compile(
    rf"\b(?:consumed|spent)\b|{_CREDIT} used\b(?! up)|\b(?:used|took|taken|cost|cost you) {_AMOUNT}"
    rf" ?{_CREDIT}|\bcount(?:s|ed) (?:against|towards?)\b|verbraucht|consomm|consumid|consumad"
    r"|consumat|gastad|verbruikt|zużyt|израсходован|потрачен|harcan|terpakai|消耗|消费|消費|花费"
    r"|花費|使用了|소모|사용되",
)

_WRITTEN_AMOUNT = re.compile(r"\W{0,3}(\d+(?:[.,]\d+)?)\W{0,3}[^\W\d]{0,12}\W{0,2}")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_FIELD_WORDS = re.compile(r"[a-z]+")
_CHARGE_FIELDS = frozenset(
    {"charge", "charged", "charges", "billed", "billing", "deducted", "deduction", "debited"}
    | {"debit", "invoiced", "fee", "fees"}
)
_USE_FIELDS = frozenset(
    {"used", "usage", "cost", "costs", "consumed", "consumption", "spent", "spend", "price", "paid"}
)
_CREDIT_FIELDS = frozenset({"credit", "credits", "points"})
_NO_AMOUNT = frozenset(
    {"at", "time", "date", "id", "url", "limit", "max", "min", "remaining", "left", "balance"}
    | {"required", "needed", "available", "reset", "period", "cycle", "rate", "ratelimit"}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ChargeSaid:
    """A charge that an answer indicates."""

    words: str = ""
    """The place or the text that indicates it; empty if nothing does."""
    credits: int = 0
    """The most credits that it names; 0 if it names none."""

    def __bool__(self) -> bool:
        return bool(self.words)


NOTHING = ChargeSaid()


def charge_in(
    document: object,
    *,
    text: str,
    headers: Mapping[str, str],
    known: bool,
    about_limits: bool,
) -> ChargeSaid:
    """Return what a refusal says about a charge.

    `text` is the body if it is not JSON. Set `known` if the meaning of its message is known, so
    that an English price in it ("low costs 2 credits") is no charge. Set `about_limits` if it
    reports missing credits or asks to wait, so that credits used or needed in it are a balance or a
    limit.
    """
    fields = [("", text), *_values(document), *headers.items()]
    said = [
        _said(name, value, known=known, about_limits=about_limits)
        for name, value in fields[:_MOST_VALUES]
    ]
    told = [one for one in said if one]
    if not told:
        return NOTHING
    return ChargeSaid(words=told[0].words, credits=max(one.credits for one in told))


def _said(name: str, value: object, *, known: bool, about_limits: bool) -> ChargeSaid:
    """Return what one field says about a charge, by its name or its text."""
    if _counts_a_charge(name, about_limits=about_limits):
        amount = _number(value)
        if amount:
            in_credits = bool(_CREDIT_FIELDS & _words_of(name)) and 1 <= amount <= _MOST_CREDITS
            credits_ = round(amount + 0.49) if in_credits else 0
            return ChargeSaid(words=f"{name.rpartition('.')[2]}: {value}", credits=credits_)
    if isinstance(value, str):
        return _in_words(value[:_MOST_TEXT], known=known, about_limits=about_limits)
    return NOTHING


def _in_words(text: str, *, known: bool, about_limits: bool) -> ChargeSaid:
    plain = re.sub(r"[\s_-]+", " ", text).casefold()
    plain = _DENIED.sub(" · ", plain)
    if about_limits:
        plain = _HYPOTHETICAL.sub(" · ", plain)
    found = _CHARGED.search(plain)
    if found is None and not about_limits:
        found = _USED.search(plain) or _FOREIGN_AMOUNT.search(plain)
        if found is None and not known:
            found = _AMOUNT_OF_CREDITS.search(plain)
    if found is None:
        return NOTHING
    amounts = [
        int(number)
        for match in _AMOUNT_OF_CREDITS.finditer(plain)
        for number in match.groups()
        if number
    ]
    sane = [amount for amount in amounts if amount <= _MOST_CREDITS]
    return ChargeSaid(words=found.group().strip(), credits=max(sane, default=0))


def _counts_a_charge(name: str, *, about_limits: bool) -> bool:
    """Return whether a field with this dotted name contains a charge."""
    words = _words_of(name)
    last = _words_of(name.rpartition(".")[2])
    if not words or last & _NO_AMOUNT:
        return False
    if words & _CHARGE_FIELDS:
        return True
    if about_limits:
        return bool(words & {"used", "consumed", "spent"}) and bool(words & _CREDIT_FIELDS)
    return bool(words & _USE_FIELDS) or bool(last & _CREDIT_FIELDS)


def _words_of(name: str) -> frozenset[str]:
    return frozenset(_FIELD_WORDS.findall(_CAMEL.sub(" ", name).lower()))


def _number(value: object) -> float:
    """Return the amount in a field; 0 if there is none, and for `false` and texts."""
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, int | float):
        try:
            number = float(value)
        except OverflowError:
            return 0.0
        return number if isfinite(number) and number > 0 else 0.0
    if isinstance(value, str):
        found = _WRITTEN_AMOUNT.fullmatch(value[:64])
        return float(found[1].replace(",", ".")) if found else float(value == "true")
    return 0.0


def _values(document: object) -> Iterator[tuple[str, object]]:
    """Yield every value of a JSON document with its dotted name."""
    waiting: list[tuple[str, object, int]] = [("", document, 0)]
    while waiting:
        name, value, depth = waiting.pop()
        if depth > _DEEPEST:
            continue
        if isinstance(value, dict):
            waiting += [(f"{name}.{key}", inner, depth + 1) for key, inner in value.items()]
        elif isinstance(value, list):
            waiting += [(name, inner, depth + 1) for inner in value]
        else:
            yield name, value
