"""Cards of the documents being taken in: how far, how fast, how long; afterwards what went wrong.

Cards refresh by themselves only while something is under way.
"""

from __future__ import annotations

import streamlit as st

from ingest.job_views import Job
from ingest.progress import FileProgress, FileResult
from pages.shared import session
from pages.shared.figures import counted, time_left_text
from pages.shared.job_results import draw_results
from pages.shared.plain_text import markdown_plain, shortened
from rag.collection_names import is_attached

#: Files listed in a card, and cards of ended jobs; the others are counted.
SHOWN = 8
REFRESH_SECONDS = 1.0


def draw_jobs(collection: str) -> None:
    """The cards of a collection, newest first; the page runs again when the last job ends."""
    active = any(job.active for job in session.jobs().jobs(collection))
    st.fragment(_draw_cards, run_every=REFRESH_SECONDS if active else None)(collection, active)


def _draw_cards(collection: str, was_active: bool) -> None:
    jobs = session.jobs().jobs(collection)
    under_way = [job for job in jobs if job.active or job.state == "paused"]
    if was_active and not any(job.active for job in jobs):
        st.rerun()
    # The one at work is the oldest.
    for job in [*reversed(under_way[-SHOWN:])]:
        _draw_under_way(job)
    if len(under_way) > SHOWN:
        st.caption(f"And {len(under_way) - SHOWN:,} more that wait.")
    ended = [job for job in jobs if job not in under_way]
    for job in ended[:SHOWN]:
        _draw_ended(job)
    if len(ended) > SHOWN:
        st.caption(f"And {len(ended) - SHOWN:,} earlier ones.")


def _draw_under_way(job: Job) -> None:
    with st.container(border=True, key=f"job-{job.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{_heading(job)}: {_label(job)}**")
            st.space("stretch")
            if job.state == "paused":
                if st.button("Go on", key=f"resume-{job.id}", icon=":material/play_arrow:"):
                    session.jobs().resume(job)
                    st.rerun()
            else:
                _draw_wish(job, "pause", "Pause", "Pausing…", ":material/pause_circle:")
            _draw_wish(job, "cancel", "Stop", "Stopping…", ":material/stop_circle:")
        if job.error:
            st.warning(markdown_plain(job.error), icon=":material/warning:")
        st.progress(min(job.fraction, 1.0), text=" · ".join(_facts(job)))
        _draw_files(job)


def _draw_wish(job: Job, wish: str, words: str, meanwhile: str, icon: str) -> None:
    pending = job.wish == wish
    if st.button(
        meanwhile if pending else words, key=f"{wish}-{job.id}", icon=icon, disabled=pending or bool(job.wish)
    ):
        jobs = session.jobs()
        (jobs.pause if wish == "pause" else jobs.cancel)(job)
        st.rerun()


def _heading(job: Job) -> str:
    if job.interrupted:
        return "Interrupted"
    return {"waiting": "Next in line", "paused": "Paused"}.get(job.state, "Adding")


def _facts(job: Job) -> list[str]:
    if not job.files:
        return ["Looking for files" if job.state == "running" else "Not begun yet"]
    facts = [f"{job.done:,} of {counted(job.files, 'file')} done"]
    if job.pages:
        facts.append(counted(job.pages, "page"))
    if job.interrupted:
        return [*facts, "it goes on by itself from where it stopped"]
    if job.state == "running":
        if job.chunks_a_second:
            facts.append(f"{job.chunks_a_second:.0f} passages a second")
        facts.append(time_left_text(job.seconds_left))
    return facts


def _draw_files(job: Job) -> None:
    files = session.jobs().files(job, limit=SHOWN)
    if not files:
        return
    rows = [f"| {markdown_plain(shortened(file.file, 60))} | {_stage_text(file)} |" for file in files]
    st.markdown("\n".join(["| File | Now |", "| :--- | :--- |", *rows]))
    if job.files > SHOWN:
        st.caption(f"{counted(job.files, 'file')} in all, {job.left_out:,} to do.")


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
    if job.state == "failed":
        _draw_note(job, "error", f"**{_label(job)}**: {markdown_plain(job.error)}")
    elif job.state == "cancelled":
        text = f"**Stopped: {_label(job)}.** {_summary(job)} {counted(job.left_out, 'file')} left out."
        _draw_note(job, "info", text)
    elif not job.troubled:
        _draw_note(job, "success", f"**{_label(job)}**: {_summary(job)}")
    if job.troubled:
        _draw_troubled(job)
    elif job.files > 1:
        draw_results(job, opened=False)


def _draw_note(job: Job, kind: str, text: str) -> None:
    draw = {"error": st.error, "info": st.info, "success": st.success}[kind]
    icon = {"error": "error", "info": "stop_circle", "success": "check_circle"}[kind]
    with st.container(horizontal=True, vertical_alignment="center", key=f"note-{job.id}"):
        draw(text, icon=f":material/{icon}:")
        may_go_on = job.state in ("failed", "cancelled")
        if may_go_on and st.button("Go on", key=f"go-on-{job.id}", icon=":material/play_arrow:"):
            session.jobs().resume(job)
            st.rerun()
        if kind == "success":
            _draw_ask(job)
        _draw_dismiss(job)


def _draw_ask(job: Job) -> None:
    # What is attached to a conversation is asked about there, and in no new one.
    if not is_attached(job.collection) and st.button(
        "Ask about them", key=f"ask-{job.id}", icon=":material/forum:"
    ):
        session.open_conversation(None)
        st.switch_page("chat.py")


def _draw_dismiss(job: Job) -> None:
    if st.button("Dismiss", key=f"dismiss-{job.id}", type="tertiary"):
        session.jobs().forget(job)
        st.rerun()


def _draw_troubled(job: Job) -> None:
    with st.container(border=True, key=f"troubled-{job.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f":material/warning: **{_label(job)}**: {_trouble(job)} {_summary(job)}")
            st.space("stretch")
            if job.state == "done" and job.counts.keys() & {"added", "updated", "unchanged"}:
                _draw_ask(job)
            if st.button("Try again", key=f"again-{job.id}", icon=":material/refresh:"):
                session.jobs().retry(job)
                st.rerun()
            if job.state == "done":
                _draw_dismiss(job)
        # Few are told one below the other; of many, those that wait for a password.
        few = job.troubled <= SHOWN
        if job.files > 1:
            draw_results(job, opened=not few)
        asked: set[str] = set()
        for number, file in enumerate(session.jobs().troubled(job)):
            reason = (file.result.error if file.result else "") or ""
            archive = _archive_of(file.file)
            asks = wants_password(file.file, reason) and archive not in asked and len(asked) < SHOWN
            if few or asks:
                st.markdown(f"{markdown_plain(shortened(file.file, 80))}  \n:small[{markdown_plain(reason)}]")
            if asks:
                asked.add(archive)
                _draw_password_of(job, archive, f"{job.id}-{number}")


def _draw_password_of(job: Job, archive: str, key: str) -> None:
    password = draw_password(key)
    if password:
        locked = [file.file for file in session.jobs().troubled(job) if _archive_of(file.file) == archive]
        session.jobs().retry(job, locked, password=password)
        st.rerun()


def _archive_of(name: str) -> str:
    """The outermost archive that a file is in, which has one password; the file itself when it is in none."""
    return name.partition("!")[0]


def wants_password(name: str, error: str) -> bool:
    """Whether a password would help: it does where the reader's message asks for one."""
    return name in error and "password" in error and "Give the" in error


def draw_password(key: str) -> str:
    """A field for the password of a file; returns it once it is sent, else an empty string."""
    with st.form(f"password-{key}", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        password = st.text_input("Password of this file", type="password", autocomplete="off", width=280)
        sent = st.form_submit_button("Open with it", icon=":material/lock_open:")
    return str(password or "") if sent else ""


def _label(job: Job) -> str:
    return markdown_plain(shortened(job.label, 80))


def _trouble(job: Job) -> str:
    """What went wrong, in one sentence."""
    failed, empty = job.counts.get("failed", 0), job.counts.get("empty", 0)
    parts = [f"{counted(failed, 'file')} could not be read"] if failed else []
    if empty:
        those = f"{empty:,}" if failed else counted(empty, "file")
        parts.append(f"{those} {'holds' if empty == 1 else 'hold'} no text")
    return f"{', '.join(parts)}."


def _summary(job: Job) -> str:
    """What has been added, in one sentence."""
    parts = []
    if job.counts.get("added"):
        parts.append(f"{counted(job.counts['added'], 'document')} added")
    if job.counts.get("updated"):
        parts.append(f"{job.counts['updated']:,} read again")
    if job.counts.get("unchanged"):
        parts.append(f"{job.counts['unchanged']:,} already here")
    if not parts:
        return "Nothing was added."
    return f"{', '.join(parts)}.".capitalize()
