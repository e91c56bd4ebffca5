"""What a token may read of a Jenkins, each right tried by itself, and which jobs a person may choose from."""

from __future__ import annotations

from metrics import read
from metrics.events import Found, ProviderError

from .client import Client, Job

CHOICES = 50


def check(client: Client, chosen: tuple[str, ...], *, anonymous: bool) -> Found:
    """Raises ProviderError when nothing can be read at all."""
    answer = client.get("", accept=(), tree="_class,mode")
    client.said(answer)
    version = read.text(answer.headers.get("x-jenkins"), 40)
    if not version:
        raise ProviderError(
            "This address answers, and it is not Jenkins.",
            advice="Enter the address of Jenkins' first page, with the path it lies under, if any.",
            permanent=True,
        )
    jobs: list[Job] = []
    missing = []
    for name in chosen or ("",):
        found = client.jobs(name)
        if found is None:
            missing.append(name)
        jobs += found or ()
    if not jobs:
        raise ProviderError(
            f"Jenkins {version} answers and shows {'nobody' if anonymous else 'this token'} "
            f"{'the jobs that were chosen' if chosen else 'any job'}.",
            advice="Give the user the rights Overall/Read and Job/Read, and enter it as user:token.",
            permanent=True,
        )
    can, cannot = _rights(client, jobs)
    groups = sorted({job.group for job in jobs})
    count = f"{len(groups)} job{'' if len(groups) == 1 else 's'}"
    sentence = f"Jenkins {version} answers and shows {count}{', read by anybody' if anonymous else ''}. "
    sentence += f"We can read {' and '.join(can)}" + (f", and cannot read {' and '.join(cannot)}." if cannot else ".")
    if missing:
        sentence += f" {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not there."
    return Found(
        sentence, {"version": version, "jobs": len(groups)}, can=tuple(can), cannot=tuple(cannot),
        choices=tuple(groups[:CHOICES]), more_choices=len(groups) > CHOICES,
    )  # fmt: skip


def search(client: Client, words: str) -> Found:
    """Jobs and folders whose name holds `words`."""
    wanted = words.strip().casefold()
    groups = {job.group for job in client.jobs() or ()}
    folders = {"/".join(name.split("/")[:depth]) for name in groups for depth in range(1, name.count("/") + 1)}
    found = sorted(name for name in groups | folders if wanted in name.casefold())
    if not found:
        return Found("No job or folder is called like this.")
    count = f"{len(found)} job{'' if len(found) == 1 else 's'} or folders found."
    return Found(count, choices=tuple(found[:CHOICES]), more_choices=len(found) > CHOICES)


def _rights(client: Client, jobs: list[Job]) -> tuple[list[str], list[str]]:
    can: list[str] = ["jobs"]
    cannot: list[str] = []
    built = next((job for job in jobs if job.last is not None), None)
    if built is None:
        return can, cannot
    rows = client.builds(built, 0, 1)
    (cannot if rows is None else can).append("builds")
    for job in [job for job in jobs if job.last is not None][:20]:
        newest = next(iter(client.builds(job, 0, 1) or ()), None)
        if newest is not None and "WorkflowRun" in read.text(newest.get("_class"), 200):
            told = client.stages(job.name, read.ident(newest.get("number")))
            (cannot if told is None else can).append("stages")
            break
    return can, cannot
