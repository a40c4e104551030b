package dev.thaw.linux;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** renameat2(2), for what rename(2) cannot do. */
public final class Rename {
  private static final long NR_RENAMEAT2 = 316;
  private static final long AT_FDCWD = -100;
  private static final long RENAME_EXCHANGE = 2;

  private Rename() {}

  /** Lets the two change places, in one step: at no moment is either name without its file. */
  public static void exchange(Path one, Path other) throws SyscallException {
    try (Memory first = text(one);
        Memory second = text(other)) {
      if (LibC.syscall(
              NR_RENAMEAT2,
              AT_FDCWD,
              Pointer.nativeValue(first),
              AT_FDCWD,
              Pointer.nativeValue(second),
              RENAME_EXCHANGE,
              0)
          < 0) {
        throw new SyscallException(
            "renameat2(\"" + one + "\", \"" + other + "\", RENAME_EXCHANGE)", LibC.errno());
      }
    }
  }

  private static Memory text(Path path) {
    byte[] name = path.toString().getBytes(StandardCharsets.UTF_8);
    Memory text = new Memory(name.length + 1L);
    text.write(0, name, 0, name.length);
    text.setByte(name.length, (byte) 0);
    return text;
  }
}
