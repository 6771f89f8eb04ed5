"""List the lines that tell of ranks which could not reach each other: NCCL, Gloo, c10d's store, rendezvous.

Sources: torch's csrc/distributed/c10d (ProcessGroupNCCL.cpp, socket.cpp, TCPStore.cpp), gloo's transport/tcp,
NCCL's debug lines. A rank that waits in vain is seldom the one that failed.
"""

import re

from afterall.model import FindingCode as Code
from afterall.model import Severity
from afterall.scan.logs.signatures.signature import Signature, raised

_INFO = re.compile(rb"NCCL INFO")

ROWS: tuple[Signature, ...] = (
    Signature(
        code=Code.LINE_NCCL,
        literal=b"ollective operation timeout",
        pattern=re.compile(
            rb"\[Rank (?P<rank>\d+)\][^\n]{0,200}?atchdog caught collective operation timeout: "
            rb"(?:WorkNCCL\([^\n]{0,80}?OpType=(?P<operation>\w+))?"
        ),
        era="PyTorch 1.13 to today",
        is_not="a cause: mostly another rank ended before",
    ),
    Signature(
        code=Code.LINE_NCCL,
        literal=b"watchdog got stuck for ",
        pattern=re.compile(rb"\] ProcessGroupNCCL's watchdog got stuck for \d+ seconds"),
        era="PyTorch 2.2 to today",
        is_not="a cause: a rank that was stuck in CUDA or NCCL is ended by its own monitor",
    ),
    Signature(
        code=Code.LINE_NCCL,
        literal=b"nccl",
        is_error=True,
        pattern=re.compile(
            rb"(?P<error>nccl(?:System|UnhandledCuda|Internal|Remote|InvalidUsage|InvalidArgument)Error)"
        ),
        era="all",
        is_not="a line of `NCCL INFO`, which sound runs write by the thousand",
        refusal=_INFO,
        continues=True,
    ),
    Signature(
        code=Code.LINE_NCCL,
        literal=b"Error: NCCL ",
        is_error=True,
        pattern=re.compile(
            rb"(?:DistBackendError|RuntimeError): NCCL (?:[Ee]rror|(?P<error>communicator was aborted))"
        ),
        era="PyTorch 1.6 to today",
        is_not="a cause: mostly another rank ended before",
    ),
    Signature(
        code=Code.LINE_NCCL,
        literal=b" is setting up NCCL communicator",
        is_error=True,
        pattern=raised(rb"DistBackendError|RuntimeError", rb"\[\d+\] is setting up NCCL communicator"),
        era="PyTorch 1.13 to today",
        is_not="a cause: rank 0, from which it waited for NCCL's id, ended before",
    ),
    Signature(
        code=Code.LINE_NCCL,
        literal=b"Error: ",
        is_error=True,
        pattern=raised(
            rb"RuntimeError|DistNetworkError",
            rb"(?P<error>failed to recv, got 0 bytes|Connection reset by peer|Broken pipe)\s*$",
        ),
        era="PyTorch's TCPStore",
        is_not="a cause: mostly the rank that holds the store ended before",
    ),
    Signature(
        code=Code.LINE_NCCL,
        literal=b"NCCL WARN ",
        pattern=re.compile(
            rb"NCCL WARN (?P<warning>NET/\w+ ?: Got completion [^\n]{0,200}|[^\n]{0,80}[Cc]onnect(?:ion)? "
            rb"[^\n]{0,120}(?:failed|refused|timed out)[^\n]{0,80}|Cuda failure[^\n]{0,80})"
        ),
        era="NCCL 2",
        is_not=(
            "any `NCCL WARN`: of those only lost connections and CUDA's failures; nor `Connection closed by "
            "localRank`, which every run writes as it ends"
        ),
        refusal=re.compile(rb"'out of memory'"),
        severity=Severity.WARNING,
    ),
    Signature(
        code=Code.LINE_NCCL,
        literal=b"address already in use",
        is_error=True,
        pattern=re.compile(
            rb"failed to listen on any local network address\.[^\n]{0,40}?port: (?P<port>\d{1,5})"
            rb"[^\n]{0,100}EADDRINUSE|failed to listen on any local network address[^\n]{0,200}EADDRINUSE"
        ),
        era="PyTorch 2.1 to today",
        is_not="a fault of the network",
    ),
    Signature(
        code=Code.LINE_NCCL,
        literal=b"Address already in use",
        is_error=True,
        pattern=re.compile(
            rb"Error: (?:The server socket has failed|Address already in use)(?:[^\n]{0,200}?bind to "
            rb"\S{1,60}:(?P<port>\d{1,5}) \(errno: 98)?"
        ),
        era="PyTorch 1 to 2.0",
        is_not="NCCL's own `Call to bind failed`, after which it takes another port",
        refusal=re.compile(rb"NCCL WARN"),
    ),
    Signature(
        code=Code.LINE_NCCL,
        literal=b"imed out after ",
        is_error=True,
        pattern=re.compile(
            rb"Error: (?:The client socket has timed out after \d+m?s while trying to connect to \(?"
            rb"(?P<address>[^)\n]{1,200})"
            rb"|Timed out after \d+ seconds waiting for clients\. (?P<joined>\d{1,6}/\d{1,6}))"
        ),
        era="PyTorch 1.10 to today",
        is_not="the guilty rank: this one waited for others that never came",
    ),
    Signature(
        code=Code.LINE_NCCL,
        literal=b"gloo/transport/",
        is_error=True,
        pattern=re.compile(rb"\[\S{0,200}gloo/transport/tcp/\w+\.cc:\d+\] (?P<gloo>[^\n]{1,80}?)(?: \[|,|$)"),
        era="PyTorch",
        is_not="a cause: mostly another rank ended before",
    ),
    Signature(
        code=Code.LINE_NCCL,
        literal=b"RendezvousConnectionError",
        is_error=True,
        pattern=re.compile(rb"Rendezvous(?:Connection|Timeout)Error: (?P<rendezvous>[^\n]{1,200})"),
        era="torchrun",
        is_not="a cause: mostly another node ended before",
        severity=Severity.WARNING,
    ),
)
