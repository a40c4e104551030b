package dev.thaw.proc;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class UnixTableTest {
  /** In the form of Linux 6.18. */
  private static final String TABLE =
      """
      Num       RefCount Protocol Flags    Type St Inode Path
      0000000000000000: 00000002 00000000 00010000 0001 01 149 /run/a socket
      0000000000000000: 00000003 00000000 00000000 0001 03   150 @abstract@name
      0000000000000000: 00000003 00000000 00000000 0002 03 151
      """;

  @Test
  void namedSocketsAreListedWithWhetherTheyListen() {
    assertEquals(
        List.of(
            new UnixTable.Line(true, 149, "/run/a socket"),
            new UnixTable.Line(false, 150, "@abstract@name")),
        UnixTable.parse(TABLE));
  }
}
