"""Threads that let others go first: Linux's niceness, which each thread has for itself.

Of two threads that want one core, niceness 10 gets a tenth of it and 19 a hundredth, and neither takes the core from a
thread of niceness 0 that is at work. Where the core is free, both run at once.
"""

import contextlib
import os
import sys

# For what must go on while all cores are wanted, and for what can wait as long as they are.
GIVING_WAY = 10
LAST = 19


def lower_main_thread() -> None:
    """Let the main thread of this process give way, and no other: in a worker of Ray's it only listens.

    100 times a second it looks for signals, and now and then takes a call, which it hands to another thread.
    """
    raise_niceness(os.getpid(), GIVING_WAY)


def raise_niceness(thread: int, niceness: int) -> None:
    """Let a thread give way, by its native id: at least so much. Nothing, where it is gone or not this user's."""
    if sys.platform != "linux":
        return  # elsewhere niceness is a process's
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.getpriority(os.PRIO_PROCESS, thread) < niceness:
            os.setpriority(os.PRIO_PROCESS, thread, niceness)
