package dev.thaw.pager;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Threads that use lazily filled memory at random, compared word by word with a model, while
 * thaw-pager is killed at random moments. {@code stress.seconds}: how long; {@code
 * thaw.model.seed}: where to begin, as a failure prints it.
 */
@Tag("kernel")
class PagerModelIT {
  private static final int ROUND_MILLIS = 2000;

  @Test
  @Timeout(value = 20, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void everyWordIsRightWhileThePagerIsKilled() throws Exception {
    long seconds = Long.getLong("stress.seconds", 20);
    long seed = Long.getLong("thaw.model.seed", System.nanoTime());
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    long steps = 0;
    int kills = 0;
    int rounds = 0;
    do {
      ModelRun.Result result = round(seed).run();
      steps += result.steps();
      kills += result.kills();
      rounds++;
      System.out.println("model: seed " + seed + ": " + result);
      seed++;
    } while (System.nanoTime() < end);
    System.out.printf("model: %d rounds, %d steps, pager killed %d times%n", rounds, steps, kills);
    assertTrue(kills > 0 && steps > 0);
  }

  /** Sizes, speed of filling and damage vary with the seed. */
  private static ModelRun round(long seed) {
    Random random = new Random(seed);
    return new ModelRun(
        seed,
        1 + random.nextInt(4),
        64 + random.nextInt(700),
        64 + random.nextInt(300),
        64 + random.nextInt(300),
        ROUND_MILLIS,
        random.nextBoolean() ? 0 : 30,
        random.nextInt(3) * 100_000L,
        random.nextBoolean(),
        new int[] {0, 5, 30, 100}[random.nextInt(4)],
        random.nextInt(4) == 0);
  }
}
