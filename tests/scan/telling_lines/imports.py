"""Lines of modules, libraries and files that are missing, by the code they have to give."""

from afterall.model import FindingCode as C

LINES: list[tuple[C, str]] = [
    (C.LINE_MODULE_MISSING, "ModuleNotFoundError: No module named 'matplotlib'"),
    (C.LINE_MODULE_MISSING, "[rank1]: ModuleNotFoundError: No module named 'flash_attn'"),
    (C.LINE_MODULE_MISSING, "ImportError: cannot import name 'x' from 'y'"),
    (
        C.LINE_MODULE_MISSING,
        "ImportError: libcudart.so.12: cannot open shared object file: No such file or directory",
    ),
    (
        C.LINE_MODULE_MISSING,
        "ImportError: /e/flash_attn_2_cuda.cpython-310.so: undefined symbol: _ZN3c104cuda9SetDeviceEi",
    ),
    (
        C.LINE_MODULE_MISSING,
        "ImportError: /lib64/libc.so.6: version `GLIBC_2.32' not found (required by /e/x.so)",
    ),
    (
        C.LINE_MODULE_MISSING,
        (
            "python: error while loading shared libraries: libpython3.10.so.1.0: cannot open shared object "
            "file: No such file"
        ),
    ),
    (C.LINE_FILE_MISSING, "python: can't open file '/home/x/train.py': [Errno 2] No such file or directory"),
    (C.LINE_FILE_MISSING, "FileNotFoundError: [Errno 2] No such file or directory: 'data.json'"),
    (
        C.LINE_FILE_MISSING,
        (
            "huggingface_hub.errors.HFValidationError: Repo id must be in the form 'repo_name' or "
            "'namespace/repo_name': '/scratch/models/x'. Use `repo_type` argument if needed."
        ),
    ),
]
