"""Reading text with the extra `ads`, if it is installed: without a network."""

import socket

import pytest
from PIL import Image, ImageDraw, ImageFont

from pipeline.inspection import readers
from pipeline.inspection.readers import open_text_reader
from pipeline.lettering.box import Box


@pytest.fixture
def without_network(monkeypatch):
    def refused(*_arguments, **_more):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)


@pytest.mark.filterwarnings("ignore")
def test_text_is_found_and_read_without_a_network(without_network):
    pytest.importorskip("rapidocr")
    open_text_reader.cache_clear()
    image = Image.new("RGB", (1600, 900), "#e8d8c0")
    draw = ImageDraw.Draw(image)
    draw.text((200, 150), "SUMMER CRUSH", fill="#203040", font=ImageFont.load_default(120))
    draw.text((220, 600), "only $2.49", fill="#203040", font=ImageFont.load_default(60))
    lines = open_text_reader().read(image)
    words = " ".join(line.text for line in sorted(lines, key=lambda line: line.box.y))
    assert "SUMMER" in words
    assert "$2.49" in words
    assert all(Box(150, 100, 1200, 650).holds(line.box) for line in lines)
    assert open_text_reader() is open_text_reader()


def test_without_the_packages_there_is_no_reader(monkeypatch):
    monkeypatch.setattr(readers, "is_installed", lambda *_: False)
    open_text_reader.cache_clear()
    assert open_text_reader() is None
    open_text_reader.cache_clear()


def test_a_package_that_cannot_be_imported_counts_as_missing(monkeypatch):
    monkeypatch.setattr(readers, "is_installed", lambda *_: True)
    monkeypatch.setattr(readers, "READER", ("pipeline.inspection.no_such_reader", "Reader"))
    open_text_reader.cache_clear()
    assert open_text_reader() is None
    open_text_reader.cache_clear()
