"""Write down a test cluster: where it lives, its ports, and the text of its configuration files."""

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cluster.cluster_processes import free_ports

CLUSTER = "aatest"
NODES = ("n1", "n2", "n3", "n4")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
HOOKS = ("epilog", "epilog_slurmctld", "jobcomp")
"""Slurm's ways to call the hook; each has a file in `Place.hooks` that does nothing until installed."""


@dataclass(frozen=True)
class Place:
    """One directory that holds a cluster whole; short, because a socket's path has at most 107 bytes."""

    base: Path
    ports: tuple[int, ...] = field(default_factory=lambda: free_ports(3 + len(NODES)))
    password: str = field(default_factory=lambda: secrets.token_hex(16))

    @property
    def etc(self) -> Path:
        """Configuration; slurmdbd looks for its own beside slurm.conf."""
        return self.base / "etc"

    @property
    def conf(self) -> Path:
        """The slurm.conf."""
        return self.etc / "slurm.conf"

    @property
    def log(self) -> Path:
        """The logs and outputs of all daemons."""
        return self.base / "log"

    @property
    def hooks(self) -> Path:
        """What slurm.conf names as epilogs and job completion script."""
        return self.base / "hooks"

    @property
    def munge_socket(self) -> Path:
        """The socket of the cluster's own munged."""
        return self.base / "munge" / "socket"

    @property
    def env(self) -> dict[str, str]:
        """The environment in which Slurm's commands ask this cluster and no other."""
        return {"PATH": PATH, "SLURM_CONF": str(self.conf), "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def gres_conf(place: Place) -> str:
    """Return gres.conf: four GPUs a node, plain files, since Slurm counts no GPU without a file."""
    return f"NodeName=n[1-{len(NODES)}] Name=gpu File={place.base}/gpu/[0-3]\n"


CGROUP_CONF = "CgroupPlugin=cgroup/v1\n"
"""Keeps slurmd from looking for a cgroup file system, which a container may lack and no test needs."""


def slurmdbd_conf(place: Place) -> str:
    """Return slurmdbd.conf; the file must be readable by Slurm's user alone."""
    return f"""\
AuthType=auth/munge
AuthInfo=socket={place.munge_socket}
DbdHost=localhost
DbdPort={place.ports[1]}
SlurmUser=slurm
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={place.ports[0]}
StorageUser=slurm
StoragePass={place.password}
StorageLoc=slurm_acct
LogFile={place.log}/slurmdbd.log
PidFile={place.base}/run/slurmdbd.pid
"""


def mariadb_init(place: Place) -> str:
    """Return the SQL that MariaDB runs before it answers anyone."""
    return f"""\
CREATE DATABASE IF NOT EXISTS slurm_acct;
CREATE USER IF NOT EXISTS 'slurm'@'127.0.0.1' IDENTIFIED BY '{place.password}';
CREATE USER IF NOT EXISTS 'slurm'@'localhost' IDENTIFIED BY '{place.password}';
GRANT ALL ON slurm_acct.* TO 'slurm'@'127.0.0.1';
GRANT ALL ON slurm_acct.* TO 'slurm'@'localhost';
"""


def slurm_conf(place: Place) -> str:
    """Return slurm.conf: four nodes on this host, decisions within a second, each way to call a hook set."""
    slurmd_ports = ",".join(map(str, place.ports[3:]))
    return f"""\
ClusterName={CLUSTER}
SlurmctldHost=localhost
SlurmctldPort={place.ports[2]}
SlurmUser=slurm
AuthType=auth/munge
AuthInfo=socket={place.munge_socket}
CryptoType=crypto/munge
StateSaveLocation={place.base}/state
SlurmctldPidFile={place.base}/run/slurmctld.pid
SlurmctldLogFile={place.log}/slurmctld.log
SlurmdSpoolDir={place.base}/slurmd/%n
SlurmdPidFile={place.base}/run/slurmd-%n.pid
SlurmdLogFile={place.log}/slurmd-%n.log
SlurmctldDebug=verbose
SlurmdDebug=verbose
Epilog={place.hooks}/epilog
EpilogSlurmctld={place.hooks}/epilog_slurmctld
JobCompType=jobcomp/script
JobCompLoc={place.hooks}/jobcomp
PrologEpilogTimeout=30
MailProg=/bin/true
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SlurmdTimeout=60
KillWait=2
MinJobAge=600
FirstJobId=48201
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
DefMemPerNode=900
GresTypes=gpu
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherParams=OverMemoryKill
JobAcctGatherFrequency=task=1
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=localhost
AccountingStoragePass={place.munge_socket}
AccountingStoragePort={place.ports[1]}
AccountingStoreFlags=job_comment
AccountingStorageTRES=gres/gpu
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,sched_min_interval=0,batch_sched_delay=0,bf_interval=2
NodeName=DEFAULT CPUs=16 RealMemory=16000 Gres=gpu:4
NodeName=n[1-{len(NODES)}] NodeHostname=localhost NodeAddr=127.0.0.1 Port=[{slurmd_ports}]
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
PartitionName=batch Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=urgent Nodes=n4 MaxTime=INFINITE State=UP PriorityTier=10 PreemptMode=OFF
"""
