package dev.thaw.dump;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpareMemoryTest {
  private static final long AVAILABLE = 1000L << 20;

  @TempDir Path root;

  @BeforeEach
  void machineWithAGibibyte() throws IOException {
    write("proc/meminfo", "MemTotal:  9000000 kB\nMemAvailable:    1024000 kB\nBuffers: 7 kB\n");
  }

  private void write(String name, String text) throws IOException {
    Path file = root.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  private long spare() {
    return new SpareMemory(root.resolve("proc"), root.resolve("v1"), root.resolve("v2")).bytes();
  }

  @Test
  void withoutALimitItIsWhatTheMachineHas() throws IOException {
    write("proc/self/cgroup", "0::/a/b\n");
    write("v2/a/b/memory.max", "max\n");
    assertEquals(AVAILABLE, spare());
  }

  @Test
  void theTightestGroupAboveDecides() throws IOException {
    write("proc/self/cgroup", "0::/a/b\n");
    write("v2/a/memory.max", "500\n");
    write("v2/a/memory.current", "400\n");
    write("v2/a/memory.stat", "anon 9\ninactive_file 30\n");
    write("v2/a/b/memory.max", "450\n");
    write("v2/a/b/memory.current", "100\n");
    assertEquals(130, spare());
  }

  @Test
  void versionOneIsReadWhereTheControllerIs() throws IOException {
    write("proc/self/cgroup", "5:cpu:/x\n4:memory,hugetlb:/a\n0::/\n");
    write("v1/a/memory.limit_in_bytes", "1000\n");
    write("v1/a/memory.usage_in_bytes", "1200\n");
    assertEquals(0, spare());
  }

  @Test
  void aGroupOutsideOfTheMountIsNotLookedFor() throws IOException {
    write("proc/self/cgroup", "0::/../../elsewhere\n");
    assertEquals(AVAILABLE, spare());
  }

  @Test
  void thisMachineHasSome() {
    assertTrue(new SpareMemory().bytes() > 0);
  }
}
