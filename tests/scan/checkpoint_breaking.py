# ruff: noqa: E501 - one breakage a line reads as a table
"""List the ways to break a good checkpoint: what was done, what must be found, and what the library says."""

import struct
import zipfile
from typing import NamedTuple

from afterall.model import FindingCode as Code
from afterall.model import Tier, Verdict
from scan.checkpoint_edits import (
    ADAPTER,
    INDEX,
    OTHER_SHARD,
    SHARD,
    TORCH,
    Break,
    as_directory,
    change,
    dangling,
    doubled_key,
    escaping_index,
    fifo,
    flip,
    flip_in_record,
    half_lost,
    hole,
    in_shard,
    leftover,
    link_outside,
    lost_record,
    one_constant_matrix,
    one_zero_matrix,
    overlap,
    oversized,
    private,
    punched,
    records_of,
    remove,
    replace_by,
    short_storage,
    space_first,
    sparse_tail,
    stale_index,
    tensor_twice,
    two_pickles,
    unended,
    unknown_tensor,
    untrained,
    with_header,
    with_infinity,
    with_nan,
    wrong_dtype,
    wrong_metadata,
    wrong_shape,
    wrong_total,
    zero_half,
    zero_payload,
)
from scan.checkpoint_making import (
    ADAPTER_CONFIG,
    adapter_arrays,
    gguf_bytes,
    model_arrays,
    numbers,
    of_dtype,
    pickled,
    raw_safetensors,
    safetensors_bytes,
    torch_bytes,
    torchtune_names,
    without_checksums,
    zip_bytes,
)


class Breakage(NamedTuple):
    """One way to break a checkpoint directory; `library` is safetensors' verdict on `file`, None for others."""

    what: str
    do: Break
    code: Code
    verdict: Verdict
    file: str
    library: bool | None = None
    depth: Tier = Tier.QUICK


SHELL = b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00ls\x85R."
LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 4976698672\n"
LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19." + pickled(1001) * 4
PAGE = "<!DOCTYPE html>\n<html><title>401 Unauthorized</title></html>\n" * 4
CORRUPT, INCOMPLETE, OK, UNVERIFIED = Verdict.CORRUPT, Verdict.INCOMPLETE, Verdict.OK, Verdict.UNVERIFIED
VALUES = Tier.VALUES

BREAKAGES = (
    Breakage("cut to 0 bytes", replace_by(ADAPTER, b""), Code.FILE_EMPTY, CORRUPT, ADAPTER, False),
    Breakage("cut to 7 bytes", change(ADAPTER, lambda d: d[:7]), Code.FILE_TRUNCATED, CORRUPT, ADAPTER, False),
    Breakage("cut in the header", change(ADAPTER, lambda d: d[:40]), Code.FILE_TRUNCATED, CORRUPT, ADAPTER, False),
    Breakage("cut by one byte", change(SHARD, lambda d: d[:-1]), Code.FILE_TRUNCATED, CORRUPT, SHARD, False),
    Breakage("cut in half", change(SHARD, lambda d: d[: len(d) // 2]), Code.FILE_TRUNCATED, CORRUPT, SHARD, False),
    Breakage("one byte more", change(SHARD, lambda d: d + b"\0"), Code.FILE_TRAILING_BYTES, CORRUPT, SHARD, False),
    Breakage("all zeros", change(SHARD, lambda d: bytes(len(d))), Code.FILE_ZERO_TAIL, CORRUPT, SHARD, False),
    Breakage("an LFS pointer", replace_by(SHARD, LFS), Code.FILE_NOT_ITS_FORMAT, CORRUPT, SHARD, False),
    Breakage("an HTML error page", replace_by(SHARD, PAGE), Code.FILE_NOT_ITS_FORMAT, CORRUPT, SHARD, False),
    Breakage("a renamed zip", replace_by(ADAPTER, zip_bytes({"a": b"b"})), Code.FILE_NOT_ITS_FORMAT, CORRUPT, ADAPTER, False),
    Breakage("2^62 promised", change(SHARD, lambda d: struct.pack("<Q", 2**62) + d[8:]), Code.HEADER_INVALID, CORRUPT, SHARD, False),
    Breakage("header beyond the file", change(ADAPTER, lambda d: struct.pack("<Q", len(d)) + d[8:]), Code.FILE_TRUNCATED, CORRUPT, ADAPTER, False),
    Breakage("a hole", change(SHARD, with_header(hole)), Code.HEADER_INVALID, CORRUPT, SHARD, False),
    Breakage("an overlap", change(SHARD, with_header(overlap)), Code.HEADER_INVALID, CORRUPT, SHARD, False),
    Breakage("shape against size", change(SHARD, with_header(wrong_shape)), Code.HEADER_INVALID, CORRUPT, SHARD, False),
    Breakage("an unknown dtype", change(SHARD, with_header(wrong_dtype)), Code.HEADER_INVALID, CORRUPT, SHARD, False),
    Breakage("metadata of a number", change(SHARD, with_header(wrong_metadata)), Code.HEADER_INVALID, CORRUPT, SHARD, False),
    Breakage("a header of 20 000 brackets", replace_by(ADAPTER, raw_safetensors("[" * 20000, b"")), Code.HEADER_INVALID, CORRUPT, ADAPTER, False),
    Breakage("a tensor named twice", change(SHARD, doubled_key), Code.TENSOR_REPEATED, OK, SHARD, True),
    Breakage("a space before the header", change(SHARD, space_first), Code.HEADER_NOT_STANDARD, OK, SHARD, True),
    Breakage("no tensors: 40 bytes", replace_by(ADAPTER, raw_safetensors('{"__metadata__":{"format":"pt"}} ', b"")[:41]), Code.NO_TENSORS, CORRUPT, ADAPTER, True),
    Breakage("only tensors without elements", replace_by(ADAPTER, safetensors_bytes({"lora_A": numbers(0, 4)})), Code.TENSORS_WITHOUT_ELEMENTS, CORRUPT, ADAPTER, True),
    Breakage("payload all zeros", change(SHARD, zero_payload), Code.FILE_ZERO_TAIL, CORRUPT, SHARD, True),
    Breakage("second half zeros", change(SHARD, zero_half), Code.FILE_ZERO_TAIL, CORRUPT, SHARD, True),
    Breakage("second half never written", sparse_tail, Code.FILE_ZERO_TAIL, CORRUPT, SHARD, True),
    Breakage("one NaN", with_nan, Code.VALUES_NOT_FINITE, CORRUPT, SHARD, True, VALUES),
    Breakage("one infinity", with_infinity, Code.VALUES_NOT_FINITE, CORRUPT, ADAPTER, True, VALUES),
    Breakage("LoRA B all zero", untrained, Code.ADAPTER_UNTRAINED, CORRUPT, ADAPTER, True, VALUES),
    Breakage("half of a LoRA pair lost", half_lost, Code.ADAPTER_HALF_MISSING, CORRUPT, ADAPTER, True),
    Breakage("rank 8 adapter, config says 4", replace_by(ADAPTER, safetensors_bytes(adapter_arrays(rank=8))), Code.ADAPTER_RANK_DIFFERS, CORRUPT, ADAPTER, True),
    Breakage("another adapter in the .pt", replace_by(TORCH, torch_bytes(torchtune_names(adapter_arrays(rank=8)))), Code.ADAPTER_COPIES_DIFFER, CORRUPT, TORCH),
    Breakage("config names a module that has no adapter", replace_by("adapter_config.json", ADAPTER_CONFIG | {"target_modules": ["q_proj", "k_proj"]}), Code.ADAPTER_TARGET_UNMATCHED, OK, ADAPTER),
    Breakage("a shard deleted", remove(OTHER_SHARD), Code.SHARD_MISSING, INCOMPLETE, OTHER_SHARD),
    Breakage("the index deleted", remove(INDEX), Code.INDEX_MISSING, INCOMPLETE, INDEX),
    Breakage("the index cut", change(INDEX, lambda d: d[:-20]), Code.INDEX_INVALID, CORRUPT, INDEX),
    Breakage("the index names the other shard", stale_index, Code.TENSOR_MISPLACED, CORRUPT, INDEX),
    Breakage("the index names a tensor that is nowhere", unknown_tensor, Code.TENSOR_MISSING, INCOMPLETE, INDEX),
    Breakage("the index leads out of the directory", escaping_index, Code.INDEX_INVALID, CORRUPT, INDEX),
    Breakage("total_size wrong by 8", wrong_total, Code.INDEX_SIZE_DIFFERS, OK, INDEX),
    Breakage("a tensor in both shards", tensor_twice, Code.TENSOR_IN_TWO_SHARDS, CORRUPT, OTHER_SHARD),
    Breakage("a stale unsharded model beside", replace_by("model.safetensors", safetensors_bytes(model_arrays(7))), Code.SHARD_EXTRA, OK, "model.safetensors"),
    Breakage("the .pt cut before its directory", change(TORCH, unended), Code.FILE_TRUNCATED, CORRUPT, TORCH),
    Breakage("the .pt cut in half", change(TORCH, lambda d: d[: len(d) // 2]), Code.FILE_TRUNCATED, CORRUPT, TORCH),
    Breakage("a bit flipped in the .pt", change(TORCH, flip_in_record), Code.RECORD_CHECKSUM_WRONG, CORRUPT, TORCH, None, VALUES),
    Breakage("no checksums in the .pt", change(TORCH, without_checksums), Code.CHECKSUM_NOT_COMPUTED, OK, TORCH, None, VALUES),
    Breakage("storages shorter than their tensors", short_storage, Code.STORAGE_SIZE_MISMATCH, CORRUPT, TORCH),
    Breakage("a record lost from the .pt", change(TORCH, lost_record), Code.STORAGE_MISSING, CORRUPT, TORCH),
    Breakage("a pickle that runs a shell", replace_by(TORCH, zip_bytes({"a/data.pkl": SHELL})), Code.PICKLE_RUNS_CODE, CORRUPT, TORCH),
    Breakage("the adapter's config deleted", remove("adapter_config.json"), Code.ADAPTER_CONFIG_MISSING, INCOMPLETE, "adapter_config.json"),
    Breakage("the adapter's config cut", change("adapter_config.json", lambda d: d[:20]), Code.CONFIG_INVALID, CORRUPT, "adapter_config.json"),
    Breakage("config.json nested 10 000 deep", replace_by("config.json", "[" * 10000), Code.CONFIG_INVALID, CORRUPT, "config.json"),
    Breakage("the .pt deleted", remove(TORCH), Code.CHECKPOINT_FILE_MISSING, INCOMPLETE, TORCH),
    Breakage("the safetensors adapter deleted", remove(ADAPTER), Code.CHECKPOINT_FILE_MISSING, INCOMPLETE, ADAPTER),
    Breakage("weights readable by their owner alone", private, Code.MODE_PRIVATE, OK, SHARD),
    Breakage("a temporary file left", leftover, Code.TEMPORARY_FILE, OK, ".tmpAb3dEf"),
    Breakage("a FIFO for weights", fifo, Code.FILE_UNREADABLE, UNVERIFIED, ADAPTER),
    Breakage("weights linked out of the set", link_outside, Code.FILE_LINKED_OUTSIDE, UNVERIFIED, ADAPTER),
    Breakage("weights linked to nothing", dangling, Code.FILE_UNREADABLE, UNVERIFIED, ADAPTER),
    Breakage("a NaN in bfloat16", replace_by(SHARD, of_dtype("BF16", b"\xc0\x7f", 32)), Code.VALUES_NOT_FINITE, CORRUPT, SHARD, True, VALUES),
    Breakage("a safetensors file for the .pt", replace_by(TORCH, safetensors_bytes(adapter_arrays())), Code.FILE_NOT_ITS_FORMAT, CORRUPT, TORCH),
    Breakage("a pickle for the safetensors", replace_by(ADAPTER, SHELL), Code.FILE_NOT_ITS_FORMAT, CORRUPT, ADAPTER, False),
    Breakage("a GGUF file for a shard", replace_by(SHARD, gguf_bytes(0, (2, 2), bytes(16))), Code.FILE_NOT_ITS_FORMAT, CORRUPT, SHARD, False),
    Breakage("an LFS pointer for the .pt", replace_by(TORCH, LFS), Code.FILE_NOT_ITS_FORMAT, CORRUPT, TORCH),
    Breakage("an HTML error page for the config", replace_by("config.json", PAGE), Code.FILE_NOT_ITS_FORMAT, CORRUPT, "config.json"),
    Breakage("the config with a byte order mark", change("config.json", lambda d: b"\xef\xbb\xbf" + d), Code.CONFIG_INVALID, CORRUPT, "config.json"),
    Breakage("the config in UTF-16", change("config.json", lambda d: d.decode().encode("utf-16")), Code.CONFIG_INVALID, CORRUPT, "config.json"),
    Breakage("the tokenizer cut", change("tokenizer.json", lambda d: d[:-3]), Code.CONFIG_INVALID, CORRUPT, "tokenizer.json"),
    Breakage("an old torch file, pickled whole", replace_by(TORCH, LEGACY), Code.FILE_NOT_VERIFIABLE, UNVERIFIED, TORCH),
    Breakage("the .pt packed again, compressed", change(TORCH, lambda d: zip_bytes(records_of(d), zipfile.ZIP_DEFLATED)), Code.FILE_NOT_VERIFIABLE, UNVERIFIED, TORCH),
    Breakage("two pickles of one name", two_pickles, Code.HEADER_INVALID, CORRUPT, TORCH),
    Breakage("bytes behind the .pt", change(TORCH, lambda d: d + b"more"), Code.FILE_TRAILING_BYTES, OK, TORCH),
    Breakage("three quarters never written, the end is", punched(0.1, 0.9), Code.FILE_SPARSE, CORRUPT, SHARD, True),
    Breakage("a fifth never written, the end is", punched(0.3, 0.5), Code.FILE_SPARSE, OK, SHARD, True),
    Breakage("one matrix all zero", in_shard(one_zero_matrix), Code.VALUES_ALL_ZERO, OK, SHARD, True, VALUES),
    Breakage("one matrix of one number", in_shard(one_constant_matrix), Code.VALUES_CONSTANT, OK, SHARD, True, VALUES),
    Breakage("embeddings saved with the adapter", oversized, Code.ADAPTER_OVERSIZED, OK, ADAPTER, True),
    Breakage("a directory for the adapter", as_directory, Code.CHECKPOINT_FILE_MISSING, INCOMPLETE, ADAPTER),
    Breakage("a download not finished", replace_by("model-00002-of-00002.safetensors.incomplete", "x"), Code.TEMPORARY_FILE, OK, "model-00002-of-00002.safetensors.incomplete"),
    Breakage("metadata not renamed yet", replace_by(".metadata.tmp", "x"), Code.CHECKPOINT_UNFINISHED, INCOMPLETE, ".metadata"),
)  # fmt: skip
"""Every way, with what it must be called; lines stay tables."""

UNSEEN = (
    ("a bit flipped at the begin of a shard", flip(SHARD, 0.0), SHARD),
    ("a bit flipped in the middle of a shard", flip(SHARD, 0.5), SHARD),
    ("a bit flipped near the end of an adapter", flip(ADAPTER, 0.99), ADAPTER),
)
"""What no look at the files can see, because the numbers are as good as others: only a manifest tells."""
