package dev.thaw.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The check on this kernel, with the rights of the test and with none. */
@Tag("kernel")
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HostCheckIT {
  private record Outcome(int exit, String output) {}

  private static Outcome check(String... before) throws Exception {
    List<String> command = new ArrayList<>(List.of(before));
    command.add(System.getProperty("thaw.command"));
    command.add("check");
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes());
    assertTrue(process.waitFor(20, TimeUnit.SECONDS));
    return new Outcome(process.exitValue(), output);
  }

  @Test
  void saysWhetherDumpAndRestoreCanWorkHere() throws Exception {
    Outcome outcome = check();
    boolean works = HostCheck.run().stream().noneMatch(Feature::stopsThaw);
    assertEquals(works ? 0 : 5, outcome.exit(), outcome.output());
    if (Boolean.getBoolean("kernel.required")) {
      assertTrue(works, outcome.output());
    }
  }

  @Test
  void withoutCapabilitiesItNamesWhatIsMissingAndTheWayOut() throws Exception {
    Outcome outcome = check("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--");
    assertEquals(5, outcome.exit(), outcome.output());
    assertTrue(outcome.output().contains("MISSING clone3 with set_tid"), outcome.output());
    assertTrue(outcome.output().contains("CAP_CHECKPOINT_RESTORE"), outcome.output());
  }

  @Test
  void everyFeatureThatDoesNotWorkHasAWayOut() {
    for (Feature feature : HostCheck.run()) {
      assertEquals(feature.works(), feature.wayOut().isEmpty(), feature.toString());
    }
  }

  @Test
  void leavesNoDescriptorBehind() throws Exception {
    HostCheck.run();
    long before = descriptors();
    HostCheck.run();
    assertEquals(before, descriptors());
    assertFalse(before == 0);
  }

  private static long descriptors() throws Exception {
    try (Stream<Path> entries = Files.list(Path.of("/proc/self/fd"))) {
      return entries.count();
    }
  }
}
