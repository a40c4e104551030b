package dev.thaw.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Pages that parent and child shared before the dump exist once after the restore, too. */
@Tag("e2e")
@Timeout(value = 150, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CopyOnWriteIT {
  private static final int PAGES_OF_THE_MAP = 1024;
  private static final int PAGES_HARDLY_WRITTEN = 64;

  @TempDir Path directory;

  /**
   * In cow_fork's map the child holds more pages of its own than of its parent's, and the
   * grandchild more of the child's. Of the smaller map each wrote one page.
   */
  @ParameterizedTest
  @ValueSource(strings = {"share", "graduate"})
  void processesMapOneMemfdWhereMostOfTheirPagesAreEqual(String memory) throws Exception {
    try (Victim victim = Victim.start("cow_fork", directory)) {
      victim.restore(victim.dump("checkpoint"), "--private-memory", memory);
      int child = childOf(victim.pid());
      List<Mapping> parents = memfds(victim.pid());
      List<Mapping> children = memfds(child);
      List<Mapping> grandchildren = memfds(childOf(child));
      assertEquals(
          of(PAGES_OF_THE_MAP, children),
          of(PAGES_OF_THE_MAP, grandchildren),
          "the grandchild maps the child's pages");
      Mapping shared = of(PAGES_HARDLY_WRITTEN, parents); // a memfd, however the tree is run
      assertEquals(shared, of(PAGES_HARDLY_WRITTEN, children), "the child maps its parent's pages");
      assertEquals(shared, of(PAGES_HARDLY_WRITTEN, grandchildren), "and so does the grandchild");
      victim.check();
    }
  }

  /** A mapping of a memfd: where, and which part of which. */
  private record Mapping(String range, String offset, String inode) {
    long pages() {
      String[] ends = range.split("-");
      return Long.parseLong(ends[1], 16) - Long.parseLong(ends[0], 16) >> 12;
    }
  }

  private static List<Mapping> memfds(int pid) throws Exception {
    List<Mapping> found = new ArrayList<>();
    for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/maps"))) {
      String[] fields = line.split("\\s+");
      if (line.contains("memfd:thaw-private")) {
        found.add(new Mapping(fields[0], fields[2], fields[4]));
      }
    }
    return found;
  }

  private static Mapping of(int pages, List<Mapping> mappings) {
    return mappings.stream().filter(m -> m.pages() == pages).findFirst().orElseThrow();
  }

  private static int childOf(int pid) throws Exception {
    return Integer.parseInt(
        Files.readString(Path.of("/proc/" + pid + "/task/" + pid + "/children")).strip());
  }
}
