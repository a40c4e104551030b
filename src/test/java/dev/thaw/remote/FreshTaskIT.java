package dev.thaw.remote;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.linux.Fd;
import dev.thaw.linux.PidFd;
import dev.thaw.linux.SpawnedProcess;
import dev.thaw.linux.UnixSocket;
import dev.thaw.pager.InitConnection;
import dev.thaw.pager.SpawnedTask;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a restore does: a task under construction makes children and threads by programs. */
@Tag("kernel")
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FreshTaskIT {
  private static final Duration LIMIT = Duration.ofSeconds(5);
  private static final long AREA = 0x100000000000L;
  private static final int DESCRIPTOR = 500;
  private static final int SIGCHLD = 17;
  private static final long SIGKILL_AND_SIGSTOP = 1L << 8 | 1L << 18;

  /** Those that the C library does not let its callers block: 32 and 33. */
  private static final long INTERNAL_SIGNALS = 3L << 31;

  private static final long THREAD_FLAGS = 0x100 | 0x200 | 0x400 | 0x800 | 0x10000 | 0x40000;

  /** A single-threaded task; its own sleep shows where a syscall instruction is. */
  private record Fresh(Tracee task, Registers registers, byte[] xstate, long mask, long gadget) {
    static Fresh of(Target target) throws IOException {
      Tracee task = Tracee.seize(target.pid(), Tracee.FOLLOW_OR_DIE);
      Registers registers;
      do {
        task.stop(LIMIT);
        registers = task.registers();
        if (!registers.interruptedCall()) {
          task.resume();
        }
      } while (!registers.interruptedCall());
      Registers restarted = registers.restarted();
      return new Fresh(task, registers, task.xstate(), task.signalMask(), restarted.get(Reg.RIP));
    }

    /**
     * The sleep is made again from its beginning: the restart block is not this task's business.
     */
    Registers goingOn() {
      return registers
          .with(Reg.RAX, Syscalls.NANOSLEEP)
          .with(Reg.ORIG_RAX, -1)
          .with(Reg.RIP, gadget);
    }
  }

  private static Program.Builder cloning(String name, long flags, int exitSignal) {
    Program.Builder builder = Program.builder(name);
    ByteBuffer args = ByteBuffer.allocate(88).order(ByteOrder.LITTLE_ENDIAN);
    args.putLong(0, flags).putLong(32, exitSignal);
    builder.call(Syscalls.CLONE3, builder.data(args.array()), 88);
    return builder;
  }

  @Test
  void aProgramMakesAChildThatRunsProgramsOfItsOwn() throws Exception {
    try (Target target = Target.start("nanosleep");
        TracerThread tracer = new TracerThread("tracer")) {
      int child =
          tracer.submit(
              () -> {
                Fresh fresh = Fresh.of(target);
                RemoteProcess parent =
                    RemoteProcess.inject(fresh.task(), AREA, RemoteProcess.DEFAULT_AREA_BYTES);
                Results made = parent.run(cloning("child", 0, SIGCHLD).build());
                assertEquals(1, made.born().size());
                Tracee born = made.born().get(0);
                assertEquals(made.result(new Program.Result(0)), born.tid());
                RemoteProcess remote = parent.startProcess(born);
                Program.Builder builder = Program.builder("who");
                Program.Result pid = builder.call(Syscalls.GETPID);
                Program.Result parentPid = builder.call(Syscalls.GETPPID);
                Results who = remote.run(builder.build());
                assertEquals(born.tid(), who.result(pid));
                assertEquals(target.pid(), who.result(parentPid));
                assertEquals(Set.of("0", "1", "2", "3"), descriptors(born.tid()));
                assertEquals(Set.of("0", "1", "2", "3"), descriptors(target.pid()));
                RemoteProcess.runLast(Map.of(remote, Program.builder("nothing").build()));
                remote.cureTo(fresh.goingOn(), fresh.xstate(), fresh.mask(), fresh.gadget());
                born.detach();
                parent.cure();
                fresh.task().detach();
                return born.tid();
              });
      target.awaitProgress();
      target.assertUnharmed();
      assertEquals(Set.of("0", "1", "2"), descriptors(child));
      assertFalse(Files.readString(Path.of("/proc/" + child + "/maps")).contains("100000000000-"));
      assertEquals(
          Files.readString(Path.of("/proc/" + target.pid() + "/maps")),
          Files.readString(Path.of("/proc/" + child + "/maps")));
      try (PidFd pidfd = PidFd.open(child)) {
        pidfd.send(9);
      }
    }
  }

  @Test
  void aProgramMakesThreadsThatRunProgramsAndGoOnWhereTheyAreTold() throws Exception {
    try (Target target = Target.start("nanosleep");
        TracerThread tracer = new TracerThread("tracer")) {
      tracer.submit(
          () -> {
            Fresh fresh = Fresh.of(target);
            RemoteProcess process =
                RemoteProcess.inject(fresh.task(), AREA, RemoteProcess.DEFAULT_AREA_BYTES);
            for (int i = 0; i < 20; i++) {
              Program.Builder cloning = cloning("thread", THREAD_FLAGS, 0);
              Program.Data pair = cloning.zeroed(8);
              cloning.call(Syscalls.SOCKETPAIR, 1, 5, 0, pair);
              Results made = process.run(cloning.build());
              Tracee born = made.born().get(0);
              RemoteProcess thread;
              try (PidFd pidfd = PidFd.open(target.pid())) {
                Fd driver = pidfd.take(made.int32(pair.plus(4)));
                thread = process.startThread(born, 64 << 10, made.int32(pair), driver);
              }
              Program.Builder builder = Program.builder("who");
              Program.Result pid = builder.call(Syscalls.GETPID);
              Program.Result tid = builder.call(Syscalls.GETTID);
              Results who = thread.run(builder.build());
              assertEquals(target.pid(), who.result(pid));
              assertEquals(born.tid(), who.result(tid));
              Program.Builder closing = Program.builder("close");
              closing.call(Syscalls.CLOSE, made.int32(pair.plus(4)));
              process.run(closing.build());
              RemoteProcess.runLast(Map.of(thread, Program.builder("nothing").build()));
              Registers ending = fresh.goingOn().with(Reg.RAX, Syscalls.EXIT).with(Reg.RDI, 0);
              thread.cureThreadTo(ending, fresh.xstate(), fresh.mask());
              born.detach();
            }
            process.cure();
            fresh.task().detach();
            return null;
          });
      target.awaitProgress();
      target.assertUnharmed();
      assertEquals(Set.of("0", "1", "2"), descriptors(target.pid()));
    }
  }

  @Test
  void aTaskThatBeginsWithABlobRunsProgramsAndDiesWithItsTracer() throws Exception {
    UnixSocket[] pair = UnixSocket.pair();
    String command = Path.of(System.getProperty("thaw.native"), "thaw-init").toString();
    try (InitConnection init = new InitConnection(pair[0]);
        SpawnedProcess process = start(command, pair[1])) {
      FreshBlob blob = new FreshBlob(AREA, RemoteProcess.DEFAULT_AREA_BYTES, DESCRIPTOR);
      SpawnedTask.Image image =
          new SpawnedTask.Image(AREA, blob.areaBytes(), DESCRIPTOR, blob.start());
      SpawnedTask task = init.spawn(0, image);
      TracerThread tracer = new TracerThread("tracer");
      tracer.submit(
          () -> {
            RemoteProcess remote =
                blob.in(Tracee.seize(task.pid(), Tracee.FOLLOW_OR_DIE), task.socket());
            Program.Builder builder = Program.builder("who");
            Program.Result parent = builder.call(Syscalls.GETPPID);
            assertEquals(process.pid(), remote.run(builder.build()).result(parent));
            assertEquals(Set.of("0", "1", "2", "500"), descriptors(task.pid()));
            remote.thread().stop(LIMIT);
            assertEquals(Optional.empty(), remote.thread().rseq(), "what the C library registered");
            assertEquals(~SIGKILL_AND_SIGSTOP, remote.thread().signalMask() | INTERNAL_SIGNALS);
            remote.thread().resume();
            return null;
          });
      tracer.close();
      long end = System.nanoTime() + LIMIT.toNanos();
      while (Files.exists(Path.of("/proc/" + task.pid() + "/exe"))) {
        assertTrue(System.nanoTime() < end, "still there");
        Thread.onSpinWait();
      }
    }
  }

  private static SpawnedProcess start(String command, UnixSocket control) throws IOException {
    try (control) {
      return SpawnedProcess.start(List.of(command, "--control-fd", "3"), List.of(control));
    }
  }

  private static Set<String> descriptors(int pid) throws IOException {
    Set<String> fds = new TreeSet<>();
    try (var dir = Files.list(Path.of("/proc/" + pid + "/fd"))) {
      dir.forEach(path -> fds.add(path.getFileName().toString()));
    }
    return fds;
  }
}
