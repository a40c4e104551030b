package dev.thaw.e2e;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Huge pages of 1 GiB. The kernel needs so much memory in one piece, which a machine need not have:
 * this is skipped then, also where all features of the kernel are required.
 */
@Tag("e2e")
@Timeout(value = 150, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class GiganticPagesIT {
  private static final int FOR_VICTIM = 2;

  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(strings = {"graduate", "share"})
  void everyByteIsTheSame(String memory) throws Exception {
    Optional<HugePagePool> pool = HugePagePool.growGigantic(FOR_VICTIM);
    assumeTrue(pool.isPresent(), "this machine has no " + FOR_VICTIM + " huge pages of 1 GiB now");
    try (Victim victim = Victim.start("hugetlb_1g", directory)) {
      victim.restore(victim.dump("checkpoint"), "--private-memory", memory);
      victim.check();
    } finally {
      pool.get().close();
    }
  }
}
