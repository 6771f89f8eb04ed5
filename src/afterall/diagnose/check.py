"""Hold the outcome of one check: what was looked at, what was found, what to do."""

from enum import StrEnum

from msgspec import Struct


class Outcome(StrEnum):
    """How a check came out."""

    GOOD = "good"
    DOUBT = "doubt"
    """It works, and could work better or fail one day."""
    WRONG = "wrong"
    UNKNOWN = "unknown"
    """It could not be looked at: the wrong user, or no such thing on this host."""


class Check(Struct, frozen=True, kw_only=True):
    """One line of the doctor's answer."""

    area: str
    """What part of the installation: "hook", "spool", "units", …"""
    subject: str
    """The file, command or setting that was looked at."""
    outcome: Outcome
    found: str
    fix: str = ""
    """What to do, "" where nothing is to be done."""


def good(area: str, subject: str, found: str) -> Check:
    """Return a check that came out well."""
    return Check(area=area, subject=subject, outcome=Outcome.GOOD, found=found)


def doubt(area: str, subject: str, found: str, fix: str) -> Check:
    """Return a check that works and could fail one day."""
    return Check(area=area, subject=subject, outcome=Outcome.DOUBT, found=found, fix=fix)


def wrong(area: str, subject: str, found: str, fix: str) -> Check:
    """Return a check that came out badly."""
    return Check(area=area, subject=subject, outcome=Outcome.WRONG, found=found, fix=fix)


def unknown(area: str, subject: str, found: str, fix: str = "") -> Check:
    """Return a check that could not be made."""
    return Check(area=area, subject=subject, outcome=Outcome.UNKNOWN, found=found, fix=fix)
