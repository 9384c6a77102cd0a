"""A Kubernetes CronJob that runs a campaign daily."""

import json
import shlex
from collections.abc import Iterator, Sequence

from pipeline.app.schedules.scheduled_run import AGAIN, DRAIN, IN_VAIN, LONGEST, TRIES, ScheduledRun

FOLDER = "/srv/campaigns"


def cron_job(run: ScheduledRun) -> str:
    """Return the manifests of a CronJob and of the disk that keeps its output folder.

    Text is quoted as JSON, which YAML contains.
    """
    name = str(run.campaign)
    lines = [
        f"# {run.campaign}, daily at {run.at.hour:02}:{run.at.minute:02} UTC",
        f"# The image has campaign-pipeline, and this project in {FOLDER}:",
        f"# {run.image}",
        *_secret_comment(run),
        "apiVersion: batch/v1",
        "kind: CronJob",
        "metadata:",
        f"  name: {json.dumps(name)}",
        "spec:",
        f"  schedule: {json.dumps(run.at.cron)}",
        "  timeZone: Etc/UTC",
        "  concurrencyPolicy: Forbid # an overlapping run would end with 75",
        "  startingDeadlineSeconds: 3600",
        "  jobTemplate:",
        "    spec:",
        *(f"      {line}" for line in _job_spec(run)),
        *(_claim(run) if run.needs_disk else ()),
    ]
    return "\n".join(lines) + "\n"


def _secret_comment(run: ScheduledRun) -> Iterator[str]:
    if run.secrets:
        literals = " ".join(f"--from-literal={name}=…" for name in run.secrets)
        yield f"# kubectl create secret generic {run.campaign} {literals}"


def _claim(run: ScheduledRun) -> Iterator[str]:
    """Yield the disk of the output folder."""
    shared = run.shards > 1
    yield from (
        "---",
        "# Each shard has a folder of its own there; the ledger is in Postgres."
        if shared
        else "# The ledger lies in the output folder: it must outlive every pod.",
        "apiVersion: v1",
        "kind: PersistentVolumeClaim",
        "metadata:",
        f"  name: {json.dumps(f'{run.campaign}-output')}",
        "spec:",
        f"  accessModes: [{'ReadWriteMany' if shared else 'ReadWriteOnce'}]",
        "  resources: {requests: {storage: 20Gi}}",
    )


def _job_spec(run: ScheduledRun) -> Iterator[str]:
    if run.shards > 1:
        yield from (
            f"completions: {run.shards}",
            f"parallelism: {run.shards}",
            "completionMode: Indexed",
            f"backoffLimitPerIndex: {TRIES}",
        )
    else:
        yield f"backoffLimit: {TRIES}"
    fail = "FailIndex" if run.shards > 1 else "FailJob"
    yield from (
        f"activeDeadlineSeconds: {LONGEST * 3600} # ends a run that hangs",
        "podFailurePolicy:",
        "  rules:",
        "    - action: Ignore # a node that goes: the ledger has what was paid for",
        "      onPodConditions: [{type: DisruptionTarget}]",
        f"    - action: {fail} # another try would end in the same way",
        f"      onExitCodes: {{containerName: pipeline, operator: In, values: {[*IN_VAIN]}}}",
        "    - action: Count # the disk, or another run is active: tried again",
        f"      onExitCodes: {{containerName: pipeline, operator: In, values: {[*AGAIN]}}}",
        "template:",
        "  spec:",
    )
    yield from (f"    {line}" for line in _pod_spec(run))


def _command(run: ScheduledRun) -> Sequence[str]:
    """Return the command of a container; a shell adds one to the index of its shard."""
    if run.shards == 1:
        return run.words_elsewhere
    options = run.shard_options("$((JOB_COMPLETION_INDEX + 1))", output="output")
    return ("sh", "-c", f"exec {shlex.join(run.words_elsewhere)}{options}")


def _pod_spec(run: ScheduledRun) -> Iterator[str]:
    yield from (
        "restartPolicy: Never",
        f"terminationGracePeriodSeconds: {DRAIN} # for images in flight",
        "containers:",
        "  - name: pipeline",
        f"    image: {json.dumps(run.image)}",
        f"    workingDir: {FOLDER}",
        f"    command: {json.dumps([*_command(run)], ensure_ascii=False)}",
    )
    yield f"    env: [{{name: PIPELINE_OUTPUT, value: {FOLDER}/output}}]"
    if run.secrets:
        yield f"    envFrom: [{{secretRef: {{name: {json.dumps(str(run.campaign))}}}}}]"
    claim = f"persistentVolumeClaim: {{claimName: {json.dumps(f'{run.campaign}-output')}}}"
    volume = claim if run.needs_disk else "emptyDir: {}"
    yield from (
        '    resources: {requests: {cpu: "1", memory: 1Gi}}',
        f"    volumeMounts: [{{name: output, mountPath: {FOLDER}/output}}]",
        f"volumes: [{{name: output, {volume}}}]",
    )
