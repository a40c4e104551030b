package dev.thaw.pager;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class PageNamesTest {
  private final PageNames names =
      new PageNames(
          List.of(
              new PageNames.Range("17", 1000, 10, 50),
              new PageNames.Range("17", 500, 20, 10),
              new PageNames.Range("shared-2", 0, 5, 100)));

  private static void check(PageNames names) {
    assertEquals(new PageNames.Name("17", 500), names.nameOf(10));
    assertEquals(new PageNames.Name("17", 519), names.nameOf(29));
    assertNull(names.nameOf(30));
    assertNull(names.nameOf(9));
    assertEquals(new PageNames.Name("17", 1009), names.nameOf(59));
    assertEquals(new PageNames.Name("shared-2", 4), names.nameOf(104));
    assertNull(names.nameOf(105));
    for (long index = 0; index < 110; index++) {
      PageNames.Name name = names.nameOf(index);
      assertEquals(
          name == null ? -1 : index,
          name == null ? -1 : names.indexOf(name.pagemap(), name.page()));
    }
    assertEquals(-1, names.indexOf("17", 999));
    assertEquals(-1, names.indexOf("17", 520));
    assertEquals(-1, names.indexOf("18", 1000));
  }

  @Test
  void everyIndexHasTheNameOfItsPageAndEveryNameItsIndex() {
    check(names);
  }

  @Test
  void theyAreTheSameInAnotherProcess() throws Exception {
    check(PageNames.decode(names.encode()));
  }

  @Test
  void whatIsCutOffIsSeen() {
    byte[] whole = names.encode();
    for (int length = 0; length < whole.length; length++) {
      byte[] cut = Arrays.copyOf(whole, length);
      assertThrows(IOException.class, () -> PageNames.decode(cut), "cut at " + length);
    }
  }
}
