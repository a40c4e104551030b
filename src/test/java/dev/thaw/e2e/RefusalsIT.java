package dev.thaw.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What cannot be carried over: a Python program makes it, and the dump refuses by name before it
 * changes anything.
 */
@Tag("e2e")
@Timeout(value = 150, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RefusalsIT {
  private static final int REFUSED = 3;

  /** Tells its pid when the state is made; goes on for ever. */
  private static final String FRAME =
      """
      import ctypes, fcntl, os, signal, socket, sys
      %s
      with open("ready", "w") as ready: ready.write(str(os.getpid()))
      os.rename("ready", "pid")
      while True: signal.pause()
      """;

  @TempDir Path directory;

  static Stream<Arguments> refused() {
    return Stream.of(files(), sockets(), sizes()).flatMap(cases -> cases);
  }

  /** What no restore has room for; a memfd of Thaw's own is that long. */
  private static Stream<Arguments> sizes() {
    return Stream.of(
        Arguments.of(
            "a memfd with a hole of an exbibyte",
            "m = os.memfd_create('m'); os.ftruncate(m, 1 << 60)",
            "is 1073741824 GiB long"),
        Arguments.of(
            "a mapping of one",
            """
            import mmap
            m = os.memfd_create('m'); os.ftruncate(m, (1 << 63) - 4096); a = mmap.mmap(m, 4096)
            os.closerange(3, 100)
            c = ctypes.CDLL(None)
            """,
            "shared memory: it is 8589934591 GiB long"),
        Arguments.of(
            "sparse shared memory of more than a tebibyte in all",
            """
            ms = [os.memfd_create('m') for i in range(5)]
            for m in ms: os.ftruncate(m, 1 << 38)
            """,
            "it is 1280 GiB long in all"));
  }

  private static Stream<Arguments> files() {
    return Stream.of(
        Arguments.of(
            "a lease",
            "f = os.open('file', os.O_RDWR | os.O_CREAT); fcntl.fcntl(f, 1024, fcntl.F_WRLCK)",
            "F_SETLEASE"),
        Arguments.of(
            "a lock on a memfd",
            "m = os.memfd_create('m'); fcntl.flock(m, fcntl.LOCK_EX)",
            "locks on this kind of file"),
        Arguments.of(
            "signals to a process outside",
            "r, w = os.pipe(); fcntl.fcntl(r, fcntl.F_SETOWN, 1)",
            "process 1 (F_SETOWN)"),
        Arguments.of(
            "a file of a process outside",
            "f = open('/proc/1/stat')",
            "process 1 is not in the tree"),
        Arguments.of(
            "a file of a mounted hugetlbfs",
            """
            os.mkdir('h'); os.system('mount -t hugetlbfs none h')
            f = os.open('h/file', os.O_RDWR | os.O_CREAT); c = ctypes.CDLL(None)
            c.mmap.restype = ctypes.c_void_p
            a = c.mmap(None, ctypes.c_size_t(2 << 20), 3, 0x4001, f, ctypes.c_long(0))
            os.close(f); os.system('umount -l h')
            """,
            "files of a mounted hugetlbfs"),
        Arguments.of(
            "a deleted file",
            "f = open('file', 'w'); os.unlink('file')",
            "the file was deleted while open"));
  }

  private static Stream<Arguments> sockets() {
    return Stream.of(
        Arguments.of(
            "a connection that nobody has accepted",
            """
            l = socket.socket(socket.AF_UNIX); l.bind('door'); l.listen()
            c = socket.socket(socket.AF_UNIX)
            if os.fork() == 0: l.close(); c.connect('door')
            else: signal.pause()
            """,
            "has not been accepted yet"),
        Arguments.of(
            "a listener outside",
            """
            l = socket.socket(socket.AF_UNIX); l.bind('door'); l.listen()
            c = socket.socket(socket.AF_UNIX)
            c.connect('door'); s, _ = l.accept()
            if os.fork() == 0: l.close()
            else: c.close(); s.close(); signal.pause()
            """,
            "the listener door is outside the tree"),
        Arguments.of(
            "descriptors in a queue",
            "a, b = socket.socketpair(); a.sendmsg([b'x'], [(1, 1, (0).to_bytes(4, 'little'))])",
            "SCM_RIGHTS"),
        Arguments.of(
            "credentials in a queue",
            "a, b = socket.socketpair(); b.setsockopt(1, 16, 1); a.send(b'x')",
            "SO_PASSCRED"),
        Arguments.of(
            "datagrams that tell how they came",
            """
            u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(('127.0.0.1', 0))
            u.setsockopt(0, 8, 1); u.sendto(b'x', u.getsockname())
            """,
            "IP_PKTINFO"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("refused")
  void isRefusedByNameAndLeftAsItWas(String what, String state, String words) throws Exception {
    Process process =
        new ProcessBuilder("python3", "-c", FRAME.formatted(state.strip()))
            .directory(directory.toFile())
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("output").toFile())
            .start();
    try {
      Path pidFile = directory.resolve("pid");
      Victim.await(what, () -> Files.exists(pidFile) || !process.isAlive());
      assertTrue(process.isAlive(), Files.readString(directory.resolve("output")));
      long pid = Long.parseLong(Files.readString(pidFile));
      Command dump = Command.thaw("dump", "-t", pid, "-D", directory.resolve("checkpoint"));
      assertEquals(REFUSED, dump.exit(), dump.toString());
      assertTrue(dump.output().contains(words), dump.output());
      assertEquals(1, dump.output().lines().count(), dump.output());
      assertFalse(Files.exists(directory.resolve("checkpoint")));
      assertEquals('S', state(pid));
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
    }
  }

  private static char state(long pid) throws IOException {
    String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
    return stat.charAt(stat.lastIndexOf(')') + 2);
  }
}
