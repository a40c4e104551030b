package dev.thaw.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Huge pages (hugetlb) are few: a restore that would need more than there are says so. */
@Tag("e2e")
@Timeout(value = 150, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HugePagesIT {
  @TempDir Path directory;

  /** The names of the processes that have a file open whose name begins so. */
  private static List<String> holders(String link) throws IOException {
    Set<String> names = new TreeSet<>();
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (Path process : processes) {
        if (holds(process, link)) {
          names.add(Files.readString(process.resolve("comm")).strip());
        }
      }
    }
    return List.copyOf(names);
  }

  private static boolean holds(Path process, String link) {
    try (Stream<Path> fds = Files.list(process.resolve("fd"))) {
      for (Path fd : fds.toList()) {
        if (Files.readSymbolicLink(fd).toString().startsWith(link)) {
          return true;
        }
      }
      return false;
    } catch (IOException e) {
      return false; // it has ended, or closed that one
    }
  }

  @Test
  void tooFewAreAnErrorWithTheWayOutAndLeaveNothing() throws Exception {
    HugePagePool pool = HugePagePool.grow(HugePagePool.FOR_VICTIM);
    try (Victim victim = Victim.start("hugetlb", directory)) {
      Path checkpoint = victim.dump("checkpoint");
      pool.close();
      long before = HugePagePool.free();
      Command failed = Command.thaw("restore", "-D", checkpoint, "-d");
      assertEquals(3, failed.exit(), failed.toString());
      assertTrue(failed.output().contains("huge pages of 2048 kB"), failed.output());
      assertTrue(failed.output().contains("vm.nr_hugepages"), failed.output());
      assertEquals(1, failed.output().lines().count(), failed.output());
      assertFalse(victim.isAlive());
      assertEquals(before, HugePagePool.free());

      pool = HugePagePool.grow(HugePagePool.FOR_VICTIM);
      victim.restore(checkpoint);
      assertEquals(List.of("hugetlb"), holders("/memfd:huge"), "thaw keeps none of them");
      victim.check();
      assertEquals(before + HugePagePool.FOR_VICTIM, HugePagePool.free());
    } finally {
      pool.close();
    }
  }

  /**
   * None of its huge pages is the pager's, so a recording and a page order know the others only.
   */
  @ParameterizedTest
  @ValueSource(strings = {"hugetlb", "hugetlb_sysv"})
  void aCheckpointWithThemIsRecordedReportedAndOptimized(String name) throws Exception {
    HugePagePool pool = HugePagePool.grow(HugePagePool.FOR_VICTIM);
    try (Victim victim = Victim.start(name, directory)) {
      Path checkpoint = victim.dump("checkpoint", "-R");
      victim.dump("gone");
      victim.restore(checkpoint, "--record");
      Command.thaw("mark", victim.pid()).succeeded();
      Path page = directory.resolve("page.html");
      Command.thaw("report", checkpoint, "-o", page).succeeded();
      String shown = Files.readString(page);
      assertTrue(shown.contains("(huge pages of 2048 kB)\",\"recorded\":false"), shown);
      victim.dump("gone again");
      Command.thaw("optimize", checkpoint).succeeded();
      Command.thaw("verify", checkpoint).succeeded();
      victim.restore(checkpoint);
      victim.check();
    } finally {
      pool.close();
    }
  }
}
