"""Lines of processes that were killed or crashed, by the code they have to give."""

from afterall.model import FindingCode as C

LINES: list[tuple[C, str]] = [
    (C.LINE_KILLED, "Fatal Python error: Segmentation fault"),
    (C.LINE_KILLED, "Fatal Python error: Bus error"),
    (
        C.LINE_KILLED,
        (
            "E0612 11:30:42.845000 3315425 "
            "site-packages/torch/distributed/elastic/multiprocessing/api.py:869] failed (exitcode: -9) "
            "local_rank: 0 (pid: 3315490) of binary: /opt/env/bin/python"
        ),
    ),
    (
        C.LINE_KILLED,
        (
            "ERROR:torch.distributed.elastic.multiprocessing.api:failed (exitcode: -11) local_rank: 3 "
            "(pid: 21) of binary: python"
        ),
    ),
    (C.LINE_KILLED, "RuntimeError: DataLoader worker (pid 1285) is killed by signal: Killed. "),
    (C.LINE_KILLED, "RuntimeError: DataLoader worker (pid(s) 11, 12) exited unexpectedly"),
    (
        C.LINE_KILLED,
        (
            "RuntimeError: DataLoader worker (pid 1219) is killed by signal: Bus error. It is possible "
            "that dataloader's workers are out of shared memory. Please try to raise your shared memory "
            "limit."
        ),
    ),
    (
        C.LINE_KILLED,
        (
            "RuntimeError: unable to open shared memory object </torch_29_1> in read-write mode: Too many "
            "open files (24)"
        ),
    ),
    (
        C.LINE_KILLED,
        (
            "[2025-07-20 15:45:13,982] [INFO] [launch.py:335:sigkill_handler] Main process received SIGTERM, "
            "exiting"
        ),
    ),
    (
        C.LINE_KILLED,
        (
            "[2025-07-20 15:45:13,982] [ERROR] [launch.py:321:sigkill_handler] ['/opt/env/bin/python', '-u', "
            "'train.py', '--local_rank=1'] exits with return code = -15"
        ),
    ),
    (C.LINE_KILLED, "srun: error: n17: task 0: Segmentation fault (core dumped)"),
    (C.LINE_KILLED, "srun: error: n17: tasks 0-3: Bus error"),
    (C.LINE_KILLED, "srun: error: n17: task 2: Illegal instruction"),
    (C.LINE_KILLED, "[n1:3789:0:3825] Caught signal 7 (Bus error: nonexistent physical address)"),
    (
        C.LINE_KILLED,
        "[n1:3789:0:3825] Caught signal 11 (Segmentation fault: address not mapped to object at address 0x8)",
    ),
    (C.LINE_KILLED, "[n1:12345] Signal: Segmentation fault (11)"),
    (
        C.LINE_KILLED,
        (
            "[2025-07-20 15:45:13,982] [ERROR] [launch.py:321:sigkill_handler] ['/opt/env/bin/python', '-u', "
            "'train.py', '--local_rank=1', '--deepspeed', 'zero2.json'] exits with return code = -9"
        ),
    ),
    (
        C.LINE_KILLED,
        (
            "[2025-07-20 15:45:13,982] [ERROR] [launch.py:321:sigkill_handler] ['/opt/env/bin/python', '-u', "
            "'train.py', '--local_rank=1'] exits with return code = -11"
        ),
    ),
    (
        C.LINE_KILLED,
        (
            "subprocess.CalledProcessError: Command '['/opt/env/bin/python', 'train.py']' died with "
            "<Signals.SIGKILL: 9>."
        ),
    ),
    (
        C.LINE_KILLED,
        (
            "subprocess.CalledProcessError: Command '['/opt/env/bin/python', 'train.py']' died with "
            "<Signals.SIGSEGV: 11>."
        ),
    ),
    (
        C.LINE_KILLED,
        (
            "RuntimeError: One of the subprocesses has abruptly died during map operation.To debug the "
            "error, disable multiprocessing."
        ),
    ),
    (
        C.LINE_KILLED,
        (
            "concurrent.futures.process.BrokenProcessPool: A process in the process pool was terminated "
            "abruptly while the future was running or pending."
        ),
    ),
    (
        C.LINE_KILLED,
        (
            "concurrent.futures.process.BrokenProcessPool: A child process terminated abruptly, the process "
            "pool is not usable anymore"
        ),
    ),
    (
        C.LINE_KILLED,
        "mpirun noticed that process rank 3 with PID 0 on node n1 exited on signal 11 (Segmentation fault).",
    ),
    (
        C.LINE_KILLED,
        "mpirun noticed that process rank 3 with PID 4711 on node n1 exited on signal 9 (Killed).",
    ),
    (
        C.LINE_KILLED,
        "torch.multiprocessing.spawn.ProcessExitedException: process 1 terminated with signal SIGKILL",
    ),
    (
        C.LINE_KILLED,
        "torch.multiprocessing.spawn.ProcessExitedException: process 0 terminated with signal SIGSEGV",
    ),
    (C.LINE_KILLED, "Killed"),
    (C.LINE_KILLED, "=   KILLED BY SIGNAL: 9 (Killed)"),
    (C.LINE_KILLED, "APPLICATION TERMINATED WITH THE EXIT STRING: Bus error (signal 7)"),
]
