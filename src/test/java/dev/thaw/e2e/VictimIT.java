package dev.thaw.e2e;

import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every program of {@code native/victims} is dumped and restored through the command, and then
 * checks itself.
 */
@Tag("e2e")
@ExtendWith(HugePagePool.ForVictims.class)
@Timeout(value = 150, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class VictimIT {
  @TempDir Path directory;

  static Stream<String> victims() {
    return Victim.names().stream();
  }

  @ParameterizedTest
  @MethodSource("victims")
  void isTheSameAfterDumpAndRestore(String name) throws Exception {
    try (Victim victim = Victim.start(name, directory)) {
      victim.restore(victim.dump("checkpoint"));
      victim.check();
    }
  }

  @ParameterizedTest
  @MethodSource("victims")
  void isTheSameAsMappingsOfMemfds(String name) throws Exception {
    try (Victim victim = Victim.start(name, directory)) {
      victim.restore(victim.dump("checkpoint"), "--private-memory", "share");
      victim.check();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"anon_kinds", "cow_fork", "hugetlb", "process_tree", "shared_anon"})
  void isTheSameWithExactPrivateMemory(String name) throws Exception {
    try (Victim victim = Victim.start(name, directory)) {
      victim.restore(victim.dump("checkpoint"), "--private-memory", "exact");
      victim.check();
    }
  }

  @ParameterizedTest
  @MethodSource("victims")
  void goesOnAfterADumpThatLeavesItRunning(String name) throws Exception {
    try (Victim victim = Victim.start(name, directory)) {
      victim.dump("checkpoint", "-R");
      victim.assertRuns();
      victim.check();
    }
  }

  /**
   * Its threads end while others wait for their first pages: the last fault of all is often read
   * while an earlier one is being answered, and nothing comes after it.
   */
  @RepeatedTest(12)
  void theLastFaultOfAllIsAnswered() throws Exception {
    try (Victim victim = Victim.start("rounding", directory)) {
      victim.restore(victim.dump("checkpoint"));
      victim.check();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "anon_after",
        "anon_kinds",
        "calls_endless",
        "cow_fork",
        "events",
        "file_private",
        "hugetlb",
        "hugetlb_sysv",
        "memfds",
        "pipes",
        "process_tree",
        "shared_anon",
        "signal_owners",
        "thread_state",
        "threads",
        "udp_queues",
        "unix_connections"
      })
  void isTheSameAfterASecondDumpAndRestore(String name) throws Exception {
    try (Victim victim = Victim.start(name, directory)) {
      victim.restore(victim.dump("first"));
      victim.restore(victim.dump("second"));
      victim.check();
    }
  }
}
