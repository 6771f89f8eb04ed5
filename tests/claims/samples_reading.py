"""Read inspect-ai's logs: their headers, and what each sample scored; members are compressed by zstandard."""

import json
import struct
import sys
import zipfile
from pathlib import Path

from claims.claims_reading import Json

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_MARKS = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
_LOCAL_HEADER_BYTES = 30


def read_member(path: Path, name: str) -> Json:
    """Return a member of a log."""
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo(name)
    raw = path.read_bytes()[info.header_offset :]
    begin = _LOCAL_HEADER_BYTES + sum(struct.unpack("<HH", raw[26:_LOCAL_HEADER_BYTES]))
    found: Json = json.loads(zstd.decompress(raw[begin : begin + info.compress_size]))
    return found


def scores_of(path: Path, scorer: str) -> dict[str, float]:
    """Return what each sample of a log scored, by its id."""
    with zipfile.ZipFile(path) as archive:
        members = [name for name in archive.namelist() if name.startswith("samples/")]
    samples = [read_member(path, name) for name in members]
    return {str(sample["id"]): _MARKS[sample["scores"][scorer]["value"]] for sample in samples}
