package dev.thaw.pager;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What thaw-pager's readers append to the touch log: {@code native/pager-test/pager_record.c}. */
@Tag("kernel")
class RecordIT {
  private static final int CASES = 5;

  @Test
  @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void everyTouchIsInTheLogOnceUntilItEnds() throws Exception {
    Process process =
        new ProcessBuilder(InitUnderTest.nativeFile("pager-test/pager_record"))
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), output);
    assertEquals(CASES, output.lines().filter(line -> line.startsWith("ok ")).count(), output);
  }
}
