package dev.thaw.remote;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.linux.Errno;
import dev.thaw.linux.ProcessVm;
import dev.thaw.remote.Program.Success;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("kernel")
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RemoteProcessIT {
  private static final Duration LIMIT = Duration.ofSeconds(5);
  private static final int O_CLOEXEC = 02000000;

  private final TracerThread tracer = new TracerThread("tracer");
  private Target target;

  @BeforeEach
  void start() throws Exception {
    target = Target.start("nanosleep");
  }

  @AfterEach
  void end() throws Exception {
    tracer.close();
    target.close();
  }

  private interface Work<T> {
    T in(RemoteProcess remote) throws IOException;
  }

  /** Injects, works, cures, detaches; checks that the target did not notice. */
  private <T> T inTarget(Work<T> work) throws Exception {
    String before = target.outside();
    T result =
        tracer.submit(
            () -> {
              Tracee thread = Tracee.seize(target.pid(), Tracee.FOLLOW);
              thread.stop(LIMIT);
              RemoteProcess remote =
                  RemoteProcess.inject(thread, 0, RemoteProcess.DEFAULT_AREA_BYTES);
              try {
                return work.in(remote);
              } finally {
                remote.cure();
                thread.detach();
              }
            });
    target.awaitProgress();
    target.assertUnharmed();
    assertEquals(0, target.interruptions());
    assertEquals(before, target.outside());
    return result;
  }

  @Test
  void aProgramRunsInTheTarget() throws Exception {
    Program.Builder builder = Program.builder("identity");
    Program.Result pid = builder.call(Syscalls.GETPID);
    Program program = builder.build();
    assertEquals(Long.valueOf(target.pid()), inTarget(r -> r.run(program).result(pid)));
  }

  @Test
  void argumentsAreConstantsDataResultsAndWordsFoundAtRunTime() throws Exception {
    Program.Builder builder = Program.builder("arguments");
    Program.Data pair = builder.zeroed(8);
    Program.Data size = builder.data(new byte[] {0, 0x10, 0, 0, 0, 0, 0, 0});
    Program.Data found = builder.zeroed(8);
    builder.call(Syscalls.PIPE2, pair, O_CLOEXEC);
    Program.Result written = builder.call(Syscalls.WRITE, pair.word32(4), size, 8);
    builder.callOk(Success.exactly(8), Syscalls.READ, pair.word32(0), found, written);
    Program.Result mapped = builder.call(Syscalls.MMAP, 0, found.word64(0), 3, 0x22, -1, 0);
    builder.call(Syscalls.MUNMAP, mapped, found.word64(0));
    builder.call(Syscalls.CLOSE, pair.word32(0));
    builder.call(Syscalls.CLOSE, pair.word32(4));
    Program program = builder.build();
    Results results = inTarget(remote -> remote.run(program));
    assertEquals(4096, results.int64(found));
    assertTrue(results.result(mapped) > 0);
  }

  @Test
  void theFirstFailingCallIsNamedAndEndsTheProgram() throws Exception {
    Program.Builder builder = Program.builder("failing");
    builder.call(Syscalls.GETPID);
    builder.note("fd 7: regular file");
    builder.call(Syscalls.OPENAT, -100, builder.cstring("/no/such/file"), 0);
    builder.call(Syscalls.KILL, target.pid(), 9);
    Program program = builder.build();
    RemoteException e =
        assertThrows(RemoteException.class, () -> inTarget(remote -> remote.run(program)));
    assertEquals(
        "pid "
            + target.pid()
            + ": openat(AT_FDCWD, \"/no/such/file\", O_RDONLY) [fd 7: regular file]:"
            + " ENOENT (No such file or directory)",
        e.getMessage());
    assertEquals(Errno.ENOENT.code(), e.errno());
  }

  @Test
  void whatCountsAsSuccessIsTheProgramsChoice() throws Exception {
    Program.Builder builder = Program.builder("outcomes");
    Program.Result any = builder.callOk(Success.any(), Syscalls.CLOSE, 9999);
    Program.Result one =
        builder.callOk(Success.orErrno(Errno.ENOENT, Errno.EBADF), Syscalls.CLOSE, 9999);
    Program program = builder.build();
    Results results = inTarget(remote -> remote.run(program));
    assertEquals(-Errno.EBADF.code(), results.result(any));
    assertEquals(-Errno.EBADF.code(), results.result(one));
  }

  @Test
  void aThousandCallsWithHalfAMegabyteOfDataAreOneProgram() throws Exception {
    Program.Builder builder = Program.builder("large");
    byte[] pattern = new byte[500_000];
    new java.util.Random(1).nextBytes(pattern);
    Program.Data data = builder.data(pattern);
    Program.Data copy = builder.zeroed(4096);
    Program.Data pair = builder.zeroed(8);
    builder.call(Syscalls.PIPE2, pair, O_CLOEXEC);
    for (int i = 0; i < 500; i++) {
      builder.callOk(
          Success.exactly(1000), Syscalls.WRITE, pair.word32(4), data.plus(i * 1000), 1000);
      builder.callOk(Success.exactly(1000), Syscalls.READ, pair.word32(0), copy, 1000);
    }
    builder.call(Syscalls.CLOSE, pair.word32(0));
    builder.call(Syscalls.CLOSE, pair.word32(4));
    Program program = builder.build();
    Results results = inTarget(remote -> remote.run(program));
    assertArrayEquals(Arrays.copyOfRange(pattern, 499_000, 500_000), results.data(copy, 1000));
  }

  @Test
  void aProgramThatIsTooLargeIsRefusedAndNothingHappens() throws Exception {
    Program.Builder builder = Program.builder("too large");
    builder.call(Syscalls.WRITE, 1, builder.zeroed(2 << 20), 1);
    Program program = builder.build();
    assertThrows(IllegalArgumentException.class, () -> inTarget(remote -> remote.run(program)));
  }

  @Test
  void whereTheVdsoHasNoRoomACodeSegmentsPaddingServes() throws Exception {
    String vdso =
        Files.readAllLines(Path.of("/proc/" + target.pid() + "/maps")).stream()
            .filter(line -> line.endsWith("[vdso]"))
            .findFirst()
            .orElseThrow();
    long end = Long.parseUnsignedLong(vdso.substring(vdso.indexOf('-') + 1, vdso.indexOf(' ')), 16);
    byte[] full = new byte[512];
    Arrays.fill(full, (byte) 0x5a);
    ProcessVm.writeForced(target.pid(), end - full.length, full);
    Program.Builder builder = Program.builder("identity");
    Program.Result pid = builder.call(Syscalls.GETPID);
    Program program = builder.build();
    assertEquals(Long.valueOf(target.pid()), inTarget(r -> r.run(program).result(pid)));
    assertArrayEquals(full, ProcessVm.read(target.pid(), end - full.length, full.length));
  }

  @ParameterizedTest
  @ValueSource(strings = {"compute", "nanosleep", "poll", "epoll", "futex", "pipe", "sigsuspend"})
  void aHundredSessionsLeaveNoTrace(String kind) throws Exception {
    target.close();
    target = Target.start(kind);
    Program.Builder builder = Program.builder("identity");
    Program.Result pid = builder.call(Syscalls.GETPID);
    Program program = builder.build();
    for (int i = 0; i < 100; i++) {
      assertEquals(Long.valueOf(target.pid()), inTarget(r -> r.run(program).result(pid)));
    }
  }
}
