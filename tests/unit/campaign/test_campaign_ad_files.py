"""The key `adfiles`: names, formats and fit, checked before anything is rendered."""

import pytest
from campaign_texts import HEAD

from pipeline.campaign.matrix.ad_files import LONGEST, ad_file_name
from pipeline.model.adfiles.placement import Fit, FitSettings

VALUES = {
    "campaign": "soda", "cell": "citrus/instagram-story", "placement": "instagram-story",
    "width": "1080", "height": "1920", "locale": "de-DE",
}  # fmt: skip
SIZES = HEAD.replace("['1:1']", "[1:1, leaderboard, {id: hero, px: 900x300, format: webp}]")


def test_a_name_is_ascii_and_has_no_blanks():
    pattern = "{{ campaign }}_{{ cell }}_{{placement}}_{{ width }}x{{ height }}"
    assert ad_file_name(pattern, VALUES) == (
        "soda_citrus-instagram-story_instagram-story_1080x1920"
    )
    assert ad_file_name("Größe Café {{ locale.id }}", VALUES) == "Grosse-Cafe-de-DE"
    assert ad_file_name("../{{ width }}\\x", VALUES) == "1080-x"
    assert ad_file_name("سال", VALUES) == "633627644"
    assert ad_file_name("…", VALUES) == "ad"


def test_a_long_name_is_cut_and_stays_unlike_others():
    first, second = (ad_file_name("x" * 300 + end, VALUES) for end in ("a", "b"))
    assert len(first) == len(second) == LONGEST
    assert first != second


@pytest.mark.parametrize(
    ("adfiles", "complaint"),
    [
        ('{name: "{{ product.name }}"}',
         ("c.yaml:6:17: adfiles.name: {{ product.name }} cannot be filled in; a name may have "
         "{{ x }} of: campaign, cell, placement, width, height, product or size")),
        ('{name: "{% if a %}"}',
         ("c.yaml:6:17: adfiles.name: {% cannot be filled in; a name may have {{ x }} of: "
         "campaign, cell, placement, width, height, product or size")),
        ("{formats: {leaderbord: [jpg]}}",
         ("c.yaml:6:21: adfiles.formats.leaderbord: there is no size leaderbord "
         "(did you mean leaderboard?)")),
        ("{formats: {leaderboard: [avif]}}",
         "c.yaml:6:34: adfiles.formats.leaderboard: leaderboard takes jpg and png, not avif"),
        ("{formats: {hero: [jpg]}}",
         "c.yaml:6:27: adfiles.formats.hero: hero takes webp, not jpg"),
        ("{formats: {default: []}}", "c.yaml:6:30: adfiles.formats.default: must not be empty"),
        ("{fit: stretch}",
         "c.yaml:6:16: adfiles.fit: must be auto, crop, extend or pad, not stretch"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(board, adfiles, complaint):
    board.write(f"{SIZES}prompt: a photo\nadfiles: {adfiles}\n")
    assert complaint in board.refused()


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("renditions: [{format: jpg}]",
         ("unknown key renditions; ad files replace it: adfiles: {formats: {default: [jpg]}}, and "
         "max_kb of a size")),
        ("provenance: {iptc: true}",
         "unknown key iptc; every ad file says in its metadata how it was made"),
    ],
)  # fmt: skip
def test_a_key_of_earlier_versions_is_told_what_to_write_now(board, key, hint):
    (told,) = board.write(f"{HEAD}prompt: a photo\n{key}\n").refused()
    assert told.endswith(hint)


def test_an_override_changes_the_fit_of_some_cells(board):
    board.write(
        f"{SIZES}prompt: a photo\nadfiles: {{fit: extend, background: '#ffffff'}}\n"
        "overrides:\n"
        "  - match: {size: leaderboard}\n"
        "    set: {adfiles: {fit: crop, focus: [0.5, 0.3], keep: [[0.1, 0.2, 0.3, 0.4]]}}\n"
        "  - match: {size: leaderboard}\n"
        "    set: {adfiles: {focus: [1, 0]}}\n"
    )
    loaded = board.load()
    assert loaded.variants[loaded.variants.number(())].fit == FitSettings(
        fit=Fit.EXTEND, background="#ffffff"
    )
    changed = loaded.variants[loaded.variants.number((0, 1))].fit
    assert changed == FitSettings(
        fit=Fit.CROP, focus=(1.0, 0.0), keep=((0.1, 0.2, 0.3, 0.4),), background="#ffffff"
    )


@pytest.mark.parametrize("focus", ["[0.5]", "[0.5, 1.5]", "[0.5, -0.1]", "[a, b]"])
def test_a_point_outside_the_picture_is_refused(board, focus):
    board.write(
        f"{HEAD}prompt: a photo\noverrides:\n"
        f"  - {{match: {{size: 1:1}}, set: {{adfiles: {{focus: {focus}}}}}}}\n"
    )
    assert board.refused()


def test_job_keys_do_not_change_with_ad_files(board):
    """A changed key would buy every image anew, for a file that is derived from the same one."""
    before = [job.key for job in board.write(f"{SIZES}prompt: a photo\n").jobs()]
    board.write(
        f"{SIZES}prompt: a photo\nadfiles: {{fit: pad}}\nprovenance: {{credit: x}}\noverrides:\n"
        "  - {match: {size: 1:1}, set: {adfiles: {fit: crop}}}\n"
    )
    assert [job.key for job in board.jobs()] == before
