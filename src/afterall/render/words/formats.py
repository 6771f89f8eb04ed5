"""Name file formats, for the codes that checkpoint formats give as `is` and `expected`."""

FORMATS = {
    "safetensors": "a safetensors file",
    "nemo-archive": "a NeMo archive",
    "torch-zip": "a torch archive",
    "torch-legacy": "a torch file from before 1.6",
    "zip": "a zip archive",
    "pickle": "a bare pickle",
    "gguf": "a GGUF file",
    "npz": "an archive of numpy arrays",
    "json": "a JSON document",
    "weights-index": "an index of shards",
    "dcp-metadata": "the metadata of a distributed checkpoint",
    "git-lfs-pointer": "a Git LFS pointer",
    "resume-tag": "a file that names the newest checkpoint",
    "web-page": "a web page",
}


def format_name(code: str) -> str:
    """Return the words for a format; a code without words is shown as it is."""
    return FORMATS.get(code, code)
