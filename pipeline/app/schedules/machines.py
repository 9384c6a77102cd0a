"""Schedules on machines with a disk of their own: systemd, cron and SLURM."""

import re
import shlex

from pipeline.app.schedules.scheduled_run import (
    AGAIN,
    DRAIN,
    IN_VAIN,
    LONGEST,
    PAUSE,
    TRIES,
    WAITS,
    ScheduledRun,
    codes,
)

_PLAIN = re.compile(r"[A-Za-z0-9_@+=:,./-]+")
_HOME = "$HOME/.config/campaign-pipeline"


def systemd_units(run: ScheduledRun) -> str:
    """Return a service and its timer."""
    unit = f"campaign-{run.campaign}"
    environment = run.environment_file("/etc/campaign-pipeline")
    never = codes(sorted((*IN_VAIN, WAITS, 130, 143)))
    lines = [
        f"# /etc/systemd/system/{unit}.service",
        f"# then: systemctl enable --now {unit}.timer",
        *run.comment_on(environment),
        "[Unit]",
        f"Description=Render the campaign {run.campaign}",
        "Wants=network-online.target",
        "After=network-online.target",
        f"StartLimitIntervalSec={LONGEST}h",
        f"StartLimitBurst={TRIES + 1}",
        "",
        "[Service]",
        "Type=oneshot",
        *([f"User={run.user}"] if run.user else []),
        f"WorkingDirectory={_systemd_text(str(run.project))}",
        *([f"EnvironmentFile={_systemd_text(environment)}"] if run.secrets else []),
        f"ExecStart={' '.join(map(_systemd_word, run.words_here))}",
        f"# {codes(AGAIN, ' and ')} are tried again: the disk, or another run is active",
        "Restart=on-failure",
        f"RestartSec={PAUSE}",
        f"RestartPreventExitStatus={never}",
        f"SuccessExitStatus={WAITS}",
        "KillMode=mixed",
        "# A run that hangs is ended: choose more than your longest run takes.",
        f"TimeoutStartSec={LONGEST}h",
        f"TimeoutStopSec={DRAIN}",
        "",
        f"# /etc/systemd/system/{unit}.timer",
        "[Unit]",
        f"Description=Render the campaign {run.campaign} daily",
        "",
        "[Timer]",
        f"OnCalendar={run.at.calendar}",
        "Persistent=true",
        "",
        "[Install]",
        "WantedBy=timers.target",
    ]
    return "\n".join(lines) + "\n"


def _systemd_text(text: str) -> str:
    return text.replace("%", "%%")


def _systemd_word(word: str) -> str:
    """Return a word of a command line, in which systemd expands `%` and `$`."""
    text = word.replace("%", "%%").replace("$", "$$")
    if _PLAIN.fullmatch(word):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def crontab_line(run: ScheduledRun) -> str:
    """Return a line of a crontab, in which `%` would begin the input of the command."""
    environment = run.environment_file(_HOME)
    parts = [f"cd {shlex.quote(str(run.project))}"]
    if run.secrets:
        parts.append(f'set -a && . "{environment}" && set +a')
    command = " && ".join((*parts, f"exec {run.in_shell}")).replace("%", "\\%")
    lines = [
        f"# crontab -e: {run.campaign}, daily in this machine's time",
        "# cron mails what is printed.",
        *run.comment_on(environment),
        "# While another run is active, this one ends with 75 and prints nothing.",
        f"{run.at.cron}  {command}",
    ]
    return "\n".join(lines) + "\n"


def slurm_script(run: ScheduledRun) -> str:
    """Return a batch script, which forwards the warning of SLURM and asks to be queued again."""
    environment = run.environment_file(_HOME)
    lines = [
        "#!/bin/bash",
        f"# sbatch {run.campaign}.sbatch; daily with scrontab -e:",
        f"#   {run.at.cron} sbatch {shlex.quote(str(run.project / f'{run.campaign}.sbatch'))}",
        *run.comment_on(environment),
        f"#SBATCH --job-name={run.campaign}",
        f"#SBATCH --chdir={shlex.quote(str(run.project))}",
        "#SBATCH --ntasks=1 --cpus-per-task=2 --mem=2G",
        f"#SBATCH --time={LONGEST:02}:00:00",
        f"#SBATCH --signal=B:TERM@{DRAIN}",
        "#SBATCH --requeue --open-mode=append",
        *([f"#SBATCH --array=1-{run.shards}"] if run.shards > 1 else []),
        "set -u",
        *([f'set -a && . "{environment}" && set +a'] if run.secrets else []),
        f"{run.in_shell}{run.shard_options('$SLURM_ARRAY_TASK_ID', output=str(run.output))} &",
        "run=$!",
        "trap 'kill -TERM \"$run\"' TERM INT # time is up: images in flight are waited for",
        "code=0",
        'wait "$run" || code=$?',
        'while kill -0 "$run" 2>/dev/null; do code=0; wait "$run" || code=$?; done',
        'case "$code" in',
        f"  {codes(AGAIN, ' | ')}) # the disk, or another run is active",
        f'    if [ "${{SLURM_RESTART_COUNT:-0}}" -lt {TRIES} ]; then',
        f'      sleep {PAUSE} && scontrol requeue "$SLURM_JOB_ID"',
        "    fi ;;",
        f"  {WAITS}) code=0 ;; # drafts wait for review",
        "esac",
        'exit "$code"',
    ]
    return "\n".join(lines) + "\n"
