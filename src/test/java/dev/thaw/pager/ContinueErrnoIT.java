package dev.thaw.pager;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Every errno of UFFDIO_CONTINUE that can be provoked: {@code native/pager-test/pager_errno.c}. */
@Tag("kernel")
class ContinueErrnoIT {
  private static final int CASES = 15;

  @Test
  @Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void everyErrnoIsAnsweredAsItMustBe() throws Exception {
    Process process =
        new ProcessBuilder(InitUnderTest.nativeFile("pager-test/pager_errno"))
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), output);
    List<String> passed = output.lines().filter(line -> line.startsWith("ok ")).toList();
    assertEquals(CASES, passed.size(), output);
    for (String errno : List.of("0", "EAGAIN", "EEXIST", "EFAULT", "ENOENT", "ESRCH", "EINVAL")) {
      assertTrue(passed.stream().anyMatch(line -> line.startsWith("ok " + errno)), errno);
    }
  }
}
