"""Become a mongod that ends when the process that started it ends, however that ends.

Run as a script by `mongod_process`. Asking the kernel for a signal at the parent's death must happen inside the child;
doing so here, and not between fork and exec, is safe in a parent with threads. The kernel means the parent's *thread*:
it is the one that runs the event loop, which lives at least as long as whoever awaits the server.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys

_PR_SET_PDEATHSIG = 1  # https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html


def main(parent_pid: int, command: list[str]) -> None:
    """Replace this process by `command`; end at once if the parent is already gone."""
    os.umask(0o077)
    # mongod keeps a file open per collection and index, and a socket per connection; defaults can be as low as 256.
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
        if os.getppid() != parent_pid:
            sys.exit("The process that asked for a database ended before the database started.")
    os.execv(command[0], command)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
