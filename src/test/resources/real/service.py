"""A web service that checks itself, dumped and restored by CPythonIT.

It holds what a Python service holds: an asyncio loop in the main thread with timers and a listening
socket, a ThreadingHTTPServer in another thread, worker threads that wait in every way CPython knows,
a chain of threading.Timer, and a database in memory. All of its state is a function of counters:

    chain(n)  = sha256(chain(n-1) + str(n))           advanced by the workers, under a lock
    row(k)    = sha256("row" + str(k))                 in sqlite, appended by the timers
    tree(i)   = nested dicts, lists and strings computed from i

so GET /verify recomputes it from nothing, and answers "ok ..." or "wrong ...".

usage: service.py PORT-FILE MEGABYTES
"""

import asyncio
import hashlib
import http.server
import os
import queue
import select
import signal
import sqlite3
import sys
import threading
import time

LOCK = threading.Lock()
CHAIN = {"n": 0, "digest": b""}
WRONG = []
TICKS = {"timer": 0, "asyncio": 0, "queue": 0, "select": 0, "condition": 0, "sleep": 0, "alarm": 0}
CONDITION = threading.Condition()
WORK = queue.Queue(maxsize=64)


def sha(text):
    return hashlib.sha256(text.encode()).digest()


def advance_chain():
    with LOCK:
        n = CHAIN["n"] + 1
        CHAIN["digest"] = hashlib.sha256(CHAIN["digest"] + str(n).encode()).digest()
        CHAIN["n"] = n


def chain_from_nothing(n):
    digest = b""
    for i in range(1, n + 1):
        digest = hashlib.sha256(digest + str(i).encode()).digest()
    return digest


def tree(i):
    """A small graph of objects of many types."""
    return {
        "id": i,
        "name": "node-%d" % i,
        "big": i ** 17,
        "ratio": i / 7,
        "bytes": sha("tree%d" % i) * (i % 97),
        "list": [j * i for j in range(i % 50)],
        "set": frozenset(range(i % 31)),
        "nested": {"k%d" % j: ("v%d" % (i + j), j) for j in range(i % 13)},
    }


def build_forest(megabytes):
    forest = {}
    held = 0
    i = 0
    while held < megabytes * 1024 * 1024:
        forest[i] = tree(i)
        held += 3000 + 32 * (i % 97) + 36 * (i % 50)
        i += 1
    return forest


class Database:
    """Rows in sqlite's memory; every access under one lock, from any thread."""

    def __init__(self):
        self.lock = threading.Lock()
        self.connection = sqlite3.connect(":memory:", check_same_thread=False)
        self.connection.execute("create table row (k integer primary key, digest blob)")
        self.rows = 0

    def append(self, count):
        with self.lock:
            for k in range(self.rows, self.rows + count):
                self.connection.execute("insert into row values (?, ?)", (k, sha("row%d" % k)))
            self.connection.commit()
            self.rows += count

    def wrong_rows(self):
        with self.lock:
            found = 0
            wrong = []
            for k, digest in self.connection.execute("select k, digest from row order by k"):
                if k != found or digest != sha("row%d" % k):
                    wrong.append(k)
                found += 1
            if found != self.rows:
                wrong.append("%d rows of %d" % (found, self.rows))
            return wrong


DATABASE = Database()


def verify():
    """Recomputes all state; the list of what is not as computed."""
    wrong = list(WRONG)
    with LOCK:
        n, digest = CHAIN["n"], CHAIN["digest"]
    if chain_from_nothing(n) != digest:
        wrong.append("chain at %d" % n)
    wrong += ["row %s" % k for k in DATABASE.wrong_rows()]
    for i, node in list(FOREST.items()):
        if node != tree(i):
            wrong.append("tree %d" % i)
    return wrong


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/verify":
            wrong = verify()
            body = "wrong %s" % wrong if wrong else "ok chain=%d rows=%d trees=%d" % (
                CHAIN["n"], DATABASE.rows, len(FOREST))
        elif self.path == "/chain":
            with LOCK:
                body = "%d %s" % (CHAIN["n"], CHAIN["digest"].hex())
        elif self.path == "/ticks":
            body = " ".join("%s=%d" % item for item in sorted(TICKS.items()))
        elif self.path.startswith("/row/"):
            k = int(self.path[5:])
            with DATABASE.lock:
                found = DATABASE.connection.execute("select digest from row where k = ?", (k,)).fetchone()
            body = found[0].hex() if found else "absent"
        else:
            self.send_error(404)
            return
        data = body.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        """Takes a write: so many rows more."""
        count = int(self.rfile.read(int(self.headers["Content-Length"])))
        DATABASE.append(count)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, form, *args):
        pass


def guarded(body):
    """Runs a thread's body for ever; whatever it throws is a wrong state."""
    def run():
        try:
            while True:
                body()
        except BaseException as e:  # a thread that ends is a failure, however it ends
            WRONG.append("%s: %r" % (threading.current_thread().name, e))
    return run


def condition_waiter():
    with CONDITION:
        CONDITION.wait(timeout=0.05)
    TICKS["condition"] += 1
    advance_chain()


def queue_producer():
    WORK.put((TICKS["queue"], sha("work%d" % TICKS["queue"])))
    time.sleep(0.01)


def queue_consumer():
    number, digest = WORK.get()
    if digest != sha("work%d" % number):
        WRONG.append("work %d" % number)
    TICKS["queue"] += 1


def sleeper():
    before = time.monotonic()
    time.sleep(0.02)
    if time.monotonic() - before < 0.02:
        WRONG.append("sleep returned early")
    TICKS["sleep"] += 1
    advance_chain()


def make_selector():
    read_end, write_end = os.pipe()
    poll = select.poll()
    poll.register(read_end, select.POLLIN)

    def body():
        os.write(write_end, b"0123456789")
        if not poll.poll(5000):
            WRONG.append("poll saw nothing in a full pipe")
        if os.read(read_end, 100) != b"0123456789":
            WRONG.append("pipe changed its bytes")
        poll.poll(30)
        TICKS["select"] += 1
    return body


def timer_chain():
    TICKS["timer"] += 1
    DATABASE.append(1)
    advance_chain()
    timer = threading.Timer(0.1, timer_chain)
    timer.daemon = True
    timer.start()


def on_alarm(number, frame):
    TICKS["alarm"] += 1


async def asyncio_main(port_file, http_port):
    async def echo(reader, writer):
        line = await reader.readline()
        writer.write(hashlib.sha256(line).hexdigest().encode() + b"\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    echo_port = server.sockets[0].getsockname()[1]
    with open(port_file + ".tmp", "w") as f:
        f.write("%d %d\n" % (http_port, echo_port))
    os.rename(port_file + ".tmp", port_file)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + 3600
    loop.call_at(deadline, lambda: WRONG.append("an hour's timer fired"))
    while True:
        await asyncio.sleep(0.05)
        TICKS["asyncio"] += 1
        await asyncio.get_running_loop().run_in_executor(None, advance_chain)


def main():
    global FOREST
    port_file, megabytes = sys.argv[1], int(sys.argv[2])
    FOREST = build_forest(megabytes)
    DATABASE.append(20000)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="http", daemon=True).start()
    for name, body in [("condition", condition_waiter), ("producer", queue_producer),
                       ("consumer", queue_consumer), ("sleeper", sleeper), ("selector", make_selector())]:
        threading.Thread(target=guarded(body), name=name, daemon=True).start()
    threading.Thread(target=guarded(lambda: threading.Event().wait()), name="forever", daemon=True).start()
    timer_chain()
    signal.signal(signal.SIGALRM, on_alarm)
    signal.setitimer(signal.ITIMER_REAL, 0.25, 0.25)
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    asyncio.run(asyncio_main(port_file, server.server_address[1]))


main()
