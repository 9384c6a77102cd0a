"""The campaign file's keys: every mistake at once, each where it stands."""

import pytest
from campaign_texts import HEAD

from pipeline.model.adfiles.ad_file import VisibleLabel
from pipeline.model.campaign import ContentCredentials, Provenance

MATRIX = "matrix: {product: [a, b], size: ['1:1']}\n"


def test_the_smallest_campaign_that_the_design_shows_works_as_it_is(board):
    board.write(
        "campaign: citrus-soda\n"
        "matrix:\n"
        "  product:\n"
        "    - {id: citrus, name: Citrus Soda, look: a glass bottle,  headline: SUMMER CRUSH}\n"
        "    - {id: berry,  name: Berry Soda,  look: a slim pink can, headline: BERRY RUSH}\n"
        "  size: [1:1, 4:3, 9:21]\n"
        "prompt: |\n"
        "  A photorealistic product photo of {{ product.look }} of {{ product.name }} on a table,\n"
        '  soft reflections, premium lighting, with the headline "{{ product.headline }}".\n'
    )
    assert board.prompts()["berry/9x21"] == (
        "A photorealistic product photo of a slim pink can of Berry Soda on a table,\n"
        'soft reflections, premium lighting, with the headline "BERRY RUSH".'
    )


def test_what_is_not_set_has_the_designs_defaults(board):
    campaign = board.write(HEAD + "prompt: a photo").load().campaign
    draft, final = campaign.stages.values()
    assert (draft.quality, draft.takes, draft.review) == ("low", 1, "human")
    assert (final.quality, final.takes, final.mode) == ("high", 1, "regenerate")
    assert (campaign.provider, campaign.background) == ("embedded", "opaque")
    assert campaign.budget.run is None
    assert campaign.pace.failures.count is campaign.pace.failures.share is None


def test_every_mistake_is_told_at_once(board):
    board.write(
        "campaign: Summer Fizz\n"
        "matrx: 1\n"
        "matrix:\n"
        "  product: {form: x}\n"
        "  size: [1:1, ~, [3]]\n"
        "  locale: 3\n"
        "  scene: []\n"
        "prompt: [a]\n"
        "stages: {draft: {quality: hihg, takes: two, revew: none}}\n"
        "budget: {run: -1, campaign: lots}\n"
        "run: {max_failures: 200%, images_per_minute: abc}\n"
        "background: transprent\n"
        "notify: [{when: [x]}]\n"
        "tags: {a: true, b: [1]}\n"
    )
    assert board.refused() == [
        ("c.yaml:1:11: campaign: may hold only a-z, 0-9 and single - between them: "
        "write summer-fizz"),
        "c.yaml:2:1: matrx: unknown key matrx (did you mean matrix?)",
        "c.yaml:4:12: matrix.product.from: is missing",
        "c.yaml:4:13: matrix.product.form: unknown key form (did you mean from?)",
        "c.yaml:5:15: matrix.size[1]: is empty",
        "c.yaml:5:18: matrix.size[2]: must be a word, or a mapping with an id",
        "c.yaml:6:11: matrix.locale: must be a list of values, or {from: table}",
        "c.yaml:7:10: matrix.scene: must not be empty",
        "c.yaml:8:9: prompt: must be text, not a list",
        ("c.yaml:9:27: stages.draft.quality: must be low, medium, high, xhigh or max, not hihg "
        "(did you mean high?)"),
        "c.yaml:9:40: stages.draft.takes: must be a whole number, not two",
        "c.yaml:9:45: stages.draft.revew: unknown key revew (did you mean review?)",
        "c.yaml:10:15: budget.run: must be at least 0, not -1",
        ("c.yaml:10:29: budget.campaign: must be a whole number of credits such as 600, or "
        "dollars such as $12.50"),
        "c.yaml:11:21: run.max_failures: must be a number of images, or a share such as 10%",
        "c.yaml:11:46: run.images_per_minute: must be a number",
        ("c.yaml:12:13: background: must be opaque or transparent, not transprent "
        "(did you mean transparent?)"),
        "c.yaml:13:10: notify[0]: names no receiver: to, webhook or ping",
        'c.yaml:14:11: tags.a: must be text; true alone means yes or no, quote it: "true"',
        "c.yaml:14:20: tags.b: must be text, not a list",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ("stages: {draft: }", "c.yaml:6:17: stages.draft: draft has no value"),
        (
            "stages:\n  draft:\n",
            "c.yaml:7:9: stages.draft: is empty; write {} for its defaults",
        ),
        ("stages: {}", "c.yaml:6:9: stages: names no stage: draft, final or both"),
        (
            "provider: gptimag",
            "c.yaml:6:11: provider: there is no provider gptimag (did you mean gptimage?)",
        ),
        (
            "vars: {product: x}",
            "c.yaml:6:8: vars.product: product is already an axis",
        ),
        (
            "vars: {take: x}",
            "c.yaml:6:8: vars.take: take is already a reserved name",
        ),
        (
            "vars: {my-var: x}",
            ("c.yaml:6:8: vars.my-var: templates cannot use the name my-var; use letters, digits "
             "and _, such as my_var"),
        ),
        (
            "overrides: [{match: {prodct: x}, set: {vars: {a: b}}}]",
            ("c.yaml:6:22: overrides[0].match.prodct: there is no axis prodct "
            "(did you mean product?)"),
        ),
        (
            "references: [a.png]",
            "c.yaml:6:13: references: embedded takes no reference images",
        ),
        (
            "stages: {final: {mode: refine}}",
            "c.yaml:6:24: stages.final.mode: embedded edits no images",
        ),
    ],
)  # fmt: skip
def test_a_mistake_in_one_key_is_told_where_it_stands(board, lines, complaint):
    assert complaint in board.write(HEAD + "prompt: a photo\n" + lines).refused()


def test_vars_that_look_like_templates_are_warned_about(board):
    board.write(HEAD + 'vars: {claim: "{{ product.name }} rocks"}\nprompt: a photo\n')
    assert board.warnings() == [
        ("c.yaml:5:15: vars.claim: vars are values, not templates: the braces are sent as written")
    ]


def test_a_missing_size_axis_is_told(board):
    board.write("campaign: demo\nmatrix: {product: [a]}\nprompt: a photo")
    assert board.refused() == ["c.yaml:2:9: matrix.size: is missing"]


def test_numbers_in_tags_stay_as_they_are_written(board):
    board.write(HEAD + "prompt: a photo\ntags: {cost_center: 0012, rate: 2.50, year: 2026}")
    assert board.load().campaign.tags == {"cost_center": "0012", "rate": "2.50", "year": "2026"}


def test_the_whole_grammar_becomes_a_campaign(board):
    board.write(
        HEAD + "prompt: a photo\n"
        "budget: {campaign: 900, run: 600, month: 2400}\n"
        "run: {concurrency: 16, images_per_minute: 7.5, max_failures: 10%}\n"
        'adfiles: {name: "{{ cell }}", formats: {default: [webp, jpg]}, background: "#fff0e0"}\n'
        "provenance: {credit: Sunburst, label: ai, c2pa: sign}\n"
        'notify: [{when: [review, failed], webhook: "{{ env.SLACK_WEBHOOK }}"}]\n'
        "providers: {gptimage: {image_hosts: [img.local], price: {per_credit: 0.01}}}\n"
    )
    campaign = board.load().campaign
    assert (campaign.budget.campaign, campaign.budget.run, campaign.budget.month) == (
        900,
        600,
        2400,
    )
    assert (campaign.pace.concurrency, campaign.pace.images_per_minute) == (16, 7.5)
    assert campaign.pace.failures.share == 0.1
    assert campaign.ad_files.formats == {"default": ("webp", "jpg")}
    assert (campaign.ad_files.name, campaign.ad_files.asked) == ("{{ cell }}", True)
    assert campaign.provenance == Provenance(
        credit="Sunburst", label=VisibleLabel.AI, c2pa=ContentCredentials.SIGN
    )
    assert campaign.notices[0].webhook == "{{ env.SLACK_WEBHOOK }}"
    assert str(campaign.providers["gptimage"].per_credit) == "0.01"


def test_the_command_lines_provider_wins_over_the_files(board):
    board.write(HEAD + "prompt: a photo\nprovider: embedded")
    assert board.load(provider="gptimage").campaign.provider == "gptimage"


def test_comments_and_the_order_of_keys_do_not_change_what_a_campaign_means(board):
    first = board.write(HEAD + "prompt: a photo\ntags: {a: b, c: d}").load().campaign.sha256
    second = board.write("# hello\nprompt: a photo\ntags: {c: d, a: b}\n" + HEAD).load()
    assert second.campaign.sha256 == first


@pytest.mark.parametrize(
    ("size", "complaint"),
    [
        ("4:1", "4:1 is longer than 3:1, the most that gptimage renders"),
        ("instagram-stroy", ("instagram-stroy is not a ratio (4:3), pixels (970x250) or a "
         "placement (did you mean instagram-story?)")),
        ("{id: hero, px: 970}", "px must be written as 970x250, not 970"),
        ("{id: hero, pixels: 970x250}", "hero needs px: 970x250 or ratio: 4:3"),
        ("{id: hero, ratio: wide}", "ratio must be written as 4:3, not wide"),
        ("{name: hero}", "needs an id"),
    ],
)  # fmt: skip
def test_an_impossible_size_is_refused(board, size, complaint):
    board.write(f"campaign: demo\nmatrix: {{product: [a], size: [1:1, {size}]}}\nprompt: a photo")
    (told,) = board.refused(provider="gptimage")
    assert told.startswith("c.yaml:2:36: matrix.size")
    assert told.endswith(complaint)


def test_a_ratio_that_the_provider_does_not_document_is_a_warning(board):
    board.write("campaign: demo\nmatrix: {product: [a], size: ['3:2']}\nprompt: a photo")
    assert board.warnings(provider="gptimage") == [
        (
            "c.yaml:2:31: matrix.size: 3x2: 3:2 is not among the ratios that gptimage documents: "
            "1:1, 4:3, 16:9, 9:21, 1:2 and 2:1"
        )
    ]


def test_a_strict_provider_refuses_what_it_does_not_have(board):
    board.write(
        "campaign: demo\nmatrix: {product: [a], size: ['3:2']}\nprompt: a photo\n"
        "background: transparent"
    )
    assert board.refused(provider="strict") == [
        (
            "c.yaml:2:31: matrix.size: 3x2: strict renders only 1:1, 4:3, 16:9, 9:21, 1:2 and 2:1, "
            "not 3:2"
        ),
        "c.yaml:4:13: background: strict renders no transparent background",
    ]


def test_a_preview_is_warned_about(board):
    board.write(HEAD + "prompt: a photo\nbackground: transparent")
    assert board.warnings(provider="open") == [
        "c.yaml:6:13: background: a transparent background is in preview at open and may be refused"
    ]


def test_one_broken_key_hides_nothing_further_on(board):
    board.put("p.csv", "sku,name\nA\n").put("hero.j2", "{% if %}")
    board.write(
        "campaign: No Slug\n"
        "data:\n"
        "  products: {source: p.csv, key: sku}\n"
        "  copy: {source: 3}\n"
        "matrix:\n"
        "  product: {from: prodcts}\n"
        "  size: [1:1, 4:33]\n"
        "  scene: 7\n"
        "  exclude: [{produkt: x}]\n"
        "prompt: hero.j2\n"
        "budget: {run: x}\n"
    )
    assert [told.split(": ")[0] for told in board.refused()] == [
        "c.yaml:1:11",
        "c.yaml:4:18",
        "c.yaml:6:19",
        "c.yaml:7:15",
        "c.yaml:8:10",
        "c.yaml:9:14",
        "c.yaml:11:15",
        "hero.j2:1:1",
        "p.csv:2",
    ]


def test_the_ways_in_which_a_run_ends_are_known_words(board):
    board.write(HEAD + "prompt: a photo\nnotify: [{when: [x], webhook: a}]\n")
    assert board.refused() == [
        (
            "c.yaml:6:18: notify[0].when[0]: must be done, review, failed, budget, doubt, "
            "stopped or always, not x"
        ),
    ]
