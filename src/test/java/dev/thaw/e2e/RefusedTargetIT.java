package dev.thaw.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a dump refuses to touch, and what is left of the attempt: the target, and no directory. */
@Tag("e2e")
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RefusedTargetIT {
  private static final int USAGE = 2;
  private static final int REFUSED = 3;
  private static final int KTHREADD = 2;

  @TempDir Path directory;

  private void assertRefused(int exit, String line, Object... arguments) throws Exception {
    Command command = Command.thaw(arguments);
    assertEquals("thaw: " + line + "\n", command.output(), command::toString);
    assertEquals(exit, command.exit(), command::toString);
  }

  private void assertDumpRefused(long pid, String why) throws Exception {
    Path to = directory.resolve("checkpoint");
    assertRefused(REFUSED, "pid " + pid + ": " + why, "dump", "-t", pid, "-D", to);
    assertFalse(Files.exists(to));
  }

  private static String status(long pid, String field) {
    try {
      return Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
          .filter(line -> line.startsWith(field + ":"))
          .map(line -> line.substring(field.length() + 1).strip())
          .findFirst()
          .orElse("");
    } catch (IOException e) {
      return "";
    }
  }

  @Test
  void aKernelThread() throws Exception {
    assertTrue(status(KTHREADD, "Name").equals("kthreadd"), "pid 2 outside of containers");
    assertDumpRefused(KTHREADD, "kthreadd: is a kernel thread; name a process, see ps -e");
  }

  @Test
  void aZombie() throws Exception {
    // exec keeps the child and forgets that it is to be waited for; the child ends after that.
    String script = "exec 3<&0; (read line <&3) & echo $!; exec sleep 80";
    Process parent = new ProcessBuilder("sh", "-c", script).start();
    try {
      long pid = Long.parseLong(parent.inputReader().readLine());
      Victim.await("exec", () -> status(parent.pid(), "Name").equals("sleep"));
      parent.getOutputStream().close();
      Victim.await("a zombie", () -> status(pid, "State").startsWith("Z"));
      assertDumpRefused(
          pid,
          status(pid, "Name") + ": has exited already, and waits for its parent to take notice");
    } finally {
      parent.destroyForcibly().waitFor();
    }
  }

  @Test
  void whatAnotherTracesRunsOnAsItDid() throws Exception {
    try (Victim victim = Victim.start("brk_heap", directory)) {
      Process strace =
          new ProcessBuilder("strace", "-qq", "-o", "/dev/null", "-p", victim.pid() + "").start();
      try {
        String tracer = Long.toString(strace.pid());
        Victim.await("strace", () -> status(victim.pid(), "TracerPid").equals(tracer));
        assertDumpRefused(
            victim.pid(), "brk_heap: is traced by process " + tracer + "; detach that first");
        assertEquals(tracer, status(victim.pid(), "TracerPid"));
      } finally {
        strace.destroy();
        strace.waitFor();
      }
      victim.dump("checkpoint", "-R");
      victim.assertRuns();
      victim.check();
    }
  }

  @Test
  void anEmptyPathIsNotTheCurrentDirectory() throws Exception {
    for (List<String> command :
        List.of(List.of("dump", "-t", "1", "-D"), List.of("restore", "-D"))) {
      Object[] arguments = command.toArray(new Object[command.size() + 1]);
      arguments[command.size()] = "";
      assertRefused(
          USAGE,
          "Invalid value for option '--images-dir': the path is empty; see: thaw %s --help"
              .formatted(command.get(0)),
          arguments);
    }
  }

  @Test
  void aNumberThatNoPidHas() throws Exception {
    assertRefused(
        USAGE,
        "'99999999999' is too large for a pid; see: thaw stats --help",
        "stats",
        "99999999999");
  }
}
