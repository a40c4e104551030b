package dev.thaw.dump.fd;

import dev.thaw.image.OpenFile;
import dev.thaw.image.file.CharDevice;
import java.io.IOException;
import java.util.Set;

/** {@link CharDevice}: the memory devices that keep nothing between two calls. */
public final class CharDeviceDump implements FileDump {
  private static final int S_IFCHR = 0020000;

  /** Major 1 of Documentation/admin-guide/devices.txt: null, zero, full, random, urandom. */
  private static final int MEM_MAJOR = 1;

  private static final Set<Integer> STATELESS = Set.of(3, 5, 7, 8, 9);

  @Override
  public boolean claims(OpenedFile file) {
    return file.type() == S_IFCHR;
  }

  @Override
  public OpenFile dump(int id, OpenedFile file, OpenedFiles tree) throws IOException {
    if (file.link().startsWith("/dev/pts/") || file.link().startsWith("/dev/tty")) {
      throw file.unsupported(
          "terminals are not supported yet; start the program with its input and output redirected");
    }
    if (file.major() != MEM_MAJOR || !STATELESS.contains(file.minor()) || file.deleted()) {
      throw file.unsupported("this character device has state that cannot be carried over");
    }
    return new CharDevice(id, file.flags(), file.link(), file.major(), file.minor());
  }
}
