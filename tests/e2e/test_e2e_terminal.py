"""What commands say to a person between two runs: what to do, what changed, where the files are."""

import json

SHOP = """\
campaign: shop
vars: {season: autumn, unused: never}
matrix:
  product:
    - {id: citrus, name: Citrus, notes: internal, headline: BLEIB KÜHL}
    - {id: berry, name: Berry, notes: internal, headline: BEEREN PUR}
  size: [1:1, meta-feed-square]
prompt: 'A can of {{ product.name }} in {{ season }}, headline "{{ product.headline }}".'
stages: {draft: {quality: low}, final: {quality: low}}
"""


def test_each_command_says_what_comes_next_and_what_changed(pipeline):
    file = pipeline.write(SHOP, "shop.yaml")
    ran = pipeline("run", file)
    assert "  output/shop/drafts/  4 images\n  output/shop/runs/" in ran.err
    waiting = pipeline("status")
    assert "4 to review" in waiting.out
    assert waiting.err == "Next  pipeline review shop.yaml\n"
    assert pipeline("approve", file, "*").code == 0
    assert "4 approved since" in pipeline("status").out
    pipeline.write(SHOP.replace("BLEIB KÜHL", "IMMER KÜHL"), "shop.yaml")
    plan = pipeline("plan", file, COLUMNS="80")
    assert 'headline "BLEIB KÜHL" → "IMMER KÜHL" (1)' in plan.out
    assert "Lapsed   2 approvals no longer hold: the prompt, the settings or" in plan.out
    record = json.loads(pipeline("plan", file, "--json").out)
    assert [one["cell"] for one in record["lapsed"]] == ["citrus/1x1", "citrus/meta-feed-square"]
    ran = pipeline("run", file)
    assert "finals repeat the approved drafts in full quality" in ran.err
    assert "output/shop/finals/  2 images" in ran.err
    log = pipeline("log", file).out.splitlines()
    assert any(line.endswith("submit      citrus/1x1 draft") for line in log)
    every = pipeline("ls", file)
    assert every.out.count("stored, earlier") == 2
    drafts = pipeline("ls", file, "--stage", "draft", "--only", "citrus/*", "--current")
    assert [line.split()[0] for line in drafts.out.splitlines()[1:]] == [
        "citrus/1x1",
        "citrus/meta-feed-square",
    ]
    assert "earlier" not in drafts.out
    explained = json.loads(pipeline("explain", file, "citrus/1x1", "--json").out)["settings"]
    names = [one["name"] for one in explained]
    assert names[:3] == ["product.name", "product.headline", "vars.season"]
    assert {"product.notes", "vars.unused"} < set(names[3:])


def test_mistakes_in_names_are_told_with_the_right_one(pipeline):
    file = pipeline.write(SHOP.replace("{{ season", "{{ vars.season"), "shop.yaml")
    assert "vars are used without this prefix: write {{ season }}" in pipeline("check", file).out
    for wrong in ("shp.yaml", "shop", "shop.yml"):
        assert "(did you mean shop.yaml?)" in pipeline("plan", wrong).err
    pipeline.write(SHOP, "campaigns/shop.yaml")
    assert "(did you mean campaigns/shop.yaml?)" in pipeline("plan", "campains/shop.yaml").err
    path = "output: {path: '{{ campaign }}-{{ product.id }}/{{ size.id }}'}\n"
    file = pipeline.write(SHOP + path, "shop.yaml")
    jobs = json.loads(pipeline("explain", file, "citrus/1x1", "--json").out)["jobs"]
    assert jobs[0]["path"] == "drafts/shop-citrus/1x1.png"
    file = pipeline.write(SHOP + path.replace("campaign", "campain"), "shop.yaml")
    said = pipeline("check", file).out
    assert "nothing is named campain (did you mean campaign?); there are campaign, note" in said
    file = pipeline.write(SHOP + "output: {path: 'x'}\n", "shop.yaml")
    assert pipeline("check", file).out.count("would be written twice") == 1
