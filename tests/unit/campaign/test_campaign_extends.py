"""`extends`: maps merge, lists replace, `+key` appends; every value keeps its own file and line."""

from campaign_texts import HEAD

HOUSE = "tags: {agency: acme, client: nobody}\nvars: {surface: oak, light: soft}\nprompt: a photo\n"


def test_maps_merge_and_the_later_file_wins(board):
    board.put("house.yaml", HOUSE)
    board.write("extends: house.yaml\n" + HEAD + "tags: {client: sunburst}\n")
    assert board.load().campaign.tags == {"agency": "acme", "client": "sunburst"}


def test_several_files_are_laid_over_each_other_in_order(board):
    board.put("one.yaml", HOUSE).put("two.yaml", "tags: {client: second}\n")
    board.write("extends: [one.yaml, two.yaml]\n" + HEAD)
    assert board.load().campaign.tags == {"agency": "acme", "client": "second"}


def test_a_chain_of_files_is_followed(board):
    board.put("a/base.yaml", HOUSE).put(
        "b/mid.yaml", "extends: ../a/base.yaml\nbackground: opaque\n"
    )
    board.write("extends: b/mid.yaml\n" + HEAD)
    assert board.prompt() == "a photo"


LISTS = "notify: [{when: [done], webhook: a}]\nprompt: a photo\n"


def test_lists_replace(board):
    board.put("house.yaml", LISTS)
    board.write("extends: house.yaml\n" + HEAD + "notify: [{when: [done], webhook: b}]\n")
    assert [one.webhook for one in board.load().campaign.notices] == ["b"]


def test_a_plus_appends_to_a_list_at_any_depth(board):
    board.put(
        "house.yaml",
        LISTS + "matrix: {product: [a, b], size: ['1:1'], exclude: [{product: a}]}\n",
    )
    board.write(
        "extends: house.yaml\ncampaign: demo\n+notify: [{when: [done], webhook: b}]\n"
        "matrix: {+size: ['4:3'], +exclude: [{size: '1:1'}]}\n"
    )
    assert [one.webhook for one in board.load().campaign.notices] == ["a", "b"]
    assert list(board.prompts()) == ["b/4x3"]


def test_a_plus_on_what_is_no_list_is_told(board):
    board.put("house.yaml", HOUSE)
    board.write("extends: house.yaml\n" + HEAD + "+tags: {a: b}\n")
    assert board.refused() == ["c.yaml:6:1: +tags: +tags appends a list to a list"]


def test_a_mistake_in_the_extended_file_is_told_there(board):
    board.put("house.yaml", HOUSE + "stages: {draft: {quality: hihg}}\n")
    board.write("extends: house.yaml\n" + HEAD)
    assert board.refused() == [
        (
            "house.yaml:4:27: stages.draft.quality: must be low, medium, high, xhigh or max, "
            "not hihg (did you mean high?)"
        )
    ]


def test_a_stage_of_the_house_can_be_unset(board):
    board.put("house.yaml", HOUSE + "stages: {draft: {takes: 3}, final: {}}\n")
    board.write("extends: house.yaml\n" + HEAD + "stages:\n  final: ~\n")
    assert list(board.load().campaign.stages) == ["draft"]


def test_paths_are_relative_to_the_file_that_names_them(board):
    board.put("house/house.yaml", "prompt: hero.j2\n").put("house/hero.j2", "a house photo")
    board.write("extends: house/house.yaml\n" + HEAD)
    assert board.prompt() == "a house photo"


def test_a_missing_file_is_named(board):
    board.write("extends: gone.yaml\n" + HEAD)
    assert board.refused() == [
        "c.yaml:1:10: extends: gone.yaml cannot be read: No such file or directory"
    ]


def test_files_that_extend_each_other_are_told(board):
    board.put("house.yaml", "extends: c.yaml\n")
    board.write("extends: house.yaml\n" + HEAD)
    assert board.refused() == ["house.yaml:1:10: extends: c.yaml extends itself"]
