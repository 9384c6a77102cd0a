"""A server that takes fewer requests at once than are sent: all is done, few are refused."""

from crash.image_server import serving
from crash.workspace import Workspace, campaign

JOBS = 60
SLOW = [{"fault": "delay", "seconds": 0.1}]


def test_where_half_of_the_first_replies_are_429_all_finish_for_few_requests_more(tmp_path):
    few = ("--in-flight", "8")
    with serving(tmp_path / "state", honours_keys=False, faults=SLOW, more=few) as server:
        workspace = Workspace(tmp_path / "workspace", server, campaign(JOBS))
        end = workspace.run("--concurrency", "16")
        assert end.code == 0, end.err
        account = workspace.manifest()
        posts = [post for image in account["images"] for post in image["attempts"]]
        refused = [post for post in posts if post["http"] == 429]
        assert account["totals"]["stored"] == JOBS == len(workspace.charges())
        assert 0 < len(refused) == len(posts) - JOBS
        assert len(posts) <= 1.3 * JOBS
        assert workspace.complaints() == []
