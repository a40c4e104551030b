package dev.thaw.restore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.linux.UserfaultProbe.Source;
import dev.thaw.remote.Program;
import org.junit.jupiter.api.Test;

class RestoreContextTest {
  private static String opening(RestoreContext context) {
    Program.Builder b = Program.builder("p");
    context.openUserfaultfd(b);
    return b.build().toString();
  }

  @Test
  void aUserfaultfdComesFromWhereTheRightsAllow() {
    RestoreContext context = new RestoreContext(1);
    assertTrue(opening(context).contains("userfaultfd("), opening(context));
    context.userfaultfds(Source.DEVICE);
    String[] calls = opening(context).lines().skip(1).toArray(String[]::new);
    assertEquals(3, calls.length, opening(context));
    assertTrue(
        calls[0].contains("openat(AT_FDCWD, \"/dev/userfaultfd\", O_RDWR|O_CLOEXEC"), calls[0]);
    assertTrue(calls[1].contains("ioctl($0"), calls[1]);
    assertTrue(calls[2].contains("close($0)"), calls[2]);
  }
}
