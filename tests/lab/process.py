"""Programs that a test starts, and waiting for what they (or a machine's console) print.

Nothing here polls: a thread per program reads its output and wakes whoever waits. cancel_all() ends
every program of the whole test run; after it nothing more can be started.
"""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import threading
import time

ESCAPES = re.compile(rb"\x1b\[[0-9;?=]*[A-Za-z]|\x1b[^\[]|\r")

_lock = threading.Lock()
_running = set()
_cancelled = False


class Unexpected(Exception):
    """What a test waited for did not come; the text says what and why."""


class Transcript:
    """Bytes as they are printed, also written to `path`. Thread-safe.

    Waiting goes forward: each wait_for() looks behind the end of what the last one found.
    """

    def __init__(self, name, path):
        self.name = name
        self._file = open(path, "wb")
        self._text = bytearray()
        self._seen = 0
        self._end = None
        self._changed = threading.Condition()

    def feed(self, data):
        """Adds output."""
        with self._changed:
            if not self._file.closed:
                self._file.write(data)
                self._file.flush()
            self._text += data
            self._changed.notify_all()

    def close(self, reason):
        """No more output comes, or none that is worth waiting for; the first reason counts."""
        with self._changed:
            self._end = self._end or reason
            self._changed.notify_all()

    def wait_for(self, pattern, deadline, dead_end=None):
        """The match of `pattern` (bytes), once printed.

        Raises Unexpected at `deadline` (time.monotonic() seconds), when the output ends, or when
        `dead_end` (bytes) is found before it.
        """
        with self._changed:
            while True:
                text = bytes(self._text[self._seen:])
                found = re.search(pattern, text)
                stuck = re.search(dead_end, text[:found.start()] if found else text) \
                    if dead_end else None
                if found and not stuck:
                    self._seen += found.end()
                    return found
                now = time.monotonic()
                if stuck:
                    reason = f"{stuck.group(0).decode(errors='replace').strip()!r} came first"
                else:
                    reason = self._end or ("time is over" if now >= deadline else None)
                if reason:
                    raise Unexpected(f"{self.name}: no {pattern.decode()!r}: {reason}")
                self._changed.wait(deadline - now)

    def wait_anywhere(self, pattern, deadline):
        """Waits for what may have been printed long ago; where wait_for() looks next stays."""
        with self._changed:
            seen, self._seen = self._seen, 0
        try:
            self.wait_for(pattern, deadline)
        finally:
            with self._changed:
                self._seen = seen

    def tail(self, lines):
        """The last lines, for people: without escape sequences and empty lines."""
        with self._changed:
            text = ESCAPES.sub(b"\n", bytes(self._text)).decode(errors="replace")
        kept = [line.rstrip() for line in text.split("\n") if line.strip()]
        return "\n".join(kept[-lines:])

    def release(self):
        """Closes the file; text that still comes is kept in memory only."""
        with self._changed:
            self._file.close()


class Process:
    """A program in a network namespace; what it prints (both streams) is its transcript.

    `on_end(reason)` is called from another thread when it ends before stop(). `descriptors` stay
    open in the program under the same numbers.
    """

    def __init__(self, namespace, command, log, environment=None, on_end=None, descriptors=()):
        self.transcript = Transcript(os.path.basename(command[0]), log)
        self._on_end = on_end
        self._stopping = False
        with _lock:
            if _cancelled:
                raise Unexpected("the test run was interrupted")
            self._child = subprocess.Popen(
                ["ip", "netns", "exec", namespace, *map(str, command)], env=environment,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                pass_fds=descriptors, start_new_session=True)
            _running.add(self)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        while data := os.read(self._child.stdout.fileno(), 65536):
            self.transcript.feed(data)
        reason = f"{self.transcript.name} ended with status {self._child.wait()}"
        self.transcript.close(reason)
        if self._on_end and not self._stopping:
            self._on_end(reason)

    def signal(self, number):
        """Sends a signal to the program and its children, if it still runs."""
        if self._child.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._child.pid, number)

    def stop(self):
        """Ends it (SIGTERM, after 20 seconds SIGKILL) and returns the exit status, any time."""
        self._stopping = True
        self.signal(signal.SIGTERM)
        try:
            status = self._child.wait(20)  # a disk may be slow to take what is to outlive it
        except subprocess.TimeoutExpired:
            self.transcript.feed(_where(self._child.pid))
            self.signal(signal.SIGKILL)
            status = self._child.wait()
        self._reader.join()
        self._child.stdout.close()
        self.transcript.release()
        with _lock:
            _running.discard(self)
        return status


def _where(pid):
    """What the threads of a process that does not end are doing."""
    lines = ["It does not end. Its threads, and where each waits in the kernel:"]
    for task in sorted(pathlib.Path(f"/proc/{pid}/task").glob("*")):
        with contextlib.suppress(OSError):
            name, call, stack = ((task / part).read_text().strip() for part in ("comm", "syscall", "stack"))
            lines.append(f"{task.name} {name}: {call}; {' '.join(stack.split())}")
    return ("\n".join(lines) + "\n").encode()


def is_cancelled():
    """Whether cancel_all() was called."""
    return _cancelled


def cancel_all():
    """Ends every program at once, for good: those who wait for one get Unexpected."""
    global _cancelled
    with _lock:
        _cancelled = True
        running = list(_running)
    for process in running:
        process.signal(signal.SIGTERM)
