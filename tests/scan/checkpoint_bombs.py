# ruff: noqa: E501 - one bomb a line reads as a table
"""Make files that would take hours or gigabytes to a reader that trusts them, and read each within bounds.

Invariant: each is read by a process of its own, which the system ends at SECONDS of its time and refuses more
than BYTES beyond what it had before. Run as a program it prints what became of each, as JSON.
"""

import json
import os
import resource
import struct
import sys
import time
from collections.abc import Callable
from itertools import islice
from typing import NamedTuple

from afterall.scan.checkpoints.formats import extents_of, read_contents
from afterall.scan.checkpoints.formats.archive import BrokenArchive
from scan.checkpoint_making import Named, Persistent, pickled, raw_safetensors, zip_bytes
from scan.checkpoint_memory import Memory

SECONDS = 12
BYTES = 280 << 20
HEAD = 1 << 16

NULL = b"N"
TEXT_10_MB = b"X" + struct.pack("<I", 10_000_000) + b"a" * 10_000_000
TENSOR = b"ctorch._utils\n_rebuild_tensor_v2\n"
STORAGE = pickled(Persistent(("storage", Named("torch", "FloatStorage"), "0", "cpu", 4)))[2:-1]


class Bomb(NamedTuple):
    """A file's name, and how to make its bytes."""

    file: str
    make: Callable[[], bytes]


def saved(program: bytes) -> bytes:
    """Return a torch archive whose pickle is this program."""
    return zip_bytes({"a/data.pkl": b"\x80\x02" + program + b".", "a/data/0": bytes(16)})


def of_shape(sizes: bytes) -> bytes:
    """Return a safetensors file with a tensor of this shape."""
    return raw_safetensors(b'{"a":{"dtype":"F32","shape":[' + sizes + b'],"data_offsets":[0,4]}}', bytes(4))


def gguf(rest: bytes, values: int) -> bytes:
    """Return the begin of a GGUF file that promises so many values, and 16 MB behind it."""
    return b"GGUF" + struct.pack("<IQQ", 3, 0, values) + rest + bytes(16 << 20)


def many_records(count: int) -> bytes:
    """Return a torch archive with a directory of so many different names, all but one at the same place."""
    entry = struct.Struct("<4s6H3L5H2L7s")
    pickle = saved(b"}")
    begin = pickle[: pickle.index(b"PK\1\2")]
    first = pickle[len(begin) : pickle.index(b"PK\1\2", len(begin) + 4)]
    directory = first + b"".join(
        entry.pack(b"PK\1\2", *[0] * 9, 7, *[0] * 6, b"%07d" % number) for number in range(count)
    )
    counts = (count + 1, count + 1, len(directory), len(begin))
    end = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 0, 0, 0, 0, *counts)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, len(begin) + len(directory), 1)
    narrow = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return begin + directory + end + locator + narrow


BOMBS: dict[str, Bomb] = {
    # safetensors headers
    "a string of escapes that never ends": Bomb("m.safetensors", lambda: raw_safetensors(b'{"' + b'\\"' * 1_900_000 + b"[" * 130, b"")),
    "a shape of 700 000 times 2^63 - 1": Bomb("m.safetensors", lambda: of_shape(b",".join([b"9223372036854775807"] * 700_000))),
    "a shape of four million ones": Bomb("m.safetensors", lambda: of_shape(b",".join([b"1"] * 4_000_000))),
    "1 300 000 strings and one surrogate pair": Bomb("m.safetensors", lambda: raw_safetensors(b'{"\\ud83d\\ude00":1,"a":[' + b'"",' * 1_300_000 + b'""]}', b"")),
    "a number of four million digits": Bomb("m.safetensors", lambda: raw_safetensors(b'{"a":0.' + b"1234567890" * 400_000 + b"}", b"")),
    # pickles
    "a tuple of 200 000 as a key, 200 000 times": Bomb("m.pt", lambda: saved(b"(" + NULL * 200_000 + b"tq\x010}" + b"h\x01Ns" * 200_000)),
    "a number of 20 MB as a key, 200 000 times": Bomb("m.pt", lambda: saved(b"\x8b" + struct.pack("<i", 20_000_000) + b"\x7f" * 20_000_000 + b"q\x010}" + b"h\x01Ns" * 200_000)),
    "two equal texts of 10 MB as keys in turn": Bomb("m.pt", lambda: saved(TEXT_10_MB + b"q\x010" + TEXT_10_MB + b"q\x020}" + b"h\x01Nsh\x02Ns" * 150_000)),
    "two equal texts of 10 MB as globals in turn": Bomb("m.pt", lambda: saved(TEXT_10_MB + b"q\x010" + TEXT_10_MB + b"q\x020" + b"h\x01h\x01\x930h\x02h\x02\x930" * 90_000 + NULL)),
    "a shape of 400 000 times 2^62": Bomb("m.pt", lambda: saved(b"\x8a\x08" + (2**62).to_bytes(8, "little") + b"q\x010(" + b"h\x01" * 400_000 + b"tq\x020}X\x01\0\0\0w" + TENSOR + b"(" + STORAGE + b"K\0h\x02h\x02tRs")),
    "70 000 tensors of a shape of 200 000": Bomb("m.pt", lambda: saved(b"(" + b"K\x01" * 200_000 + b"tq\x020" + STORAGE + b"q\x030" + TENSOR + b"q\x050](" + b"h\x05(h\x03K\0h\x02h\x02tR" * 70_000 + b"e")),
    "a list that holds itself 400 000 times": Bomb("m.pt", lambda: saved(b"]q\x01(" + b"h\x01" * 400_000 + b"e")),
    "lists in lists, each twice, 900 levels": Bomb("m.pt", lambda: saved(b"]" + b"".join(b"r" + struct.pack("<I", n) + b"0](" + (b"j" + struct.pack("<I", n)) * 2 + b"e" for n in range(900)))),
    "900 000 pairs of a million marks": Bomb("m.pt", lambda: saved(b"(" * 600_000 + NULL * 600_000 + b"t" + b"t0" * 300_000 + NULL)),
    "seven thousand lines of 4 000 digits": Bomb("m.pt", lambda: saved((b"I" + b"7" * 3900 + b"\n") * 7000)),
    "a float of 20 million digits": Bomb("m.pt", lambda: saved(b"F0." + b"12345678901234567890" * 1_000_000 + b"e-5\n")),
    "three million lists": Bomb("m.pt", lambda: saved(b"]" * 3_000_000)),
    "a memo slot of 2^31": Bomb("m.pt", lambda: saved(b"Nr\xff\xff\xff\x7f")),
    "a text of 2^63 bytes": Bomb("m.pt", lambda: saved(b"\x8d\xff\xff\xff\xff\xff\xff\xff\x7f")),
    "8 MB without a newline": Bomb("m.pkl", lambda: b"\x80\x02c" + b"a" * 8_000_000),
    "800 000 numbers, each dropped": Bomb("m.pkl", lambda: b"\x80\x02" + b"I1\n0" * 800_000 + b"N."),
    "metadata that names a module and nothing": Bomb(".metadata", lambda: b"\x80\x02ctorch.distributed.checkpoint\nx\n0" + b"N0" * 900_000 + b"N."),
    # zips
    "a directory of a million records": Bomb("m.pt", lambda: many_records(1_000_000)),
    # GGUF
    "2^62 empty keys": Bomb("m.gguf", lambda: gguf(b"", 2**62)),
    "an array of 2^62 texts": Bomb("m.gguf", lambda: gguf(struct.pack("<QcIIQ", 1, b"a", 9, 8, 2**62), 1)),
    "an array of 2^62 numbers": Bomb("m.gguf", lambda: gguf(struct.pack("<QcIIQ", 1, b"a", 9, 10, 2**62), 1)),
    # JSON
    "a million brackets": Bomb("config.json", lambda: b"[" * 900_000),
    "200 000 objects in each other": Bomb("config.json", lambda: b'{"a":' * 200_000 + b"1"),
    "a number of 900 000 digits": Bomb("config.json", lambda: b'{"a":' + b"1" * 900_000 + b"}"),
    "ten million empty objects": Bomb("config.json", lambda: b"[" + b"{}," * 10_000_000 + b"{}]"),
    "90 000 keys with a list each": Bomb("config.json", lambda: b"{" + b",".join(b'"%d":[]' % n for n in range(90_000)) + b"}"),
    "an index of two million tensors": Bomb("m.index.json", lambda: b'{"weight_map":{' + b",".join(b'"%d":"a"' % n for n in range(2_000_000)) + b"}}"),
    "an index of 490 000 tensors": Bomb("m.index.json", lambda: b'{"weight_map":{' + b",".join(b'"%d":"a"' % n for n in range(490_000)) + b"}}"),
    "an index of 16 million brackets": Bomb("m.index.json", lambda: b'{"x":' + b"[" * 16_000_000),
    "an index with 30 MB of metadata": Bomb("m.index.json", lambda: b'{"weight_map":{},"metadata":{"a":[' + b"{}," * 10_000_000 + b"{}]}}"),
}  # fmt: skip


def read(bomb: Bomb) -> dict[str, object]:
    """Return what was found in a bomb, and how many seconds that took, read within the bounds."""
    data = bomb.make()
    taken = int(_of_status("VmData"))
    resource.setrlimit(resource.RLIMIT_DATA, ((taken << 10) + BYTES,) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS + int(time.process_time()) + 1,) * 2)
    began = time.process_time()
    file = Memory(data)
    contents = read_contents(bomb.file, file, data[:HEAD])
    try:
        extents = sum(1 for _ in islice(extents_of(file, contents), 10_000_000))
    except BrokenArchive:
        extents = 0
    return {
        "seconds": time.process_time() - began,
        "codes": [fault.code.value for fault in contents.faults],
        "extents": extents,
    }


def _of_status(key: str) -> str:
    with open("/proc/self/status", encoding="ascii") as status:
        return next(line.split()[1] for line in status if line.startswith(key))


def apart(bomb: Bomb) -> dict[str, object]:
    """Return what `read` returns in a process of its own, or how that ended."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            os.write(writer, json.dumps(read(bomb)).encode())
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is what became of the bomb
            os.write(writer, json.dumps({"error": repr(error)[:200]}).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        said = answer.read()
    _, status = os.waitpid(child, 0)
    told: dict[str, object] = json.loads(said or "{}")
    return told if status == 0 else {"error": f"ended by signal {status & 0x7F}"}


if __name__ == "__main__":
    json.dump({name: apart(bomb) for name, bomb in BOMBS.items()}, sys.stdout)
