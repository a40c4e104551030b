package dev.thaw.pager;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.thaw.linux.PagerLibrary;
import org.junit.jupiter.api.Test;

class DecisionTest {
  private static final int FLAG_WRITE = 1;
  private static final int FLAG_MINOR = 4;
  private static final int FLAG_HOLE = 1 << 31;
  private static final int CONTENT = Tables.PAGE_HAS_CONTENT;
  private static final int FILLED = Tables.PAGE_HAS_CONTENT | Tables.PAGE_FILLED;
  private static final int LOST = Tables.PAGE_HAS_CONTENT | Tables.PAGE_POISONED;

  @Test
  void theFaultLoopDecidesAsSpecifiedInEveryCase() {
    for (int kind = 0; kind < 4; kind++) {
      for (int page = 0; page < 8; page++) {
        for (int space = 0; space < 4; space++) {
          for (int flags : new int[] {0, FLAG_MINOR, FLAG_HOLE, FLAG_MINOR | FLAG_HOLE}) {
            Decision expected = of(flags, page, space, kind);
            String what =
                "kind " + kind + ", page " + page + ", space " + space + ", flags " + flags;
            for (int write : new int[] {0, FLAG_WRITE}) {
              int found = PagerLibrary.decide(flags | write, (byte) page, (byte) space, kind);
              assertEquals(expected, Decision.values()[found], what);
            }
          }
        }
      }
    }
  }

  private static Decision of(int flags, int page, int space, int kind) {
    Decision.Fault fault = new Decision.Fault((flags & FLAG_MINOR) != 0, (flags & FLAG_HOLE) != 0);
    return Decision.of(fault, page, space, kind);
  }

  @Test
  void whatWasDroppedReadsAsZeroWhateverTheImageHolds() {
    for (int page = 0; page < 8; page++) {
      for (int kind : new int[] {Decision.KIND_PRIVATE, Decision.KIND_ANON}) {
        assertEquals(Decision.ZEROPAGE, of(FLAG_MINOR, page, Tables.SPACE_DROPPED, kind));
      }
    }
  }

  @Test
  void adviceDoesNotDropSharedContent() {
    assertEquals(
        Decision.CONTINUE, of(FLAG_MINOR, FILLED, Tables.SPACE_DROPPED, Decision.KIND_SHARED));
  }

  @Test
  void contentThatIsNotThereYetIsNeverInstalled() {
    for (int kind = 0; kind < 3; kind++) {
      for (int flags : new int[] {0, FLAG_MINOR}) {
        assertEquals(Decision.FILL_FIRST, of(flags, CONTENT, 0, kind));
        assertEquals(Decision.POISON, of(flags, LOST, 0, kind));
      }
    }
  }

  @Test
  void aSharedPageThatWasPunchedReadsAsZero() {
    assertEquals(Decision.ZEROPAGE, of(FLAG_HOLE, FILLED, 0, Decision.KIND_SHARED));
    assertNotEquals(Decision.ZEROPAGE, of(FLAG_HOLE, FILLED, 0, Decision.KIND_PRIVATE));
  }

  @Test
  void anAnonymousPageThatWasInstalledAndIsMissingWasDropped() {
    assertEquals(Decision.COPY, of(0, FILLED, 0, Decision.KIND_ANON));
    assertEquals(Decision.ZEROPAGE, of(0, FILLED, Tables.SPACE_INSTALLED, Decision.KIND_ANON));
  }
}
