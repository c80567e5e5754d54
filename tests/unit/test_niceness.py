"""Threads give way one by one. In processes of their own: niceness cannot be taken back."""

import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere niceness is a process's")


def run(code: str) -> list[int]:
    """What the code printed, as numbers."""
    before = """
        import os, threading
        from serve_app.niceness import lower_main_thread, raise_niceness

        def niceness():
            return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

        def in_thread(work):
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()

        start = niceness()
    """
    script = textwrap.dedent(before) + textwrap.dedent(code)
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return [int(word) for word in done.stdout.split()]


def test_the_main_thread_gives_way_and_no_other() -> None:
    main, other = run(
        """
        def lower():
            lower_main_thread()
            print(niceness() - start)

        in_thread(lower)
        print(niceness())
        """
    )[::-1]
    assert (main, other) == (10, 0)


def test_a_thread_that_gives_way_more_already_stays_as_it_is() -> None:
    assert run(
        """
        os.setpriority(os.PRIO_PROCESS, 0, 15)
        raise_niceness(threading.get_native_id(), 10)
        print(niceness())
        raise_niceness(threading.get_native_id(), 19)
        print(niceness())
        """
    ) == [15, 19]


def test_a_thread_that_is_gone_is_passed_by() -> None:
    assert run(
        """
        gone = []
        in_thread(lambda: gone.append(threading.get_native_id()))
        raise_niceness(gone[0], 10)
        print(niceness() - start)
        """
    ) == [0]
