"""What a Ray cluster adds to the contract of executors: machines that are lost, other programs."""

import asyncio
import importlib.util
import os
import pickle
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from encoded_pictures import encoded, pieces
from executor_tasks import Environment, FillMemory, Note, Square
from ray_cluster import NEEDS_RAY, descendants

from pipeline.app.commands.doctor import check_machine
from pipeline.errors import TaskDied, TaskFailed, UsageError, WorkerFault
from pipeline.executors.ray import executor as ray_executor_module
from pipeline.executors.ray.executor import RayExecutor, driver_environment
from pipeline.executors.ray.messages import Answered, Connect, Connected, Lost, Submit, WorkerFacts
from pipeline.executors.ray.worker import code_digest, installed
from pipeline.images.local.store import LocalImageStore
from pipeline.images.thumbs import SIDES, thumb_path
from pipeline.images.transfer import ImageTransfer
from pipeline.inspection.task import inspect_of
from pipeline.model.providers.request import Background
from pipeline.settings import ExecutorName, ExecutorSettings, Settings

SECRET = "sk-live-" + "7" * 24


@NEEDS_RAY
async def test_no_key_reaches_a_driver_a_worker_or_a_log_of_the_cluster(
    ray_cluster, tmp_path, monkeypatch
):
    for name in ("GPTIMAGE_API_KEY", "OPENAI_API_KEY", "PIPELINE_LEDGER", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, SECRET)
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:{SECRET}@proxy.test:3128")
    address, logs = ray_cluster
    images = LocalImageStore(tmp_path)
    artifact = await images.put("c/a.png", pieces(encoded("PNG")))
    async with RayExecutor(address, transfer=ImageTransfer(images)) as executor:
        environment = await executor.run(Environment())
        task = inspect_of(
            images.location, artifact, campaign="c", size="4:3", background=Background.OPAQUE
        )
        await executor.run(task)
        drivers = [
            Path(f"/proc/{pid}/environ").read_bytes()
            for pid in descendants(os.getpid())
            if b"ray.driver" in Path(f"/proc/{pid}/cmdline").read_bytes()
        ]
    assert drivers
    assert not [one for one in drivers if SECRET.encode() in one]
    assert not [name for name, value in environment.items() if SECRET in value]
    for file in logs.rglob("*"):
        if file.is_file():
            assert SECRET.encode() not in file.read_bytes(), file


def test_the_driver_gets_what_ray_needs_and_no_other_variable():
    given = {
        "PATH": "/bin", "LC_ALL": "C", "RAY_AUTH_MODE": "token", "PYTHONPATH": "/a",
        "GPTIMAGE_API_KEY": SECRET, "PIPELINE_LEDGER": SECRET, "http_proxy": SECRET, "X": "1",
    }  # fmt: skip
    kept = driver_environment(given)
    assert {name: kept[name] for name in ("PATH", "LC_ALL", "RAY_AUTH_MODE", "PYTHONPATH")}
    assert set(kept) - set(given) == {"RAY_USAGE_STATS_ENABLED", "RAY_ENABLE_UV_RUN_RUNTIME_ENV"}
    assert kept["RAY_USAGE_STATS_ENABLED"] == "0"
    assert SECRET not in kept.values()


@NEEDS_RAY
async def test_workers_that_do_not_see_the_folder_get_the_images_and_it_is_said_once(
    ray_cluster, tmp_path
):
    images = LocalImageStore(tmp_path)
    artifact = await images.put("c/a.png", pieces(encoded("PNG")))
    transfer, told = ImageTransfer(images), []
    task = inspect_of(
        images.location, artifact, campaign="c", size="4:3", background=Background.OPAQUE
    )
    async with RayExecutor(ray_cluster[0], transfer=transfer, tell=told.append) as executor:
        transfer.end()  # as if the workers saw another folder of this path
        found = [await executor.run(task) for _ in range(2)]
    assert found == [task.run()] * 2
    paths = [thumb_path("c", artifact.sha256, side) for side in SIDES]
    assert list(images.stat_many(paths)) == paths
    away = f"ray  {socket.gethostname()} does not reach the output folder"
    assert told == ["ray  1 node, 2 cores", f"{away}: images are sent to the workers"]


@NEEDS_RAY
async def test_tasks_of_a_driver_that_was_killed_are_run_again(ray_cluster, tmp_path):
    """Ray ends the process of a driver whose cluster is lost; the coordinator must live on."""
    async with RayExecutor(ray_cluster[0]) as executor:
        running = [
            asyncio.ensure_future(executor.run(Square(number=n, seconds=0.3))) for n in range(5)
        ]
        await asyncio.sleep(0.4)
        os.kill(executor._connection._driver.pid, signal.SIGKILL)
        assert await asyncio.gather(*running) == [(n, n**2) for n in range(5)]


@NEEDS_RAY
async def test_memory_that_runs_out_on_a_worker_is_tried_again_and_told(ray_executor, tmp_path):
    """`LocalFault` would say that the coordinator's machine has no memory, and end the run."""
    runs = tmp_path / "runs"
    with pytest.raises(WorkerFault, match=rf"\(worker {re.escape(socket.gethostname())}\)"):
        await ray_executor.run(FillMemory(once=str(runs)))
    assert runs.read_text() == "x" * ray_executor_module.TRIES


async def unused_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@NEEDS_RAY
@pytest.mark.parametrize("address", ["ray://head:10001", "head", "head:x", ":6379"])
async def test_an_address_of_another_form_is_refused(address):
    with pytest.raises(UsageError, match="give HOST:PORT, as `ray start` prints it, or auto"):
        async with RayExecutor(address):
            pass


@NEEDS_RAY
async def test_an_address_where_nothing_listens_is_refused_at_once():
    """Ray itself tries for two minutes, and then ends the process."""
    address, begun = f"127.0.0.1:{await unused_port()}", time.monotonic()
    with pytest.raises(UsageError) as refused:
        async with RayExecutor(address):
            pass
    assert time.monotonic() - begun < 2
    assert f"the Ray cluster at {address} cannot be used" in str(refused.value)
    assert str(refused.value).endswith("Nothing was sent.")


@NEEDS_RAY
@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "Could not find any running Ray instance. Please specify the one",
            "no Ray cluster runs on this machine: `ray start --head` starts one",
        ),
        ("Failed to connect to Ray cluster at 10.0.0.1:6379", "set RAY_AUTH_MODE=token"),
    ],
)
def test_what_ray_says_becomes_what_to_do(monkeypatch, said, told):
    driver = importlib.import_module("pipeline.executors.ray.driver")

    def fail(**_):
        raise ConnectionError(said)

    monkeypatch.setattr(driver.ray, "init", fail)
    with pytest.raises(driver.ClusterRefused, match=told):
        driver.connect(Connect(address="auto", code="", probe=b""))


async def test_without_the_extra_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setattr(ray_executor_module, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"pip install 'campaign-pipeline\[ray\]'"):
        async with RayExecutor():
            pass


@NEEDS_RAY
def test_a_cluster_with_another_version_of_ray_or_python_is_refused(ray_cluster):
    """The versions are those that the head of the cluster has recorded."""
    code = f"""
import asyncio, pickle, ray
from ray._private import worker
ray.init("{ray_cluster[0]}", log_to_driver=False, logging_level="ERROR")
gcs = worker.global_worker.gcs_client
key, space = b"CLUSTER_METADATA", b"cluster"
recorded = gcs.internal_kv_get(key, space)
other = recorded.replace(ray.__version__.encode(), b"2.9.3")
assert other != recorded
gcs.internal_kv_put(key, other, True, space)
from pipeline.errors import UsageError
from pipeline.executors.ray.executor import RayExecutor
async def main():
    async with RayExecutor("{ray_cluster[0]}"):
        print("entered")
try:
    asyncio.run(main())
except UsageError as refused:
    print(refused)
finally:
    gcs.internal_kv_put(key, recorded, True, space)
"""
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert "entered" not in ended.stdout
    assert re.search(r"Version mismatch.*2\.9\.3", ended.stdout), ended.stdout + ended.stderr
    assert "Nothing was sent." in ended.stdout


@NEEDS_RAY
def test_workers_with_other_packages_are_refused_by_name():
    """They would make other files of the same recipe, or find nothing where OCR is missing."""
    driver = importlib.import_module("pipeline.executors.ray.driver")
    mine = installed()
    facts = WorkerFacts(host="gpu-1", installed=mine, reaches=True, keys=())
    driver._hold_to_this_machine([facts], code=code_digest())
    older = replace(facts, installed={**mine, "pillow": "9.1.0", "campaign-pipeline": ""})
    with pytest.raises(driver.ClusterRefused) as refused:
        driver._hold_to_this_machine([facts, older], code=code_digest())
    assert (
        f"gpu-1: campaign-pipeline is missing (here {code_digest()}), "
        f"pillow 9.1.0 (here {mine['pillow']})"
    ) in str(refused.value)


class HeldCluster:
    """Takes tasks, and ends none before it is told to."""

    def __init__(self):
        self.taken = []

    def remote(self, payload, _code):
        waiting = asyncio.get_running_loop().create_future()
        self.taken.append((payload, waiting))
        return waiting


@NEEDS_RAY
async def test_at_most_two_tasks_for_each_core_are_in_flight():
    """A task that waits on the cluster keeps its images in the memory of its nodes."""
    module, sent = importlib.import_module("pipeline.executors.ray.driver"), []
    driver = module.Driver(send=sent.append, cores=3, code="")
    driver._run = cluster = HeldCluster()
    for number in range(20):
        driver.submit(Submit(number=number, task=b"%d" % number))
    await asyncio.sleep(0.01)
    assert [payload for payload, _ in cluster.taken] == [b"%d" % n for n in range(6)]
    driver.drop(module.Drop(number=6))
    for _, waiting in cluster.taken[:2]:
        waiting.set_result(b"done")
    await asyncio.sleep(0.01)
    assert [payload for payload, _ in cluster.taken[6:]] == [b"7", b"8"]
    assert [one.number for one in sent] == [0, 1]
    for task in [*driver._all]:
        task.cancel()


@NEEDS_RAY
async def test_a_cluster_that_does_not_come_back_is_told_once_and_ends_no_wait(
    monkeypatch, tmp_path
):
    """The picture is kept, and inspected by the next run."""
    told, tries = [], []
    executor = RayExecutor(tell=told.append)

    async def refused():
        tries.append(1)
        raise UsageError("the Ray cluster cannot be used: gone\nNothing was sent.")

    monkeypatch.setattr(executor, "_connect", refused)
    monkeypatch.setattr(ray_executor_module, "LONGEST_ABSENCE", 0.05)
    monkeypatch.setattr(ray_executor_module, "_PAUSE", 0.02)
    found = await asyncio.gather(
        *(executor.run(Note(path=str(tmp_path / "x"))) for _ in range(3)), return_exceptions=True
    )
    assert {type(one) for one in found} == {TaskDied}
    assert {str(one) for one in found} == {
        "the Ray cluster was lost, and did not come back: the Ray cluster cannot be used: gone"
    }
    assert len(told) == 1
    assert len(tries) > 1


class Alive:
    """A connection to a cluster."""

    alive = True

    async def close(self):
        pass


async def test_a_task_whose_machine_is_lost_four_times_is_told(monkeypatch):
    executor = RayExecutor()

    async def lost(*_, **__):
        return Lost(number=1, reason="its machine was lost", crashed=False)

    executor._connection = Alive()
    monkeypatch.setattr(executor, "_outcome", lost)
    with pytest.raises(TaskDied, match=r"Square was lost 4 times .* its machine was lost"):
        await executor.run(Square(number=1))


async def test_what_a_person_should_know_of_a_cluster_is_told(monkeypatch):
    told = []
    executor = RayExecutor(tell=told.append)
    words = "OPENAI_API_KEY is set in the environment of Ray worker a"

    async def connected():
        return Connected(nodes=2, cores=9, away=(), warnings=(words,))

    monkeypatch.setattr(executor, "_connect", connected)
    monkeypatch.setattr(ray_executor_module, "find_spec", lambda _: True)
    async with executor:
        pass
    assert told == ["ray  2 nodes, 9 cores", f"ray  {words}"]


def test_a_task_that_hangs_is_ended_with_its_process():
    code = (
        "import time\n"
        "from pipeline.executors.ray.worker import _at_most\n"
        "with _at_most(60): pass\n"
        "with _at_most(0.05): time.sleep(60)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], timeout=30, check=False)
    assert ended.returncode == 1


@NEEDS_RAY
def test_doctor_says_whether_a_cluster_can_be_used(ray_cluster, tmp_path):
    settings = Settings(output=tmp_path / "output")
    assert not [one for one in check_machine(settings) if one.name == "ray"]
    chosen = ExecutorSettings(name=ExecutorName.RAY, ray_address=ray_cluster[0])
    found = [one for one in check_machine(replace(settings, executor=chosen)) if one.name == "ray"]
    assert [(one.state, one.said) for one in found] == [("ok", "1 node, 2 cores")]
    wrong = replace(settings, executor=replace(chosen, ray_address="nowhere"))
    [found] = [one for one in check_machine(wrong) if one.name == "ray"]
    assert found.state == "bad"
    assert "give HOST:PORT" in found.said


@NEEDS_RAY
def test_a_node_that_goes_while_it_is_asked_refuses_no_cluster(
    monkeypatch,
):
    """A cluster that shrinks at the wrong moment was refused as a whole."""
    driver = importlib.import_module("pipeline.executors.ray.driver")
    errors = importlib.import_module("ray.exceptions")
    node = {"NodeID": "0" * 56, "NodeManagerHostname": "spot-3"}
    raised = []

    class Asked:
        def options(self, **_):
            return self

        def remote(self, _probe):
            return "asked"

    def fail(_):
        raise raised[0]

    monkeypatch.setattr(driver.ray, "remote", lambda **_: lambda _function: Asked())
    monkeypatch.setattr(driver.ray, "wait", lambda asked, **_: (asked, []))
    monkeypatch.setattr(driver.ray, "get", fail)
    raised[:] = [errors.TaskUnschedulableError("the node does not exist any more")]
    assert driver._ask([node], b"") == ([], ["spot-3"])
    cause = ModuleNotFoundError("No module named 'pipeline'")
    raised[:] = [errors.RayTaskError("worker_facts", "ModuleNotFoundError: No module", cause)]
    with pytest.raises(driver.ClusterRefused, match="spot-3 cannot run the pipeline"):
        driver._ask([node], b"")


@NEEDS_RAY
async def test_a_worker_with_another_program_is_told_and_ends_no_run(ray_cluster, monkeypatch):
    """Its answer could not be read: the run ended as by a bug, with images in flight."""
    executor = RayExecutor(ray_cluster[0])
    with monkeypatch.context() as changed:
        changed.setattr(ray_executor_module, "code_digest", lambda: "other")
        with pytest.raises(UsageError, match=r"campaign-pipeline \w{12} \(here other\)"):
            async with executor:
                pass
    unread = Answered(number=1, answer=pickle.dumps(Square)[:-2])
    monkeypatch.setattr(executor, "_connection", Alive())

    async def answered(*_, **__):
        return unread

    monkeypatch.setattr(executor, "_outcome", answered)
    with pytest.raises(TaskFailed, match="what a Ray worker answered to Square cannot be read"):
        await executor.run(Square(number=1))
