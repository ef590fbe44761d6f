"""servers.py - the servers under measurement: started on loopback on ports free at that moment, and never left behind.

Every server is a child that the kernel kills when this program dies; configurations lie in a temporary folder. What cannot be
had is a Missing, with the reason in words.
"""
import contextlib
import ctypes
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

PATIENCE_S = 20


class Missing(Exception):
    """A server that is not here, or does not start; the text says why."""


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def killed_after(process, limit_s):
    """Whoever waits in here for a word of `process` gets its end of file when none has come in time: a run never hangs."""
    timer = threading.Timer(limit_s, process.kill)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class Server:
    """One server process: `port` for subscribers, `feed` for the publisher."""

    def __init__(self, command, error_file):
        try:
            with open(error_file, "ab") as errors:
                self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
                                                preexec_fn=die_with_parent)
        except OSError as error:
            raise Missing(f"{command[0]}: {error.strerror}") from error
        self.errors = error_file
        self.port = self.feed = 0

    @property
    def pid(self):
        return self.process.pid

    def wait_for_ready_line(self):
        with killed_after(self.process, PATIENCE_S):
            line = self.process.stdout.readline().decode()
        values = dict(word.split("=", 1) for word in line.split() if "=" in word)
        if "port" not in values:
            raise Missing(self.last_words("did not start"))
        self.port = int(values["port"])
        self.feed = int(values.get("feed", self.port))

    def wait_for_port(self, port):
        """The process itself must hold the port: another's would answer too, but this one would be dead."""
        self.port = self.feed = port
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise Missing(self.last_words("ended at once"))
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=1):
                    return
            except OSError:
                time.sleep(0.02)
        raise Missing(self.last_words(f"does not answer on port {port}"))

    def last_words(self, what):
        text = pathlib.Path(self.errors).read_text(errors="replace").strip().splitlines()
        return what + (": " + text[-1][:160] if text else "")

    def resident_bytes(self):
        for line in pathlib.Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Rss:"):
                return int(line.split()[1]) * 1024
        return 0

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(3)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def find(program):
    path = shutil.which(program, path="/usr/sbin:/usr/bin:/usr/local/bin:/usr/local/sbin:/bin:/sbin")
    if path is None:
        raise Missing(f"{program} is not installed (tools/bench fanout --peers installs it)")
    return path


class Start:
    """How each target is started: start(message_bytes, feed_port of the scripted CTI Server) gives a Server."""

    def __init__(self, build, ringsided_arguments=(), before=None):
        self.build = pathlib.Path(build)
        self.before = before  # another ringsided, to compare with
        self.log_mib = None   # of ringsided, when not the default
        self.ringsided_arguments = list(ringsided_arguments)
        self.folder = tempfile.TemporaryDirectory(prefix="ringside-bench-")
        self.path = pathlib.Path(self.folder.name)

    def close(self):
        self.folder.cleanup()

    def _server(self, name, command):
        errors = self.path / f"{name}.log"
        errors.write_bytes(b"")
        return Server([str(part) for part in command], errors)

    def _built(self, program):
        path = self.build / program
        if not path.exists():
            raise Missing(f"{program} is not built")
        return path

    def ringside(self, _bytes, feed_port, *more, program=None):
        config = self.path / "ringside.toml"
        log = "" if self.log_mib is None else f"[server]\nlog_mib = {self.log_mib}\n"
        config.write_text(f"{log}[sessions]\nper_address_max = 16384\n")  # all of them come from here
        more = ("--config", config, *more)
        server = self._server("ringsided", [program or self._built("tools/ringsided"), "--listen", "127.0.0.1:0",
                                            "--cti-server", f"127.0.0.1:{feed_port}", "--log-level", "error", *more,
                                            *self.ringsided_arguments])
        return self._ready(server)

    def ringside_before(self, message_bytes, feed_port):
        return self.ringside(message_bytes, feed_port, program=self.before)

    def ringside_epoll(self, message_bytes, feed_port):
        return self.ringside(message_bytes, feed_port, "--io", "epoll")

    def ringside_one_thread(self, message_bytes, feed_port):
        return self.ringside(message_bytes, feed_port, "--fanouts", "0")

    def floor(self, message_bytes, kind, sends):
        return self._ready(self._server("floor", [self._built("bench/fanout_floor"), kind, sends, message_bytes]))

    def redis(self, _bytes, _feed):
        port = free_port()
        server = self._server("redis", [
            find("redis-server"), "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", self.path,
            "--client-output-buffer-limit", "pubsub 0 0 0", "--maxclients", 12000, "--tcp-backlog", 4096, "--loglevel", "warning",
            "--logfile", self.path / "redis.log", "--daemonize", "no"])
        return self._listening(server, port)

    def nats(self, _bytes, _feed):
        port, config = free_port(), self.path / "nats.conf"
        config.write_text(f"host: 127.0.0.1\nport: {port}\nmax_connections: 65536\nmax_pending: 1GB\n"
                          "ping_interval: \"60m\"\nwrite_deadline: \"60s\"\n")
        return self._listening(self._server("nats", [find("nats-server"), "-c", config]), port)

    def mosquitto(self, _bytes, _feed):
        port, config = free_port(), self.path / "mosquitto.conf"
        config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nset_tcp_nodelay true\n"
                          "max_queued_messages 0\nmax_queued_bytes 0\nlog_type error\nuser root\n")
        return self._listening(self._server("mosquitto", [find("mosquitto"), "-c", config]), port)

    def zeromq(self, message_bytes, _feed):
        body = message_bytes - 2 if message_bytes <= 257 else max(message_bytes, 265) - 9  # ZMTP: short and long frames
        return self._ready(self._server("zmq_pub", [self._built("bench/zmq_pub"), body]))

    @staticmethod
    def _ready(server):
        try:
            server.wait_for_ready_line()
        except Missing:
            server.stop()
            raise
        return server

    @staticmethod
    def _listening(server, port):
        try:
            server.wait_for_port(port)
        except Missing:
            server.stop()
            raise
        return server

    def target(self, name):
        """(protocol, start) of a target by its name."""
        return {
            "ringside": ("ringside", self.ringside),
            "ringside-epoll": ("ringside", self.ringside_epoll),
            "ringside-one-thread": ("ringside", self.ringside_one_thread),
            "ringside-before": ("ringside", self.ringside_before),
            "redis": ("redis", self.redis),
            "nats": ("nats", self.nats),
            "mosquitto": ("mqtt", self.mosquitto),
            "zeromq": ("zmtp", self.zeromq),
            "floor-epoll-each": ("floor", lambda size, _: self.floor(size, "epoll", "each")),
            "floor-epoll": ("floor", lambda size, _: self.floor(size, "epoll", "coalesced")),
            "floor-uring-each": ("floor", lambda size, _: self.floor(size, "uring", "each")),
            "floor-uring": ("floor", lambda size, _: self.floor(size, "uring", "coalesced")),
        }[name]


OURS = ["ringside"]
ONE_THREAD = ["ringside-one-thread"]  # line and fan-out in one, for a small server
PEERS = ["redis", "nats", "mosquitto", "zeromq"]
FLOORS = ["floor-epoll-each", "floor-epoll", "floor-uring-each", "floor-uring"]
EACH = ["floor-epoll-each", "floor-uring-each"]
