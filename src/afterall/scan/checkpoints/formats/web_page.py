"""Recognise a web page saved in place of a file: what a failed download leaves behind.

Invariant: only a page's own opening counts, never markup somewhere inside.
"""

from afterall.model import FindingCode
from afterall.scan.checkpoints.formats.contents import Contents, Fault, Format, Readable

NAME = "web-page"

_OPENINGS = (b"<!doctype html", b"<html", b"<head", b"<?xml", b"<error>")


def _recognises(head: bytes) -> bool:
    return head[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_OPENINGS)


def _read(_: Readable, __: bytes) -> Contents:
    return Contents(format=NAME, faults=(Fault(FindingCode.FILE_NOT_ITS_FORMAT, {"is": NAME}),))


FORMAT = Format(name=NAME, recognises=_recognises, read=_read)
