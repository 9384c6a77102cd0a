"""Addresses of object stores, and public URLs made of them."""

import pytest

from pipeline.errors import UsageError
from pipeline.images.object_store.address import (
    is_store_url,
    public_url,
    public_url_problem,
    store_address,
)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("s3://ads/a/b/", "s3://ads/a/b"),
        ("S3://ads", "s3://ads"),
        ("gs://my.ads-1/x", "gs://my.ads-1/x"),
        ("az://ads/x y", "az://ads/x y"),
        ("file:///srv/ads", "file:///srv/ads"),
        ("/srv/ads/", "file:///srv/ads"),
    ],
)
def test_an_address_is_written_in_one_way(text, url):
    assert store_address(text).url == url
    assert store_address(text).at("c/a.png") == f"{url}/c/a.png"


@pytest.mark.parametrize(
    "text",
    [
        *("", "ads", "s3://", "s3://A", "s3://ads/..", "s3://ads//x", "s3://ads/*", "https://x.y"),
        *("file://server/x", "s3://ads/a\\b", "s3://ads/a?versionId=1"),
    ],
)
def test_another_address_is_refused(text):
    with pytest.raises(UsageError):
        store_address(text)


def test_credentials_in_an_address_are_refused_and_not_repeated():
    with pytest.raises(UsageError, match="holds no credentials") as raised:
        store_address("s3://AKIA:hunter2@ads/x")
    assert "hunter2" not in str(raised.value)


def test_a_path_in_another_address_is_found():
    above, below = store_address("s3://ads/shop"), store_address("s3://ads/shop/may")
    assert (below.path_in(above), above.path_in(above)) == ("may", "")
    assert above.path_in(below) is None
    assert store_address("s3://ads/shopping").path_in(above) is None


def test_a_path_is_quoted_in_a_public_url():
    url = public_url("https://cdn.example.com/{{ path }}?v=1", "shop/a b/ü+.png")
    assert url == "https://cdn.example.com/shop/a%20b/%C3%BC%2B.png?v=1"
    assert public_url("", "a.png") == ""


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("https://cdn.example.com/{{ path }}", ""),
        ("{{ env.CDN }}/{{path}}", ""),
        ("https://cdn.example.com/", "must contain {{ path }}"),
        ("https://x/{{ path }}/{{ cell }}", "{{ cell }} is not filled in"),
        ("cdn.example.com/{{ path }}", "must begin with https://"),
    ],
)
def test_a_template_of_public_urls_is_checked(template, words):
    found = public_url_problem(template)
    assert words in found
    assert bool(found) is bool(words)


def test_only_addresses_of_stores_are_destinations_of_an_export_to_a_store():
    assert [is_store_url(text) for text in ("s3://a/b", "GS://a", "out/x.zip", "/srv", "C:x")] == [
        *(True, True, False, False, False)
    ]
