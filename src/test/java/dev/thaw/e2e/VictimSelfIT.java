package dev.thaw.e2e;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The victims' own checks: they pass on an untouched state, and see each way to destroy it. */
@Tag("e2e")
@ExtendWith(HugePagePool.ForVictims.class)
@Timeout(value = 150, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class VictimSelfIT {

  static Stream<String> victims() {
    return Victim.names().stream();
  }

  @ParameterizedTest
  @MethodSource("victims")
  void passesWhenNothingIsDoneToIt(String name) throws Exception {
    Command self = run(name, "--self");
    assertTrue(self.succeeded().output().endsWith("PASS\n"), self.toString());
  }

  @ParameterizedTest
  @MethodSource("victims")
  void failsWhenItsStateIsDestroyed(String name) throws Exception {
    List<String> sabotages = run(name, "--sabotages").succeeded().output().lines().toList();
    assertFalse(sabotages.isEmpty(), "nothing to destroy");
    assertAll(sabotages.stream().map(sabotage -> (Executable) () -> assertSeen(name, sabotage)));
  }

  private static void assertSeen(String name, String sabotage) throws Exception {
    Command destroyed = run(name, "--sabotage", sabotage);
    assertTrue(destroyed.output().contains("FAIL: "), destroyed.toString());
    assertFalse(destroyed.output().contains("PASS"), destroyed.toString());
    assertNotEquals(0, destroyed.exit(), destroyed.toString());
  }

  private static Command run(String name, String... arguments) throws Exception {
    List<String> line = new ArrayList<>(List.of(Victim.program(name).toString()));
    line.addAll(List.of(arguments));
    return Command.run(line);
  }
}
