"""Say of a global that a pickle names whether weights need it, are better without it, or must not have it.

Invariant: nothing outside the lists below is called harmless; `torch.load(weights_only=True)` is stricter.
"""

import re
from enum import StrEnum

from afterall.scan.checkpoints.formats.pickle_machine import Global


class Trust(StrEnum):
    """What naming a global in a checkpoint means."""

    PLAIN = "plain"
    """Tensors and plain data need it."""
    LIBRARY = "library"
    """A class of a training library: settings and states hold them, weights_only=True refuses them."""
    FOREIGN = "foreign"
    """Something unknown: unpickling runs code that is not part of any library known here."""
    DANGEROUS = "dangerous"
    """Unpickling can run commands, open files or reach anything from here."""


_PLAIN = {
    "collections": {"OrderedDict", "defaultdict", "Counter"},
    "builtins": {"dict", "list", "set", "frozenset", "tuple", "int", "float", "bool", "complex", "bytearray",
                 "bytes", "str", "slice", "range", "object"},
    "_codecs": {"encode"},
    "copyreg": {"_reconstructor", "__newobj__"},
    "datetime": {"datetime", "timedelta", "date", "timezone"},
    "io": {"BytesIO", "StringIO"},
    "numpy": {"ndarray", "dtype"},
    "numpy.core.multiarray": {"_reconstruct", "scalar"},
    "numpy._core.multiarray": {"_reconstruct", "scalar"},
    "numpy.random._pickle": {"__generator_ctor", "__bit_generator_ctor", "__randomstate_ctor"},
    "pathlib": {"PosixPath", "PurePosixPath", "Path"},
    "torch._tensor": {"_rebuild_from_type_v2"},
    "torch.nested._internal.nested_tensor": {"_rebuild_njt"},
    "torch.nn.parameter": {"Parameter", "Buffer"},
    "torch.serialization": {"_get_layout"},
    "types": {"SimpleNamespace"},
}  # fmt: skip
_TORCH_PLAIN = {
    "Size", "Tensor", "device", "dtype", "layout", "per_tensor_affine", "per_tensor_symmetric",
    "per_channel_affine", "per_channel_symmetric", "per_channel_affine_float_qparams",
}  # fmt: skip
_DTYPE = re.compile(
    r"(b?float|q?u?int|b?complex|bits)\d+\w*|bool|half|float|double|short|int|long|c(half|float|double)"
)
_PYTHON_2 = {"__builtin__": "builtins", "copy_reg": "copyreg"}
_PYTHON_2_NAMES = {"long": "int", "unicode": "str", "xrange": "range"}
"""What protocol 2 calls them (Lib/_compat_pickle.py): `int` is written as `__builtin__ long`."""
_FOREIGN = {("builtins", "getattr"), ("functools", "partial")}
_LIBRARIES = frozenset({
    "torch", "numpy", "transformers", "accelerate", "peft", "trl", "datasets", "deepspeed", "lightning",
    "pytorch_lightning", "lightning_fabric", "torchtune", "torchao", "bitsandbytes", "megatron", "nemo",
    "omegaconf", "argparse", "axolotl", "llamafactory", "sentence_transformers", "diffusers", "timm",
    "fairseq", "tokenizers", "huggingface_hub", "enum", "swift", "setfit", "litgpt", "torchtitan",
})  # fmt: skip
_LOWER_CASE_CLASSES = {("deepspeed.utils.tensor_fragment", "fragment_address")}
"""What ZeRO 1 and 2 write of each parameter: where it lies among its rank's numbers."""
_DANGEROUS = frozenset({
    "os", "posix", "nt", "ntpath", "posixpath", "sys", "subprocess", "pty", "commands", "popen2",
    "platform", "socket", "ssl", "http", "urllib", "requests", "ftplib", "smtplib", "telnetlib",
    "webbrowser", "shutil", "tempfile", "glob", "io", "pickle", "_pickle", "cPickle", "marshal",
    "shelve", "runpy", "importlib", "imp", "pkgutil", "zipimport", "code", "codeop", "pdb", "bdb",
    "cProfile", "profile", "timeit", "trace", "inspect", "ast", "dis", "ctypes", "_ctypes", "cffi",
    "gc", "signal", "threading", "_thread", "multiprocessing", "concurrent", "asyncio", "atexit",
    "site", "pip", "venv", "ensurepip", "distutils", "setuptools", "functools", "operator", "builtins",
    "types", "copyreg",
})  # fmt: skip


def trust(named: Global) -> Trust:
    """Return what it means that a checkpoint's pickle names `named`."""
    module = _PYTHON_2.get(named.module, named.module)
    name = _PYTHON_2_NAMES.get(named.name, named.name) if named.module == "__builtin__" else named.name
    if name in _PLAIN.get(module, ()) or _is_plain_torch(module, named.name):
        return Trust.PLAIN
    package = module.partition(".")[0]
    if package in _DANGEROUS and (module, named.name) not in _FOREIGN:
        return Trust.DANGEROUS
    if (module, named.name) in _LOWER_CASE_CLASSES:
        return Trust.LIBRARY
    # Only classes: the libraries have functions that load, download and run.
    if package in _LIBRARIES and "." not in named.name and named.name.lstrip("_")[:1].isupper():
        return Trust.LIBRARY
    return Trust.FOREIGN


def _is_plain_torch(module: str, name: str) -> bool:
    if module == "torch._utils":
        return name.startswith("_rebuild_")
    if module in ("torch", "torch.cuda", "torch.storage"):
        return name in _TORCH_PLAIN or name.endswith("Storage") or _DTYPE.fullmatch(name) is not None
    return False
