package dev.thaw.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The launcher with a thaw-init made of shell: what it finds, forwards and returns. The script gets
 * the status descriptor as {@code $status}; descriptor 1 goes to the test.
 */
@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LauncherIT {
  @TempDir Path home;

  @BeforeEach
  void copyTheLauncher() throws IOException {
    Files.copy(Path.of(System.getProperty("thaw.command")), home.resolve("thaw"));
    Files.createFile(home.resolve("thaw.jar"));
    Files.createDirectory(home.resolve("native"));
  }

  private void script(Path file, String... lines) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, "#!/bin/bash\n" + String.join("\n", lines) + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private void init(String... lines) throws IOException {
    String[] all = new String[lines.length + 1];
    all[0] = "status=$2 detach=$4 self=$$";
    System.arraycopy(lines, 0, all, 1, lines.length);
    script(home.resolve("native/thaw-init"), all);
  }

  private Process restore(String... options) throws IOException {
    List<String> command = new java.util.ArrayList<>();
    command.add(home.resolve("thaw").toString());
    command.addAll(List.of("restore", "-D", "image"));
    command.addAll(List.of(options));
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }

  private static int exitCode(Process process) throws InterruptedException {
    assertTrue(process.waitFor(20, TimeUnit.SECONDS), "the launcher has not returned");
    return process.exitValue();
  }

  @Test
  void returnsWhatTheRootExitsWith() throws Exception {
    init("echo running $self >&$status", "echo exited $((7 << 8)) >&$status");
    assertEquals(7, exitCode(restore()));
  }

  @Test
  void returns128PlusTheSignalThatKilledTheRoot() throws Exception {
    init("echo running $self >&$status", "echo exited 9 >&$status");
    assertEquals(128 + 9, exitCode(restore()));
  }

  @Test
  void returnsTheCodeOfAFailedRestore() throws Exception {
    init("echo failed 4 >&$status", "exit 4");
    assertEquals(4, exitCode(restore()));
  }

  @Test
  void failsWhereThawInitDiesWithoutAWord() throws Exception {
    init("kill -KILL $self");
    assertEquals(1, exitCode(restore()));
  }

  @Test
  void detachedItReturnsOnceTheTreeRuns() throws Exception {
    Path go = home.resolve("go");
    init(
        "[[ $detach == 1 ]] || exit 9",
        "exec 0<&- 1>&- 2>&-",
        "mkfifo " + go,
        "echo running $self >&$status",
        "read <" + go);
    assertEquals(0, exitCode(restore("-vd")));
    Files.writeString(go, "the tree ends\n");
  }

  @Test
  void forwardsSignalsToTheRoot() throws Exception {
    init(
        "trap 'echo exited $((33 << 8)) >&$status; exit' USR1",
        "echo running $self >&$status",
        "echo ready",
        "while :; do read -t 1 <> <(:); done");
    Process launcher = restore();
    awaitReady(launcher);
    signal(launcher, "USR1");
    assertEquals(33, exitCode(launcher));
  }

  @Test
  void aSignalBeforeTheTreeRunsEndsTheRestore() throws Exception {
    init(
        "trap 'echo terminated > " + home + "/seen; exit 143' TERM",
        "echo ready",
        "while :; do read -t 1 <> <(:); done");
    Process launcher = restore();
    awaitReady(launcher);
    signal(launcher, "INT");
    assertEquals(128 + 2, exitCode(launcher));
    assertEquals("terminated\n", Files.readString(home.resolve("seen")));
  }

  @Test
  void findsItsFilesThroughALinkFromAnywhere() throws Exception {
    init("echo failed 42 >&$status", "exit 42");
    Path link = Files.createDirectory(home.resolve("elsewhere")).resolve("thaw");
    Files.createSymbolicLink(link, home.resolve("thaw"));
    Process launcher =
        new ProcessBuilder("./thaw", "restore").directory(link.getParent().toFile()).start();
    assertEquals(42, exitCode(launcher));
  }

  @Test
  void findsItsFilesWhereInstalled() throws Exception {
    init("echo failed 43 >&$status", "exit 43");
    Path prefix = Files.createDirectory(home.resolve("prefix"));
    Files.createDirectories(prefix.resolve("bin"));
    Files.createDirectories(prefix.resolve("lib"));
    Files.copy(home.resolve("thaw"), prefix.resolve("bin/thaw"));
    Files.createSymbolicLink(prefix.resolve("lib/thaw"), home);
    Process launcher = new ProcessBuilder(prefix + "/bin/thaw", "restore").start();
    assertEquals(43, exitCode(launcher));
  }

  @Test
  void refusesAJavaThatIsTooOldInOneLine() throws Exception {
    Path jdk = home.resolve("jdk");
    script(jdk.resolve("bin/java"), "exit 99");
    Files.writeString(jdk.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"1.8.0_302\"\n");
    ProcessBuilder builder = new ProcessBuilder(home.resolve("thaw").toString(), "version");
    builder.environment().put("JAVA_HOME", jdk.toString());
    builder.environment().put("PATH", "/nonexistent");
    Process launcher = builder.start();
    String error = new String(launcher.getErrorStream().readAllBytes());
    assertEquals(5, exitCode(launcher));
    assertEquals(
        "thaw: "
            + jdk.toRealPath()
            + "/bin/java is Java 8: install JDK 17 or later,"
            + " or set JAVA_HOME to one\n",
        error);
  }

  @Test
  void runsTheJavaOfJavaHomeWithTheArguments() throws Exception {
    Path jdk = home.resolve("jdk");
    script(jdk.resolve("bin/java"), "echo \"${@: -3}\"", "exit 12");
    ProcessBuilder builder =
        new ProcessBuilder(home.resolve("thaw").toString(), "verify", "a directory");
    builder.environment().put("JAVA_HOME", jdk.toString());
    Process launcher = builder.start();
    assertEquals(
        "dev.thaw.cli.Main verify a directory\n",
        new String(launcher.getInputStream().readAllBytes()));
    assertEquals(12, exitCode(launcher));
  }

  private static void awaitReady(Process launcher) throws IOException {
    BufferedReader out = launcher.inputReader();
    assertEquals("ready", out.readLine());
  }

  private static void signal(Process process, String name) throws Exception {
    new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
  }
}
