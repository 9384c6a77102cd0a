"""Opening a provider by name."""

import pytest

from pipeline.errors import KeyMissing, UsageError
from pipeline.model.names import Account
from pipeline.providers.names import COMPATIBLE, EMBEDDED, GPTIMAGE, OPENAI
from pipeline.providers.registry import account_at, open_provider, profile_named, profiles
from pipeline.settings import ProviderSettings


def test_the_profiles_that_ship_are_listed_by_name():
    assert set(profiles()) == {GPTIMAGE, OPENAI, COMPATIBLE, EMBEDDED}


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(UsageError, match=r"dalle.*compatible, embedded, gptimage, openai"):
        profile_named("dalle")


@pytest.mark.parametrize("name", [GPTIMAGE, EMBEDDED])
def test_every_profile_can_be_opened(name):
    provider = open_provider(name, settings=ProviderSettings(key="k"))
    assert (provider.profile.name, provider.account) == (
        name,
        f"{name}@https://api.gptimageapi.dev",
    )


def test_an_account_can_be_named_where_the_port_passes():
    settings = ProviderSettings(base_url="http://127.0.0.1:40123", key="k")
    provider = open_provider("embedded", settings=settings, account=Account("embedded"))
    assert provider.account == "embedded"


def test_an_account_is_the_same_however_its_url_is_written():
    assert account_at(GPTIMAGE, "https://User:pw@API.example.com/v2/") == account_at(
        GPTIMAGE, "https://api.example.com/v2"
    )


def test_without_a_key_nothing_is_opened():
    with pytest.raises(KeyMissing, match="GPTIMAGE_API_KEY"):
        open_provider("gptimage", settings=ProviderSettings())


@pytest.mark.parametrize("key", ["sk 1", "sk\n1", "schlüssel", "sk\x7f"])
def test_a_key_that_no_header_can_carry_is_refused_and_not_repeated(key):
    with pytest.raises(UsageError) as refusal:
        open_provider("gptimage", settings=ProviderSettings(key=key))
    assert key not in str(refusal.value)


def test_a_base_url_without_a_scheme_is_shown_with_the_variable_to_set():
    """The message named neither the URL, nor the variable, nor the provider."""
    settings = ProviderSettings(prefix="OPENAI", base_url="127.0.0.1:8787/v1", key="k")
    with pytest.raises(UsageError) as refusal:
        open_provider(OPENAI, settings=settings)
    assert str(refusal.value) == (
        "the base URL 127.0.0.1:8787/v1 of provider openai must look like https://host/v1, without "
        "a password; nothing was sent.\nSet OPENAI_BASE_URL"
    )


def test_a_password_in_a_base_url_is_not_repeated():
    settings = ProviderSettings(base_url="https://ana:secret@host", key="k")
    with pytest.raises(UsageError) as refusal:
        open_provider(GPTIMAGE, settings=settings)
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("url", ["", "api.example.com", "ftp://x", "https://", "https://u:p@x.com"])
def test_a_base_url_that_cannot_work_is_refused(url):
    with pytest.raises(UsageError, match="base URL"):
        open_provider("gptimage", settings=ProviderSettings(base_url=url, key="k"))


@pytest.mark.parametrize(
    ("base_url", "key", "words"),
    [
        ("https://api.openai.com", "sk-proj-1", r"no version.*\n.*OPENAI_BASE_URL=.*/v1$"),
        ("https://api.openai.com/v1", "sk-ant-api03-1", "one of Anthropic"),
        ("https://api.openai.com/v1", "sk-or-v1-1", "one of OpenRouter"),
        ("https://api.openai.com/v1", "sk-admin-1", "administrator"),
        ("https://api.openai.com/v1", "gpti-0123", "another service"),
    ],
)
def test_a_wrong_url_or_key_for_openai_is_told_before_anything_is_sent(base_url, key, words):
    settings = ProviderSettings(prefix="OPENAI", base_url=base_url, key=key)
    with pytest.raises(UsageError, match=words) as refused:
        open_provider("openai", settings=settings)
    assert "nothing was sent" in str(refused.value)
    assert key not in str(refused.value)


def test_a_key_of_openai_does_not_go_to_another_service():
    with pytest.raises(UsageError, match="OPENAI_API_KEY instead"):
        open_provider("gptimage", settings=ProviderSettings(key="sk-proj-0123"))


def test_without_its_key_openai_names_its_own_variable():
    settings = ProviderSettings(prefix="OPENAI", base_url="https://api.openai.com/v1")
    with pytest.raises(KeyMissing, match="OPENAI_API_KEY"):
        open_provider("openai", settings=settings)


def test_a_gateway_may_have_keys_of_its_own():
    settings = ProviderSettings(prefix="OPENAI", base_url="https://gw.test/v1", key="team-7")
    assert open_provider("openai", settings=settings).account == "openai@https://gw.test/v1"
