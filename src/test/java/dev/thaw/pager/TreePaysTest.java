package dev.thaw.pager;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class TreePaysTest {
  @Test
  void theMemoryControllerIsAskedWhereItIsMountedAndVersion2WhereNot() {
    assertEquals(
        "/a", TreePays.memoryCgroup(List.of("5:cpu:/x", "4:memory,hugetlb:/a", "0::/b:c")));
    assertEquals("/a", TreePays.memoryCgroup(List.of("0::/b", "5:cpu:/x", "4:hugetlb,memory:/a")));
    assertEquals(
        "/b:c", TreePays.memoryCgroup(List.of("5:cpu:/x", "1:name=systemd:/y", "0::/b:c")));
    assertEquals("", TreePays.memoryCgroup(List.of("5:cpu:/x")));
  }
}
