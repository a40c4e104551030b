package dev.thaw.pager;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.linux.Errno;
import dev.thaw.linux.SpawnedProcess;
import dev.thaw.linux.SyscallException;
import dev.thaw.linux.UnixSocket;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Tag("kernel")
@Timeout(value = 30, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class InitIT {
  private static final int SIGKILL = 9;
  private static final int DESCRIPTOR = 300;

  /** {@code 1: mov $34, %eax; syscall; jmp 1b}: pause(2) for ever. */
  private static final SpawnedTask.Image SLEEPER =
      new SpawnedTask.Image(
          0x100000000000L,
          1 << 16,
          DESCRIPTOR,
          new byte[] {(byte) 0xb8, 34, 0, 0, 0, 0x0f, 0x05, (byte) 0xeb, (byte) 0xf7});

  /** A pid that nobody has: far from where the kernel is counting. */
  private static int freePid() throws IOException {
    byte[] text = new byte[32]; // in one read: sysctl files end after a short one
    int max;
    try (RandomAccessFile file = new RandomAccessFile("/proc/sys/kernel/pid_max", "r")) {
      int length = file.read(text);
      max = Integer.parseInt(new String(text, 0, length, StandardCharsets.US_ASCII).trim());
    }
    for (int pid = max - 100; pid > max / 2; pid--) {
      if (!Files.exists(Path.of("/proc/" + pid))) {
        return pid;
      }
    }
    throw new IOException("no free pid");
  }

  private static String stat(int pid, int field) throws IOException {
    String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
    return stat.substring(stat.lastIndexOf(')') + 2).split(" ")[field - 3];
  }

  @Test
  void aSpawnedTaskHasThePidAndNoneOfOurDescriptors() throws Exception {
    int wanted = freePid();
    try (InitUnderTest init = new InitUnderTest()) {
      SpawnedTask task = init.connection().spawn(wanted, SLEEPER);
      assertEquals(wanted, task.pid());
      assertEquals(Integer.toString(init.pid()), stat(wanted, 4), "its parent");
      awaitSleep(wanted);
      String[] descriptors = Path.of("/proc/" + wanted + "/fd").toFile().list();
      Arrays.sort(descriptors);
      assertArrayEquals(new String[] {"0", "1", "2", "300"}, descriptors);
      String maps = Files.readString(Path.of("/proc/" + wanted + "/maps"));
      assertFalse(maps.contains("memfd:"), maps);
      assertTrue(maps.contains("100000000000-100000002000 r-xp"), maps);
      SyscallException taken =
          assertThrows(SyscallException.class, () -> init.connection().spawn(wanted, SLEEPER));
      assertEquals(Errno.EEXIST, taken.errno());
      try (UnixSocket socket = UnixSocket.of(task.socket())) {
        assertFalse(socket.hasEnded());
        SpawnedProcess.kill(wanted, SIGKILL);
        assertNull(socket.receive(1), "the other end went with the task");
      }
    }
  }

  /** It reaches pause(2) soon; what is looked at afterwards no longer changes. */
  private static void awaitSleep(int pid) throws IOException {
    while (!Files.readString(Path.of("/proc/" + pid + "/syscall")).startsWith("34 ")) {
      Thread.onSpinWait();
    }
  }

  @Test
  void aDriverThatDiesBeforeTheTreeRunsLeavesNothingBehind() throws Exception {
    SpawnedTask task;
    InitUnderTest init = new InitUnderTest();
    try (init) {
      task = init.connection().spawn(0, SLEEPER);
      assertTrue(Files.exists(Path.of("/proc/" + task.pid())));
    }
    assertFalse(Files.exists(Path.of("/proc/" + task.pid())));
    assertFalse(Files.exists(Path.of("/proc/" + init.pid())));
  }

  @Test
  void theEndOfTheRootIsReportedAndEndsIt() throws Exception {
    UnixSocket[] status = UnixSocket.pair();
    UnixSocket[] control = UnixSocket.pair();
    try (UnixSocket ours = status[0];
        InitConnection connection = new InitConnection(control[0]);
        SpawnedProcess init = start(control[1], status[1])) {
      SpawnedTask root = connection.spawn(0, SLEEPER);
      SpawnedTask other = connection.spawn(0, SLEEPER);
      connection.running(root.innerPid(), root.pid(), List.of());
      assertEquals("running " + root.pid() + "\n", line(ours));
      SpawnedProcess.kill(root.pid(), SIGKILL);
      assertEquals("exited 9\n", line(ours));
      assertEquals(SIGKILL, connection.reapedStatus(root.pid()));
      assertEquals(-1, connection.reapedStatus(other.pid()));
      SpawnedProcess.kill(other.pid(), SIGKILL);
      assertEquals(0, init.await());
    }
  }

  /** The tree runs before the driver says so: a program may have nothing left to do. */
  @Test
  void theEndOfARootThatWasFasterThanItsDriverIsReportedToo() throws Exception {
    UnixSocket[] status = UnixSocket.pair();
    UnixSocket[] control = UnixSocket.pair();
    try (UnixSocket ours = status[0];
        InitConnection connection = new InitConnection(control[0]);
        SpawnedProcess init = start(control[1], status[1])) {
      SpawnedTask root = connection.spawn(0, SLEEPER);
      SpawnedProcess.kill(root.pid(), SIGKILL);
      while (connection.reapedStatus(root.pid()) != SIGKILL) {
        Thread.onSpinWait();
      }
      connection.running(root.innerPid(), root.pid(), List.of());
      assertEquals("running " + root.pid() + "\n", line(ours));
      assertEquals("exited 9\n", line(ours));
      assertEquals(0, init.await());
    }
  }

  private static SpawnedProcess start(UnixSocket control, UnixSocket status) throws IOException {
    try (control;
        status) {
      return SpawnedProcess.start(
          List.of(InitUnderTest.nativeFile("thaw-init"), "--control-fd", "3", "--status-fd", "4"),
          List.of(control, status));
    }
  }

  private static String line(UnixSocket status) throws IOException {
    return new String(status.receive(100).bytes(), StandardCharsets.US_ASCII);
  }

  @Test
  void theEndOfADriverThatFailedIsReportedWithItsCode() throws Exception {
    UnixSocket[] status = UnixSocket.pair();
    try (UnixSocket ours = status[0];
        UnixSocket theirs = status[1];
        SpawnedProcess init =
            SpawnedProcess.start(
                List.of(
                    InitUnderTest.nativeFile("thaw-init"),
                    "--status-fd",
                    "3",
                    "--",
                    "/bin/sh",
                    "-c",
                    "exit 7"),
                List.of(theirs))) {
      assertEquals("failed 7\n", line(ours));
      assertEquals(7 << 8, init.await());
    }
  }
}
