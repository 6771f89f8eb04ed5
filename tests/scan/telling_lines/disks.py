"""Lines of disks, file systems and damaged files, by the code they have to give."""

from afterall.model import FindingCode as C

LINES: list[tuple[C, str]] = [
    (C.LINE_DISK_FULL, "OSError: [Errno 122] Disk quota exceeded"),
    (C.LINE_DISK_FULL, "OSError: [Errno 28] No space left on device: '/scratch/x'"),
    (C.LINE_DISK_FULL, "cp: error writing '/archive/x': Disk quota exceeded"),
    (C.LINE_DISK_FULL, "mkdir: cannot create directory 'out': No space left on device"),
    (
        C.LINE_DISK_FULL,
        (
            "safetensors_rust.SafetensorError: Error while serializing: IoError(Os { code: 28, kind: "
            'StorageFull, message: "No space left on device" })'
        ),
    ),
    (C.LINE_DISK_FULL, "RuntimeError: [enforce fail at inline_container.cc:603] . unexpected pos 64 vs 0"),
    (C.LINE_FILE_SYSTEM, "OSError: [Errno 116] Stale file handle: '/scratch/x'"),
    (C.LINE_FILE_SYSTEM, "OSError: [Errno 30] Read-only file system: 'out'"),
    (C.LINE_FILE_SYSTEM, "OSError: [Errno 5] Input/output error"),
    (C.LINE_FILE_SYSTEM, "ls: cannot access '/scratch': Transport endpoint is not connected"),
    (
        C.LINE_FILE_DAMAGED,
        "safetensors_rust.SafetensorError: Error while deserializing header: MetadataIncompleteBuffer",
    ),
    (
        C.LINE_FILE_DAMAGED,
        "RuntimeError: PytorchStreamReader failed reading zip archive: failed finding central directory",
    ),
    (C.LINE_FILE_DAMAGED, "_pickle.UnpicklingError: invalid load key, 'v'."),
    (C.LINE_FILE_DAMAGED, "EOFError: Ran out of input"),
    (
        C.LINE_DISK_FULL,
        "RuntimeError: Data processing error: IO Error: No space left on device (os error 28)",
    ),
    (
        C.LINE_DISK_FULL,
        (
            "safetensors_rust.SafetensorError: Error while serializing: I/O error: Disk quota exceeded (os "
            "error 122)"
        ),
    ),
    (C.LINE_DISK_FULL, "FATAL:   while extracting image: write /tmp/rootfs/x: no space left on device"),
    (C.LINE_FILE_SYSTEM, "OSError: [Errno 37] No locks available"),
]
