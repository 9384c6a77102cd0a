"""Names that this machine cannot write are found before the first credit, not at the first file."""

import pytest

ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
"""A locale in which Python writes file names in ASCII."""
SODA = """\
campaign: soda
matrix: {product: [{id: citrus, town: Köln}, {id: ID, town: Bonn}], size: ['1:1']}
prompt: A product photo of {{ product.id }} on a wet table, soft light, centered framing.
stages:
  draft: {quality: low, takes: 1, review: none}
"""


@pytest.mark.parametrize(
    "text",
    [SODA.replace("ID", "crème"), SODA.replace("ID", "b") + 'output: {path: "{{ product.town }}"}'],
    ids=["an id", "a path that a template writes"],
)
def test_a_name_that_is_no_ascii_is_refused_where_files_have_ascii_names(pipeline, served, text):
    """Every image was paid for, and none could be stored."""
    api = served()
    money = {"GPTIMAGE_BASE_URL": api.url, "GPTIMAGE_API_KEY": api.key}
    file = pipeline.write(text)
    for command in ("run", "plan"):
        ended = pipeline(command, file, "--provider", "gptimage", **ASCII, **money)
        assert ended.code == 2, ended.err
        assert "file names are ascii here" in ended.err
        assert "Next  set PYTHONUTF8=1" in ended.err
    assert not list(pipeline.output.glob("soda/runs/*"))
    ended = pipeline("run", file, "--provider", "gptimage", "--yes", PYTHONUTF8="1", **money)
    assert ended.code == 0, ended.err
    assert pipeline.manifest()["totals"]["credits"]["confirmed"] == 4


def test_what_was_stored_under_such_a_name_is_told_in_any_locale(pipeline):
    file = pipeline.write(SODA.replace("ID", "crème"))
    assert pipeline("run", file, "-q").code == 0
    for words, code in ((("ls", file), 0), (("verify",), 74), (("plan", file), 0)):
        ended = pipeline(*words, **ASCII)
        assert ended.code == code, ended.err
    assert "file names are ascii here" in pipeline("verify", **ASCII).err
