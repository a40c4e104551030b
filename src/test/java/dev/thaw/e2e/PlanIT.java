package dev.thaw.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code thaw plan}, compared with /proc of a victim that runs on; and what else reads a DIR. */
@Tag("e2e")
@ExtendWith(HugePagePool.ForVictims.class)
@Timeout(value = 150, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PlanIT {
  @TempDir Path directory;

  private static List<String> plan(Path checkpoint, Object... options) throws Exception {
    List<Object> arguments = new ArrayList<>(List.of("plan", checkpoint));
    arguments.addAll(List.of(options));
    return Command.thaw(arguments.toArray()).succeeded().output().lines().toList();
  }

  private static void assertHas(List<String> plan, String pattern) {
    Pattern call = Pattern.compile("^ *\\d+  " + pattern);
    assertTrue(
        plan.stream().anyMatch(line -> call.matcher(line).find()),
        () -> pattern + " is not in\n" + String.join("\n", plan));
  }

  private static void assertMapsAll(List<String> plan, ProcView process) throws Exception {
    for (ProcView.Mapping mapping : process.maps()) {
      String start = "0x" + Long.toHexString(mapping.start());
      long bytes = mapping.end() - mapping.start();
      if (mapping.name().startsWith("[v")) {
        assertHas(plan, "mremap\\(0x\\w+, .*MREMAP_FIXED, " + start + "\\) = " + start);
      } else if (mapping.name().startsWith("/SYSV")) {
        assertHas(plan, "shmat\\(\\d+, " + start + ", .*\\) = " + start);
      } else {
        assertHas(plan, "mmap\\(" + start + ", " + bytes + ", .*\\) = " + start);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "chrooted",
        "cow_fork",
        "events",
        "hugetlb",
        "many_fds",
        "memfds",
        "pipes",
        "process_tree",
        "sysv_shm",
        "tcp_listeners",
        "threads",
        "unix_pairs"
      })
  void everyTaskMappingAndDescriptorIsMade(String name) throws Exception {
    try (Victim victim = Victim.start(name, directory)) {
      Path checkpoint = victim.dump("checkpoint", "-R");
      List<String> whole = plan(checkpoint);
      assertTrue(whole.stream().noneMatch(line -> line.contains("syscall_")), "unnamed calls");
      for (ProcView process : ProcView.tree(victim.pid())) {
        List<String> own = plan(checkpoint, "--pid", process.pid());
        assertMapsAll(own, process);
        for (int fd : process.descriptors()) {
          assertHas(own, "dup3\\([^,]+, " + fd + ", ");
        }
        for (int tid : process.tids()) {
          boolean leader = tid == process.pid();
          if (tid != victim.pid()) {
            String flags =
                leader ? "flags=0, exit_signal=SIGCHLD" : "flags=CLONE_VM.*CLONE_THREAD.*";
            String made = "clone3\\(\\{" + flags + ", set_tid=\\[" + tid + "\\].* = " + tid + " ";
            assertHas(leader ? whole : own, made);
          }
          long sp = process.stackPointer(tid);
          String registers = "ptrace(PTRACE_SETREGSET, " + tid + ", NT_PRSTATUS, {";
          String there = sp == 0 ? "rsp=" : "rsp=0x" + Long.toHexString(sp) + ",";
          assertTrue(
              own.stream().anyMatch(l -> l.contains(registers) && l.contains(there)), registers);
        }
      }
      victim.check();
    }
  }

  @Test
  void oneProcessOfThePlanIsItsPartOfTheWhole() throws Exception {
    try (Victim victim = Victim.start("process_tree", directory)) {
      Path checkpoint = victim.dump("checkpoint", "-R");
      List<String> whole = plan(checkpoint);
      List<ProcView> tree = ProcView.tree(victim.pid());
      assertTrue(tree.size() > 4);
      for (ProcView process : tree) {
        List<String> part = steps(plan(checkpoint, "--pid", process.pid()), "");
        assertEquals(steps(whole, "# pid " + process.pid() + ":"), part);
        assertTrue(part.size() > 50, "it is not empty");
      }
      victim.check();
    }
  }

  /** The steps whose heading begins so. */
  private static List<String> steps(List<String> plan, String heading) {
    List<String> found = new ArrayList<>();
    boolean in = false;
    for (String line : plan.subList(plan.indexOf(""), plan.size())) {
      if (line.startsWith("# pid ")) {
        in = line.startsWith(heading);
      } else if (line.isEmpty()) {
        in = false;
      }
      if (in) {
        found.add(line);
      }
    }
    return found;
  }

  @Test
  void thePlanGoesInTheOrderOfTheRestore() throws Exception {
    try (Victim victim = Victim.start("process_tree", directory)) {
      List<String> plan = plan(victim.dump("checkpoint", "-R"));
      List<String> stages = plan.stream().filter(line -> line.startsWith("## ")).toList();
      assertEquals(
          List.of(
              "## processes",
              "## memory",
              "## descriptors: create",
              "## descriptors: share",
              "## descriptors: fill",
              "## threads and attributes",
              "## registers",
              "## run"),
          stages);
      List<String> steps =
          steps(plan, "# pid " + victim.pid() + ":").stream()
              .filter(line -> line.startsWith("# pid "))
              .map(line -> line.substring(line.indexOf(':') + 2).replaceAll("\\d.*", ""))
              .toList();
      assertEquals(
          List.of(
              "thaw makes it, with its blob at ",
              "empty the process",
              "session and children",
              "map memory",
              "thaw writes pages by process_vm_writev",
              "protect memory",
              "mm fields"),
          steps.subList(0, 7));
      victim.check();
    }
  }

  @Test
  void aPlanNeedsNoCapabilityAndTheTreeIsRestoredAfterIt() throws Exception {
    try (Victim victim = Victim.start("pipes", directory)) {
      Path checkpoint = victim.dump("checkpoint");
      List<String> line = new ArrayList<>(List.of("setpriv", "--inh-caps=-all", "--bounding-set"));
      String thaw = System.getProperty("thaw.command", "target/thaw");
      line.addAll(List.of("-all", thaw, "plan", checkpoint.toString()));
      String bare = Command.run(line).succeeded().output();
      assertEquals(plan(checkpoint), bare.lines().toList());
      assertFalse(victim.isAlive(), "it does not run, and a plan does not make it run");
      victim.restore(checkpoint);
      victim.check();
    }
  }

  private static void assertRefused(int exit, String message, Object... arguments)
      throws Exception {
    Command command = Command.thaw(arguments);
    assertEquals(exit, command.exit(), command.toString());
    assertEquals(1, command.output().lines().count(), command.output());
    assertTrue(command.output().startsWith("thaw: "), command.output());
    assertTrue(command.output().contains(message), command.output());
  }

  @ParameterizedTest
  @ValueSource(strings = {"inspect", "plan"})
  void whatIsNoCheckpointIsRefusedInOneLine(String command) throws Exception {
    assertRefused(1, "ENOENT (No such file or directory)", command, directory.resolve("absent"));
    assertRefused(4, "is not a whole checkpoint", command, directory);
    Path file = Files.writeString(directory.resolve("file"), "text");
    assertRefused(4, "is a file, not a checkpoint", command, file);
    try (Victim victim = Victim.start("threads", directory)) {
      Path checkpoint = victim.dump("checkpoint", "-R");
      victim.check();
      Path image = checkpoint.resolve("process-" + victim.pid() + ".json");
      String text = Files.readString(image);
      String dangling = text.replaceFirst("(\"number\" : 1,\\s+\"file\" : )\\d", "$19");
      assertFalse(text.equals(dangling));
      Files.writeString(image, dangling);
      assertRefused(4, image.getFileName() + ": checksum", command, checkpoint);
      sign(checkpoint, image);
      assertRefused(4, "fd 1 refers to no file", command, checkpoint);
      Files.delete(image);
      assertRefused(4, image.getFileName() + ": is missing", command, checkpoint);
    }
  }

  /** Gives {@code file}, whose length is as it was, a right checksum. */
  private static void sign(Path checkpoint, Path file) throws Exception {
    Path list = checkpoint.resolve("checksums");
    String text = Files.readString(list);
    String lines = text.substring(0, text.lastIndexOf('\n', text.length() - 2) + 1);
    String rest = " (\\d+ " + Pattern.quote(file.getFileName().toString()) + ")";
    String signed = lines.replaceFirst("\\w{8}" + rest, crc(Files.readAllBytes(file)) + " $1");
    Files.writeString(list, signed + crc(signed.getBytes(StandardCharsets.US_ASCII)) + " end\n");
  }

  private static String crc(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return String.format("%08x", crc.getValue());
  }

  @Test
  void aProcessThatIsNotInTheCheckpointIsRefusedWithThoseThatAre() throws Exception {
    try (Victim victim = Victim.start("threads", directory)) {
      Path checkpoint = victim.dump("checkpoint", "-R");
      assertRefused(
          6, "has no process 1; it holds " + victim.pid(), "plan", checkpoint, "--pid", 1);
      assertRefused(2, "--pid", "plan", checkpoint, "--pid", "first");
      victim.check();
    }
  }
}
