package dev.thaw.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.linux.SysVSegment;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** System V segments that somebody outside of the tree is attached to. */
@Tag("e2e")
@Timeout(value = 150, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SharedSegmentIT {
  private static final int REFUSED = 3;

  @TempDir Path directory;

  @Test
  void anAttachmentOutsideOfTheTreeIsRefusedByName() throws Exception {
    try (Victim victim = Victim.start("sysv_shm", directory)) {
      int id = segmentOf(victim.pid());
      Path checkpoint = directory.resolve("refused");
      SysVSegment outside = SysVSegment.attach(id);
      try {
        Command dump = Command.thaw("dump", "-t", victim.pid(), "-D", checkpoint);
        assertEquals(REFUSED, dump.exit(), dump.toString());
        assertTrue(dump.output().contains("System V segment " + id), dump.output());
        assertTrue(dump.output().contains("1 of its 5 attachments are outside"), dump.output());
        assertFalse(Files.exists(checkpoint));
        victim.assertRuns();
      } finally {
        outside.close();
      }
      victim.restore(victim.dump("alone"));
      victim.check();
    }
  }

  /** The inode of such a mapping is the segment's id. */
  private static int segmentOf(int pid) throws Exception {
    return Files.readString(Path.of("/proc/" + pid + "/maps"))
        .lines()
        .filter(line -> line.contains("/SYSV"))
        .map(line -> Integer.parseInt(line.split("\\s+")[4]))
        .findFirst()
        .orElseThrow();
  }
}
