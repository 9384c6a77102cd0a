"""What a store answers instead of doing its work, as errors of this program without secrets.

A body of such an answer may repeat the key's id and what was signed, and a URL may hold a
signature, so that only the status, the code and the message of an answer are told.
"""

import os
import re

from pipeline.errors import StoreFault
from pipeline.images.object_store.address import (
    AZURE,
    GOOGLE,
    S3,
    SHARED_FOLDER,
    StoreAddress,
)

_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>([A-Za-z0-9_.]{1,80})</Code>")
_MESSAGE = re.compile(r"<Message>([^<]{1,400})</Message>|\"message\":\s*\"([^\"]{1,400})\"")
_SECRET_NAMES = re.compile(r"KEY|SECRET|TOKEN|PASSW|SIGNATURE|CREDENTIAL", re.IGNORECASE)
_SHORTEST_SECRET = 6
_LONGEST = 300

_BRIEF = frozenset({"408", "429", "500", "502", "503", "504"})
_BRIEF_CODES = frozenset(
    {
        *("SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable", "ServerBusy"),
        *("IncompleteBody", "BadDigest", "XAmzContentSHA256Mismatch", "OperationAborted"),
        *("ConditionalRequestConflict", "Throttling", "TooManyRequests"),
    }
)
_OTHER_REGION = frozenset(
    {
        *("AuthorizationHeaderMalformed", "PermanentRedirect", "TemporaryRedirect"),
        *("IllegalLocationConstraintException", "IncorrectEndpoint"),
    }
)
_REFUSED = frozenset({"401", "403"})

_CREDENTIALS = {
    S3: "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the role of this machine",
    GOOGLE: "GOOGLE_APPLICATION_CREDENTIALS, or the service account of this machine",
    AZURE: "AZURE_STORAGE_ACCOUNT_NAME with AZURE_STORAGE_ACCOUNT_KEY or a SAS token",
}
_REGION = "the bucket is in another region; set AWS_REGION to the bucket's own"
_NO_CREDENTIALS = re.compile(
    r"Missing(AccessKeyId|SecretAccessKey|AccountKey)|Missing (AccessKeyId|SecretAccessKey)"
    r"|metadata|169\.254\.|ADC|CredentialProvider|Account must be specified",
)


def store_fault(address: StoreAddress, path: str, error: BaseException) -> StoreFault:
    """Return the error that stands for what a store answered about an object."""
    text = str(error)
    if address.scheme == SHARED_FOLDER:
        cause = text.partition("\n")[0].removeprefix("Generic LocalFileSystem error: ")
        return StoreFault(f"{address.at(path)}: {cause[:_LONGEST]}")
    status, code = _found(_STATUS, text), _found(_CODE, text)
    fault = StoreFault(f"{address.at(path)}: {_words(address, text, status=status, code=code)}")
    unreached = not (status or code or _has_remedy(text))
    fault.passes = not _is_elsewhere(text, status, code) and (
        unreached or code in _BRIEF_CODES or status in _BRIEF
    )
    return fault


def _is_elsewhere(text: str, status: str, code: str) -> bool:
    return code in _OTHER_REGION or status in {"301", "307"} or "redirect" in text.lower()


def _words(address: StoreAddress, text: str, *, status: str, code: str) -> str:
    if _is_elsewhere(text, status, code):
        return _told(_REGION, status, code)
    if code == "NoSuchBucket":
        return _told(f"there is no bucket {address.bucket}", status, code)
    said = _MESSAGE.search(text)
    message = without_secrets(next(filter(None, said.groups()))) if said else ""
    if status in _REFUSED:
        words = f"the store refused {_credentials(address)}; allow it to read and write below "
        return _told(words + address.url, status, code, message)
    if status or code:
        return _told("the store answered", status, code, message)
    if _has_remedy(text):
        return f"no credentials were found; set {_credentials(address)}"
    first = without_secrets(text.partition("\n")[0])
    cause = re.sub(r"^Generic \w+ error: ", "", first)
    cause = re.sub(r"Error performing (\w+) \S+ in ([\d.]+\w+) - ", r"\1: ", cause)
    return f"the store cannot be reached: {cause[:_LONGEST]}"


def _credentials(address: StoreAddress) -> str:
    return _CREDENTIALS.get(address.scheme, "this user")


def _has_remedy(text: str) -> bool:
    return _NO_CREDENTIALS.search(text) is not None


def _told(words: str, status: str, code: str, message: str = "") -> str:
    answered = " ".join(part for part in (f"HTTP {status}" if status else "", code) if part)
    said = f"{answered}: {message}" if message else answered
    return f"{words} ({said[:_LONGEST]})" if said else words


def _found(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[1] if found else ""


def without_secrets(text: str) -> str:
    """Return a text without the values of variables that hold keys or tokens."""
    for name, value in os.environ.items():
        if len(value) >= _SHORTEST_SECRET and _SECRET_NAMES.search(name):
            text = text.replace(value, "…")
    return text
