"""Lines of ranks that could not reach each other, by the code they have to give."""

from afterall.model import FindingCode as C

LINES: list[tuple[C, str]] = [
    (
        C.LINE_NCCL,
        (
            "[rank7]:[E626 05:14:36.393067540 ProcessGroupNCCL.cpp:1743] [PG ID 0 PG GUID 0(default_pg) Rank "
            "7] ProcessGroupNCCL's watchdog got stuck for 480 seconds without making progress in monitoring "
            "enqueued collectives."
        ),
    ),
    (
        C.LINE_NCCL,
        (
            "[rank0]:[E1218 20:27:21.426415540 ProcessGroupNCCL.cpp:629] [Rank 0] Watchdog caught "
            "collective operation timeout: WorkNCCL(SeqNum=1, OpType=BROADCAST, NumelIn=131072000, "
            "Timeout(ms)=600000) ran for 600081 milliseconds before timing out."
        ),
    ),
    (
        C.LINE_NCCL,
        (
            "67/124 [02:58<02:31,  2.66s/it][rank1]:[E709 17:05:38.1 ProcessGroupNCCL.cpp:685] [Rank 1] "
            "Watchdog caught collective operation timeout: WorkNCCL(SeqNum=3, OpType=ALLREDUCE, NumelIn=1, "
            "NumelOut=1, Timeout(ms)=600000)"
        ),
    ),
    (
        C.LINE_NCCL,
        (
            "torch.distributed.DistBackendError: NCCL error in: x.cpp:1, unhandled system error, "
            "ncclSystemError: x"
        ),
    ),
    (
        C.LINE_NCCL,
        (
            "ncclRemoteError: A call failed possibly due to a network error or a remote process exiting "
            "prematurely."
        ),
    ),
    (C.LINE_NCCL, "RuntimeError: NCCL communicator was aborted on rank 1. "),
    (
        C.LINE_NCCL,
        (
            "n1:21:84 [0] transport/net_ib.cc:1215 NCCL WARN NET/IB : Got completion from peer "
            "10.0.0.2<4023> with status=12"
        ),
    ),
    (
        C.LINE_NCCL,
        (
            "n1:21:84 [0] misc/socket.cc:484 NCCL WARN socketStartConnect: Connect to 10.0.0.2<4023> "
            "failed : Connection refused"
        ),
    ),
    (
        C.LINE_NCCL,
        (
            "torch.distributed.DistNetworkError: The server socket has failed to listen on any local "
            "network address. port: 29500, useIpv6: false, code: -98, name: EADDRINUSE, message: address "
            "already in use"
        ),
    ),
    (
        C.LINE_NCCL,
        (
            "RuntimeError: The server socket has failed to listen on any local network address. useIpv6: "
            "0, code: -98, name: EADDRINUSE, message: address already in use"
        ),
    ),
    (
        C.LINE_NCCL,
        (
            "RuntimeError: The server socket has failed to listen on any local network address. The server "
            "socket has failed to bind to [::]:29500 (errno: 98 - Address already in use)."
        ),
    ),
    (C.LINE_NCCL, "RuntimeError: Address already in use"),
    (
        C.LINE_NCCL,
        (
            "torch.distributed.DistNetworkError: The client socket has timed out after 600000ms while "
            "trying to connect to (n1, 29500)."
        ),
    ),
    (
        C.LINE_NCCL,
        (
            "torch.distributed.DistStoreError: Timed out after 601 seconds waiting for clients. 1/2 "
            "clients joined."
        ),
    ),
    (
        C.LINE_NCCL,
        (
            "RuntimeError: [../third_party/gloo/gloo/transport/tcp/pair.cc:534] Connection closed by peer "
            "[10.0.0.2]:5120"
        ),
    ),
    (
        C.LINE_NCCL,
        (
            "torch.distributed.elastic.rendezvous.api.RendezvousConnectionError: The connection to the "
            "C10d store has failed. See inner exception for details."
        ),
    ),
    (
        C.LINE_NCCL,
        (
            "torch.distributed.DistBackendError: [1] is setting up NCCL communicator and retrieving "
            "ncclUniqueId from [0] via c10d key-value store by key '0', but store->get('0') got error: "
            "Connection reset by peer"
        ),
    ),
    (C.LINE_NCCL, "torch.distributed.DistNetworkError: failed to recv, got 0 bytes"),
    (C.LINE_NCCL, "RuntimeError: Connection reset by peer"),
    (C.LINE_NCCL, "RuntimeError: NCCL Error 1: unhandled cuda error"),
]
