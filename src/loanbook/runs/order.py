"""The order of the day: which steps it has, what each needs, and what each says it did.

A step is a function of the day. It says what it did, or raises what stopped it; then the steps that
need it are skipped and the others go on. Another part of the program adds a step by adding it to
`STEPS`, in the order in which the steps are to be done.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from loanbook import delinquency
from loanbook.errors import MissingExtra
from loanbook.mart import checks, figures, findings
from loanbook.portfolio import lake, report, snapshots
from loanbook.runs import journal, letters, sourcing, steps
from loanbook.runs.day import Outcome, Step
from loanbook.staging.batches import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from loanbook.runs.day import Day

SHOWN = 20  # offending rows told of each failed check


def _always(_: Day) -> bool:
    return True


def _stage(day: Day) -> Outcome:
    day.files = sourcing.stage_main(day.book, day.settings, day.paths, _request(day), day.progress)
    refused = [str(file.problem) for file in day.files if file.outcome == "refused"]
    for source in sourcing.with_places(day.settings):
        folder = sourcing.ready_folder(day.settings, source)
        paths = day.among(folder) if folder.is_dir() else []
        request = replace(_request(day), source=source)
        staged = sourcing.stage_ready(day.book, day.settings, paths, request, day.progress)
        day.ready += staged
        day.files += [file for _, file in staged]
        if source.taking.required:
            refused += [str(file.problem) for _, file in staged if file.outcome == "refused"]
    by_outcome = {
        outcome: sum(file.outcome == outcome for file in day.files)
        for outcome in ("staged", "known", "early", "refused")
    }
    lines = sum(file.lines for file in day.files)
    return Outcome({**by_outcome, "lines": lines}, " ".join(refused) or None)


def _request(day: Day) -> Request:
    return Request(as_of=day.undated, source=day.settings.sources["main"], until=day.as_of)


def _to_stage(day: Day) -> Mapping[str, object]:
    return {"looked_at": len(day.paths), "undated": day.undated}


def _promote(day: Day) -> Outcome:
    day.batches = steps.promote(
        day.book, day.settings, until=day.as_of, allow_deletions=day.allow_deletions
    )
    sourcing.clear_ready(day.book, day.ready)
    refused = [f"{b.file}: {b.problem}" for b in day.batches if b.outcome == "refused"]
    lines = [total for b in day.batches for total in b.totals if total.measure == "lines"]
    counts = {
        "batches": [batch.batch_id for batch in day.batches],
        "inserted": int(sum(total.inserted for total in lines)),
        "updated": int(sum(total.updated for total in lines)),
        "unchanged": int(sum(total.unchanged for total in lines)),
        "quarantined": int(sum(total.quarantined for total in lines)),
        "deleted": sum(batch.deleted for batch in day.batches),
    }
    return Outcome(counts, "; ".join(refused) or None)


def _classify(day: Day) -> Outcome:
    done = delinquency.classify(day.book, day.as_of)
    return Outcome(
        {
            "defaulted": done.defaulted,
            "denied": done.denied,
            "noted": done.noted,
            "closed": done.closed,
        }
    )


def _check(day: Day) -> Outcome:
    day.checked = checks.check(day.book, SHOWN)
    failed = [check.name for check in day.checked if not check.ok]
    flaw = f"{', '.join(failed)} failed" if failed else None
    return Outcome({"checks": len(day.checked), "failed": len(failed)}, flaw)


def _accept(day: Day) -> Outcome:
    figures.advance(day.book, day.as_of)
    return Outcome({"business_date": day.as_of})


def _record(day: Day) -> Outcome:
    loans, recorded = journal.record(day.book, day.run_id, day.as_of)
    return Outcome({"loans": loans} | ({} if recorded else {"left_out": "nothing new since"}))


def _snapshot(day: Day) -> Outcome:
    try:
        made = snapshots.write(day.book, day.settings.lake, day.as_of)
    except MissingExtra as missing:  # the book needs no lake; who wants one installs it
        return Outcome({"left_out": str(missing)})
    return Outcome({part.table: part.row_count for part in made.parts})


def _has_snapshot(day: Day) -> bool:
    return day.as_of in lake.days(day.settings.lake)


def _report(day: Day) -> Outcome:
    """From the snapshot, so that it tells of the day's book whatever is done in the meantime."""
    if not day.settings.runs.report:
        return Outcome({"left_out": "report = false in loanbook.toml"})
    if day.as_of != day.undated:
        return Outcome({"left_out": f"the report is that of {day.undated}"})
    try:
        made = report.from_lake(
            day.settings.lake, day.settings.output_dataviz, day.settings.currency, day.as_of
        )
    except MissingExtra as missing:  # as for the snapshot
        return Outcome({"left_out": str(missing)})
    return Outcome({"files": len(made.files)})


def _has_report(day: Day) -> bool:
    return report.page_of(day.settings.output_dataviz, day.as_of) is not None


def _to_report(day: Day) -> Mapping[str, object]:
    wanted = day.settings.runs.report and day.as_of == day.undated
    return {"wanted": wanted, "currency": day.settings.currency}


def _figures(day: Day) -> Outcome:
    day.found = figures.figures(day.book)
    day.months = figures.months(day.book)
    day.counts = findings.counts(day.book)
    return Outcome(
        {
            "clients": day.found.clients,
            "loans": day.found.loans,
            "payments": day.found.payments,
            "quarantine": day.found.quarantine,
            "findings": sum(one.count for one in day.counts),
        }
    )


def _remind(day: Day) -> Outcome:
    return _left_out_without_extra(letters.remind, day)


def _summarise(day: Day) -> Outcome:
    return _left_out_without_extra(letters.summarise, day)


def _deliver(day: Day) -> Outcome:
    try:
        counts, flaw = letters.deliver(day)
    except MissingExtra as missing:
        return Outcome({"left_out": str(missing)})
    return Outcome(counts, flaw)


def _left_out_without_extra(do: Callable[[Day], Mapping[str, object]], day: Day) -> Outcome:
    try:
        return Outcome(do(day))
    except MissingExtra as missing:  # as for the snapshot
        return Outcome({"left_out": str(missing)})


STEPS = (
    Step("stage", "files into the stage", (), _stage, inputs=_to_stage),
    Step("promote", "batches into the mart", ("stage",), _promote),
    Step("classify", "defaults and disagreements", ("promote",), _classify, stays=_always),
    Step("check", "what must never be so", ("promote", "classify"), _check),
    Step(
        "accept",
        "the book moves on",
        ("stage", "promote", "classify", "check"),
        _accept,
        needs_sound=True,
    ),
    Step("record", "the day in sums", ("accept",), _record, stays=_always),
    Step("snapshot", "the book into the lake", ("accept",), _snapshot, stays=_has_snapshot),
    Step(
        "report",
        "pictures and a page",
        ("snapshot",),
        _report,
        stays=_has_report,
        inputs=_to_report,
    ),
    Step("figures", "what the book holds", (), _figures),
    Step("remind", "letters to clients", ("accept",), _remind),
    Step("summarise", "the week to the team", ("accept",), _summarise),
    # Needs nothing: operators are told of a day that failed, too.
    Step("deliver", "letters on their way", (), _deliver),
)
