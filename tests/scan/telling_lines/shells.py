"""Lines of the batch script's shell and its commands, by the code they have to give."""

from afterall.model import FindingCode as C

LINES: list[tuple[C, str]] = [
    (C.LINE_KILLED, "/var/spool/slurmd/job18835145/slurm_script: line 46: 2113061 Killed   python3 x.py"),
    (
        C.LINE_KILLED,
        "/var/spool/slurmd/job5/slurm_script: line 9: 411 Segmentation fault      (core dumped) python x.py",
    ),
    (
        C.LINE_FILE_MISSING,
        "/var/spool/slurmd/job1/slurm_script: line 18: ../pt.venv/bin/activate: No such file or directory",
    ),
    (
        C.LINE_FILE_MISSING,
        (
            "slurmstepd: error: couldn't chdir to `/home/u/run': No such file or directory: going to /tmp "
            "instead"
        ),
    ),
    (
        C.LINE_MODULE_MISSING,
        "CommandNotFoundError: Your shell has not been properly configured to use 'conda activate'.",
    ),
    (C.LINE_MODULE_MISSING, "CondaError: Run 'conda init' before 'conda activate'"),
    (C.LINE_MODULE_MISSING, "EnvironmentNameNotFound: Could not find conda environment: tune"),
    (C.LINE_MODULE_MISSING, "/var/spool/slurmd/job1/slurm_script: line 5: conda: command not found"),
    (C.LINE_MODULE_MISSING, "/var/spool/slurmd/job1/slurm_script: line 5: module: command not found"),
    (C.LINE_MODULE_MISSING, "bash: line 1: nvidia-smi: command not found"),
    (C.LINE_MODULE_MISSING, "/bin/sh: 1: torchrun: not found"),
    (
        C.LINE_MODULE_MISSING,
        'Lmod has detected the following error: The following module(s) are unknown: "CUDA/12.1"',
    ),
    (
        C.LINE_MODULE_MISSING,
        "Lmod has detected the following error:  These module(s) exist but cannot be loaded as requested:",
    ),
    (C.LINE_MODULE_MISSING, "ERROR: Unable to locate a modulefile for 'cuda/12'"),
    (C.LINE_MODULE_MISSING, "ModuleCmd_Load.c(213):ERROR:105: Unable to locate a modulefile for 'cuda'"),
    (C.LINE_MODULE_MISSING, "/var/spool/slurmd/job1/slurm_script: line 7: ./train.sh: Permission denied"),
    (C.LINE_MODULE_MISSING, "slurmstepd: error: execve(): ./train.sh: Permission denied"),
    (C.LINE_MODULE_MISSING, "slurmstepd: error: execve(): python: No such file or directory"),
    (
        C.LINE_MODULE_MISSING,
        (
            "/var/spool/slurmd/job1/slurm_script: line 7: ./run.py: /opt/py: bad interpreter: No such file "
            "or directory"
        ),
    ),
    (C.LINE_MODULE_MISSING, "bash: line 3: ./tool: cannot execute binary file: Exec format error"),
    (C.LINE_MODULE_MISSING, "./slurm_script: line 7: ./run.py: cannot execute: required file not found"),
    (C.LINE_COPY_FAILED, "mv: 'slurm-1.out' and './slurm-1.out' are the same file"),
    (C.LINE_COPY_FAILED, "mv: \u2018slurm-1.out\u2019 and \u2018./slurm-1.out\u2019 are the same file"),
    (C.LINE_COPY_FAILED, "mv: cannot stat 'slurm-2.out': No such file or directory"),
    (C.LINE_COPY_FAILED, "mv: cannot stat \u2018slurm-2.out\u2019: No such file or directory"),
    (C.LINE_COPY_FAILED, "cp: cannot create regular file '/archive/lora/': No such file or directory"),
    (C.LINE_COPY_FAILED, "cp: -r not specified; omitting directory 'out'"),
    (C.LINE_COPY_FAILED, "/usr/bin/cp: missing destination file operand after 'x'"),
    (C.LINE_COPY_FAILED, "0: mv: cannot stat 'x': No such file or directory"),
    (C.LINE_COPY_FAILED, '100%|##| 9/9 [00:01<00:00, 9.0it/s]mv: cannot stat "x": No such file or directory'),
    (C.LINE_COPY_FAILED, "ln: failed to create symbolic link 'latest': File exists"),
    (C.LINE_COPY_FAILED, "install: cannot stat 'x': No such file or directory"),
    (C.LINE_COPY_FAILED, 'rsync: link_stat "/scratch/x" failed: No such file or directory (2)'),
    (C.LINE_COPY_FAILED, "scp: /archive/x: No such file or directory"),
    (C.LINE_MODULE_MISSING, "EnvironmentLocationNotFound: Not a conda environment: /home/u/envs/tune"),
    (
        C.LINE_FILE_MISSING,
        "slurmstepd: error: Could not open stdout file /home/u/logs/step.out: No such file or directory",
    ),
    (
        C.LINE_FILE_MISSING,
        (
            "FATAL:   could not open image /scratch/u/tune.sif: failed to retrieve path for "
            "/scratch/u/tune.sif: lstat /scratch/u/tune.sif: no such file or directory"
        ),
    ),
]

LINES += [
    (C.LINE_KILLED, f"slurm_script: line 11:  2936 {crash}      python3 x.py")
    for crash in ("Segmentation fault", "Bus error", "Aborted", "Illegal instruction")
]
