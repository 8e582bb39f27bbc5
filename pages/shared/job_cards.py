"""Cards of the documents being taken in: how far, how fast, how long; afterwards what went wrong.

Cards refresh by themselves only while something is under way.
"""

from __future__ import annotations

import time

import streamlit as st

from ingest.jobs import Job
from ingest.progress import FileProgress, FileResult
from pages.shared import session
from pages.shared.figures import counted, time_left_text
from pages.shared.plain_text import markdown_plain, shortened

#: Files listed in a card; the others are counted.
SHOWN = 8
REFRESH_SECONDS = 1.0
#: Which files a card lists first.
_ORDER = {"embedding": 0, "chunking": 1, "reading": 2, "failed": 3, "waiting": 4, "done": 5}


def draw_jobs(collection: str) -> None:
    """The cards of a collection, newest first; the page runs again when the last job ends."""
    active = any(job.active for job in session.jobs().jobs(collection))
    st.fragment(_draw_cards, run_every=REFRESH_SECONDS if active else None)(collection, active)


def _draw_cards(collection: str, was_active: bool) -> None:
    jobs = session.jobs().jobs(collection)
    if was_active and not any(job.active for job in jobs):
        st.rerun()
    for job in jobs:
        if job.active:
            _draw_running(job)
        else:
            _draw_ended(job)


def _draw_running(job: Job) -> None:
    progress = job.progress
    files = list(progress.files.values())
    with st.container(border=True, key=f"job-{job.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            heading = "Next in line" if job.state == "waiting" else "Adding"
            st.markdown(f"**{heading}: {markdown_plain(shortened(job.label, 80))}**")
            st.space("stretch")
            stopping = job.cancelled.is_set()
            if st.button(
                "Stopping…" if stopping else "Stop",
                key=f"stop-{job.id}",
                icon=":material/stop_circle:",
                disabled=stopping,
            ):
                session.jobs().cancel(job)
                st.rerun(scope="fragment")
        facts = [f"{progress.done()} of {counted(len(files), 'file')} done"]
        if job.state == "running":
            elapsed = max(time.monotonic() - progress.started, 0.001)
            if progress.chunks_done:
                facts.append(f"{progress.chunks_done / elapsed:.0f} passages a second")
            facts.append(time_left_text(progress.seconds_left()))
        st.progress(_fraction(files), text=" · ".join(facts))
        _draw_files(files)


def _fraction(files: list[FileProgress]) -> float:
    """Share of the work done, each file counting by its size."""
    whole = done = 0.0
    for file in files:
        weight = max(file.size, 1000)
        whole += weight
        if file.result is not None:
            done += weight
        elif file.chunks:
            done += weight * file.chunks_done / file.chunks
    return min(done / whole, 1.0) if whole else 0.0


def _draw_files(files: list[FileProgress]) -> None:
    listed = sorted(files, key=lambda file: _ORDER.get(file.stage, 9))[:SHOWN]
    rows = [f"| {markdown_plain(shortened(file.file, 60))} | {_stage_text(file)} |" for file in listed]
    st.markdown("\n".join(["| File | Now |", "| :--- | :--- |", *rows]))
    others = files if len(files) > SHOWN else []
    if others:
        waiting = sum(1 for file in others if file.stage == "waiting")
        st.caption(f"{counted(len(files), 'file')} in all, {waiting:,} waiting.")


def _stage_text(file: FileProgress) -> str:
    """Where a file stands, in plain words."""
    if file.result is not None:
        return _result_text(file.result)
    if file.stage == "embedding":
        if file.chunks_done >= file.chunks:
            return "Saving"
        return f"Understanding passage {file.chunks_done:,} of {file.chunks:,}"
    return {"reading": "Reading", "chunking": "Cutting into passages"}.get(file.stage, "Waiting")


def _result_text(result: FileResult) -> str:
    if result.status in ("failed", "empty"):
        reason = markdown_plain(result.error or "")
        return f"Failed: {reason}" if result.status == "failed" else f"No text: {reason}"
    if result.status == "unchanged":
        return "Already here, unchanged"
    return f"Done, {counted(result.chunks, 'passage')}"


def _draw_ended(job: Job) -> None:
    troubled = [result for result in job.results if result.status in ("failed", "empty")]
    if job.state == "failed":
        _draw_note(job, "error", f"**{_label(job)}**: {markdown_plain(job.error)}", _left_out(job))
    elif job.state == "cancelled":
        left_out = _left_out(job)
        text = f"**Stopped: {_label(job)}.** {_summary(job)} {counted(len(left_out), 'file')} left out."
        _draw_note(job, "info", text, left_out)
    elif not troubled:
        _draw_note(job, "success", f"**{_label(job)}**: {_summary(job)}", [])
    if troubled:
        _draw_troubled(job, troubled)


def _draw_note(job: Job, kind: str, text: str, left_out: list[str]) -> None:
    draw = {"error": st.error, "info": st.info, "success": st.success}[kind]
    icon = {"error": "error", "info": "stop_circle", "success": "check_circle"}[kind]
    with st.container(horizontal=True, vertical_alignment="center", key=f"note-{job.id}"):
        draw(text, icon=f":material/{icon}:")
        if left_out and st.button("Go on", key=f"go-on-{job.id}", icon=":material/play_arrow:"):
            session.jobs().retry(job, left_out)
            st.rerun()
        if kind == "success" and st.button("Ask about them", key=f"ask-{job.id}", icon=":material/forum:"):
            session.open_conversation(None)
            st.switch_page("chat.py")
        _draw_dismiss(job)


def _draw_dismiss(job: Job) -> None:
    if st.button("Dismiss", key=f"dismiss-{job.id}", type="tertiary"):
        session.jobs().forget(job)
        st.rerun()


def _draw_troubled(job: Job, troubled: list[FileResult]) -> None:
    kept = {source.name for source in job.sources}
    with st.container(border=True, key=f"troubled-{job.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                f":material/warning: **{_label(job)}**: {counted(len(troubled), 'file')} could not be read. "
                f"{_summary(job)}"
            )
            st.space("stretch")
            again = [result.file for result in troubled if result.file in kept]
            if again and st.button("Try again", key=f"again-{job.id}", icon=":material/refresh:"):
                session.jobs().retry(job, again)
                st.rerun()
            if job.state == "done":
                _draw_dismiss(job)
        for number, result in enumerate(troubled[:SHOWN]):
            reason = markdown_plain(result.error or "")
            st.markdown(f"{markdown_plain(shortened(result.file, 80))}  \n:small[{reason}]")
            if result.file in kept and wants_password(result.file, result.error or ""):
                password = draw_password(f"{job.id}-{number}")
                if password:
                    session.jobs().retry(job, [result.file], password=password)
                    st.rerun()
        if len(troubled) > SHOWN:
            st.caption(f"And {len(troubled) - SHOWN:,} more; the list below has all of them.")


def wants_password(name: str, error: str) -> bool:
    """Whether a password would help: a protected PDF, as the reader's message says."""
    return name.lower().endswith(".pdf") and "password" in error.lower()


def draw_password(key: str) -> str:
    """A field for the password of a file; returns it once it is sent, else an empty string."""
    with st.form(f"password-{key}", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        password = st.text_input("Password of this file", type="password", autocomplete="off", width=280)
        sent = st.form_submit_button("Open with it", icon=":material/lock_open:")
    return str(password or "") if sent else ""


def _label(job: Job) -> str:
    return markdown_plain(shortened(job.label, 80))


def _left_out(job: Job) -> list[str]:
    settled = {result.file for result in job.results}
    return [source.name for source in job.sources if source.name not in settled]


def _summary(job: Job) -> str:
    """What has been added, in one sentence."""
    by_status: dict[str, int] = {}
    for result in job.results:
        by_status[result.status] = by_status.get(result.status, 0) + 1
    parts = []
    if by_status.get("added"):
        parts.append(f"{counted(by_status['added'], 'document')} added")
    if by_status.get("updated"):
        parts.append(f"{by_status['updated']:,} read again")
    if by_status.get("unchanged"):
        parts.append(f"{by_status['unchanged']:,} already here")
    if not parts:
        return "Nothing was added."
    return f"{', '.join(parts)}.".capitalize()
