"""Jobs: keys that survive every rearrangement, one payer for equal requests, safe paths."""

import hashlib
import json
import os
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from campaign_texts import PROFILES

from pipeline.errors import CampaignError
from pipeline.model.verdict import Pick, Round
from pipeline.prompts.jobs import plan_drafts, plan_finals

TEXT = """\
campaign: demo
matrix:
  product: [{id: a, name: Apple}, {id: b, name: Berry}]
  size: [1:1, 4:3]
  locale: [en, de]
prompt: "a photo of {{ product.name }} for {{ locale }}"
"""


def keys(jobs):
    return {job.at.cell: job.key for job in jobs}


@pytest.mark.parametrize(
    "text",
    [
        "# a comment\n" + TEXT,
        TEXT.replace("[{id: a, name: Apple}, {id: b, name: Berry}]",
                     "[{name: Berry, id: b}, {name: Apple, id: a}]"),
        TEXT.replace("[1:1, 4:3]", "[4x3, 1:1]"),
        TEXT.replace("  size: [1:1, 4:3]\n  locale: [en, de]\n",
                     "  locale: [de, en]\n  size: [1:1, 4:3]\n"),
        TEXT + "tags: {client: x}\nbudget: {run: 5}\n",
    ],
)  # fmt: skip
def test_comments_order_and_money_change_no_key(board, text):
    assert keys(board.write(text).jobs()) == keys(board.write(TEXT).jobs())


def test_one_renamed_product_changes_exactly_its_own_jobs(board):
    before = keys(board.write(TEXT).jobs())
    after = keys(board.write(TEXT.replace("Apple", "Pear")).jobs())
    assert {cell for cell in before if before[cell] != after[cell]} == {
        cell for cell in before if cell.startswith("a/")
    }


def test_another_profile_is_another_job(board):
    board.write(TEXT)
    offline = keys(plan_drafts(board.load()))
    online = keys(plan_drafts(board.load(provider="gptimage")))
    assert not set(offline.values()) & set(online.values())


def test_a_job_carries_price_path_and_request(board):
    job = board.write(TEXT).jobs()[0]
    assert (job.price, job.path, job.profile) == (2, "drafts/a/1x1/en-t1.png", "embedded")
    assert (job.request.size, job.request.quality, job.request.model) == (
        "1:1",
        "low",
        "gpt-image-2",
    )


SHARED = """\
campaign: demo
matrix:
  product: [a]
  size: [4:3, {id: banner, px: 800x600}, 1:1]
prompt: a photo
stages: {draft: {takes: 2}, final: {}}
"""


def test_equal_requests_of_different_cells_are_paid_once_and_takes_never_merge(board):
    jobs = board.write(SHARED).jobs()
    first = {(job.at.cell, job.at.take): job for job in jobs}
    payers = {place: job.payer for place, job in first.items() if job.payer}
    assert payers == {
        ("a/banner", 1): first["a/4x3", 1].key,
        ("a/banner", 2): first["a/4x3", 2].key,
    }
    assert sum(job.price for job in jobs) == 4 * 2


def test_a_round_has_its_own_jobs_note_and_path(board):
    text = TEXT.replace("for {{ locale }}", "for {{ locale }}{{ ', ' ~ note if note }}")
    rounds = {"a/1x1/en": Round(number=2, note="brighter")}
    job = board.write(text).jobs(rounds=rounds)[0]
    assert (job.at.round, job.path) == (2, "drafts/a/1x1/en-t1-r2.png")
    assert job.request.prompt == "a photo of Apple for en, brighter"


def test_a_note_that_the_template_does_not_say_is_appended(board):
    job = board.write(TEXT).jobs(rounds={"a/1x1/en": Round(number=2, note="brighter")})[0]
    assert job.request.prompt == "a photo of Apple for en\n\nRevision note: brighter"


def test_a_hostile_note_is_sent_as_it_stands(board):
    job = board.write(TEXT).jobs(rounds={"a/1x1/en": Round(number=2, note="{{ 7*7 }}")})[0]
    assert job.request.prompt.endswith("Revision note: {{ 7*7 }}")


def test_takes_vary_where_the_profile_does(board):
    board.write(SHARED)
    assert [job.request.variation for job in plan_drafts(board.load())][:2] == ["1.1", "1.2"]
    assert {job.request.variation for job in plan_drafts(board.load(provider="gptimage"))} == {""}


def pick(job, *, round_=1):
    return Pick(round=round_, take=job.at.take, job=job.key, sha256="00")


def test_finals_are_planned_for_approved_cells_and_repeat_the_drafts_variation(board):
    loaded = board.write(SHARED).load()
    second = list(plan_drafts(loaded))[1]
    (final,) = plan_finals(loaded, picks={second.at.cell: pick(second)})
    assert (final.at.cell, final.at.take, final.price) == ("a/4x3", 1, 12)
    assert (final.request.variation, final.derived_from) == ("1.2", second.key)
    assert final.path == "finals/a/4x3-t1.png"


@pytest.mark.parametrize(("mode", "keys"), [("refine", 2), ("regenerate", 1)])
def test_another_approval_makes_another_key_only_of_a_refined_final(board, mode, keys):
    """A refined final is an edit of the approved picture, by its content and not by its name.

    `gptimage` has no variations: a final that is made anew is the same request for either take.
    """
    text = SHARED.replace("final: {}", f"final: {{mode: {mode}}}")
    edits = "providers: {gptimage: {edits: /v1/images/edits}}\n"
    loaded = board.write(text + edits).load(provider="gptimage")
    first, second, *_ = plan_drafts(loaded)
    approved = (replace(pick(one), sha256=one.key * 2) for one in (first, second))
    finals = [next(plan_finals(loaded, picks={first.at.cell: one})) for one in approved]
    assert len({final.key for final in finals}) == keys
    drafts = [one.sha256 for final in finals for one in final.request.references]
    assert drafts == ([first.key * 2, second.key * 2] if mode == "refine" else [])


def test_a_final_says_the_note_of_the_round_that_was_approved(board):
    loaded = board.write(SHARED).load()
    rounds = {"a/4x3": Round(number=2, note="brighter")}
    draft = next(plan_drafts(loaded, rounds=rounds))
    picks = {"a/4x3": pick(draft, round_=2)}
    (final,) = plan_finals(loaded, picks=picks, rounds=rounds)
    assert final.request.prompt == draft.request.prompt
    assert final.path == "finals/a/4x3-t1-r2.png"


@pytest.mark.parametrize("stages", ["{final: {}}", "{draft: {review: none}, final: {}}"])
def test_where_nobody_is_asked_every_cell_has_a_final(board, stages):
    text = SHARED.replace("{draft: {takes: 2}, final: {}}", stages)
    loaded = board.write(text).load()
    assert [job.at.cell for job in plan_finals(loaded, picks={})] == [
        "a/4x3",
        "a/banner",
        "a/1x1",
    ]


def test_a_stage_that_is_not_named_has_no_jobs(board):
    only_drafts = SHARED.replace("{draft: {takes: 2}, final: {}}", "{draft: {}}")
    loaded = board.write(only_drafts).load()
    assert list(plan_finals(loaded, picks={})) == []


def test_references_are_hashed_into_the_request(board):
    board.put("pack.png", b"\x89PNG\r\n\x1a\nxx")
    board.write(TEXT + "references: [pack.png]\nprovider: open\n")
    (reference,) = board.jobs()[0].request.references
    assert reference.sha256 == hashlib.sha256(b"\x89PNG\r\n\x1a\nxx").hexdigest()


@pytest.mark.parametrize(
    ("named", "complaint"),
    [
        ("gone.png", "the reference gone.png cannot be read: No such file or directory"),
        ("note.txt", "the reference note.txt is not a PNG, JPEG or WebP"),
        ("../../../../../etc/hostname", "which templates and partial files may not leave"),
    ],
)
def test_a_reference_that_cannot_be_sent_is_told(board, named, complaint):
    board.put("note.txt", "hello")
    board.write(TEXT + f"references: [{named}]\nprovider: open\n")
    (told,) = board.refused()
    assert told.startswith("c.yaml:7:14: references[0]: ")
    assert complaint in told
    assert "(cell a/1x1/en and 7 more images)" in told


def paths(board, template):
    return [job.path for job in board.write(TEXT + f"output: {{path: '{template}'}}\n").jobs()]


def test_a_campaign_may_name_its_own_paths(board):
    assert paths(board, "{{ locale }}/{{ product.name }}-{{ size.id }}-t{{ take }}")[:2] == [
        "drafts/en/Apple-1x1-t1.png",
        "drafts/de/Apple-1x1-t1.png",
    ]


@pytest.mark.parametrize(
    ("template", "complaint"),
    [
        ("../{{ product.id }}", ("the path ../a cannot be used: a part of the path may not be .. "
         "(cell a/1x1/en and 3 more images)")),
        ("/tmp/{{ product.id }}", ("the path /tmp/a must be relative (cell a/1x1/en and 3 more "
         "images)")),
        ("a//b", ("the path a//b cannot be used: a part of the path must not be empty "
         "(cell a/1x1/en and 7 more images)")),
        ("con/x", ("the path con/x cannot be used: con is a name that Windows reserves "
         "(cell a/1x1/en and 7 more images)")),
        ("{{ product.name }}:x", ("the path Apple:x cannot be used: a part of the path may not "
         "contain : (cell a/1x1/en and 3 more images)")),
    ],
)  # fmt: skip
def test_a_path_that_leaves_its_folder_or_cannot_be_written_is_refused(board, template, complaint):
    with pytest.raises(CampaignError) as caught:
        paths(board, template)
    assert complaint in [finding.complaint for finding in caught.value.findings]


@pytest.mark.parametrize(
    ("template", "complaint"),
    [
        ("{{ product.id }}/{{ size.id }}", ("drafts/a/1x1.png would be written twice, also for "
         "a/1x1/en (and 3 more paths) (cell a/1x1/de)")),
        ("{{ 'X' if locale == 'en' else 'x' }}/{{ product.id }}-{{ size.id }}",
         ("drafts/x/a-1x1.png would be written twice, also for a/1x1/en (and 3 more paths) "
         "(cell a/1x1/de)")),
        ("{{ 'é' if locale == 'en' else 'e\u0301' }}/{{ product.id }}-{{ size.id }}",
         ("drafts/e\u0301/a-1x1.png would be written twice, also for a/1x1/en (and 3 more paths) "
         "(cell a/1x1/de)")),
    ],
)  # fmt: skip
def test_two_images_never_share_a_path_on_any_file_system(board, template, complaint):
    board.write(TEXT + 'output: {path: "' + template + '"}\n')
    assert f"c.yaml:7:16: output.path: {complaint}" in board.refused()


def test_takes_that_share_a_path_get_the_hint(board):
    board.write(SHARED + 'output: {path: "{{ size.id }}"}\n')
    assert board.refused()[0] == (
        "c.yaml:7:16: output.path: drafts/4x3.png would be written twice, also for another take "
        "of it: name {{ take }} in the path (and 2 more paths) (cell a/4x3)"
    )


def test_an_error_names_the_cell_the_row_the_column_and_the_templates_line(board):
    board.put("p.csv", "sku,name\nA,a\nB,b\n")
    board.put("hero.j2", "A photo of\n{{ product.nam }}\n")
    board.write(
        "campaign: demo\ndata: {products: {source: p.csv, key: sku}}\n"
        "matrix: {product: {from: products}, size: ['1:1']}\nprompt: hero.j2\n"
    )
    assert board.refused() == [
        (
            "hero.j2:2:1: product has no column nam (did you mean name?) "
            "(cell A/1x1, p.csv row 2, column nam and 1 more image)"
        )
    ]


def test_a_block_prompts_mistakes_have_the_files_own_line(board):
    board.write(TEXT.replace('"a photo of {{ product.name }} for {{ locale }}"',
                             "|\n  A photo\n  of {{ product.nam }}"))  # fmt: skip
    (told,) = board.refused()
    assert told.startswith("c.yaml:8:1: prompt: product has no column nam (did you mean name?)")


SCRIPT = """
    import json, sys
    from pathlib import Path
    from campaign_texts import PROFILES
    from pipeline.campaign.loading import load_campaign
    from pipeline.prompts.jobs import plan_drafts
    loaded = load_campaign(Path(sys.argv[1]), profiles=PROFILES)
    print(json.dumps([[j.key, j.path, j.request.prompt, j.payer] for j in plan_drafts(loaded)]))
"""


def test_the_plan_is_the_same_whatever_the_hash_seed(board):
    board.write(SHARED + "vars: {b: 1, a: 2}\ntext: {}\n")
    here = str(Path(__file__).parent)
    code = textwrap.dedent(SCRIPT)
    plans = set()
    for seed in ("0", "1", "2", "9"):
        path = os.pathsep.join([here, *sys.path])
        environment = {"PYTHONHASHSEED": seed, "PYTHONPATH": path, "LC_ALL": "C"}
        ran = subprocess.run(
            [sys.executable, "-c", code, str(board.file)],
            env=environment,
            capture_output=True,
            check=True,
        )
        plans.add(ran.stdout)
    assert len(plans) == 1
    assert len(json.loads(plans.pop())) == 6


def test_every_profile_on_the_board_can_be_planned_for(board):
    board.write(TEXT)
    assert {len(list(plan_drafts(board.load(provider=name)))) for name in PROFILES} == {8}


def test_several_threads_plan_one_blueprint_alike(board):
    products = ", ".join(f"p{number}" for number in range(40))
    overrides = "".join(
        f"  - {{match: {{product: p{number}}}, set: {{vars: {{look: look{number}}}}}}}\n"
        for number in range(40)
    )
    board.write(
        f"campaign: demo\nmatrix: {{product: [{products}], size: [1:1, 4:3]}}\n"
        f"vars: {{look: plain}}\noverrides:\n{overrides}"
        'prompt: "a {{ look }} photo"\n'
    )
    loaded = board.load()
    with ThreadPoolExecutor(4) as pool:
        plans = [*pool.map(lambda _: list(plan_drafts(loaded)), range(4))]
    assert all(plan == plans[0] for plan in plans)
    assert plans[0][-1].request.prompt == "a look39 photo"
