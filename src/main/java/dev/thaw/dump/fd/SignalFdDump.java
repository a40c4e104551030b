package dev.thaw.dump.fd;

import dev.thaw.image.Addr;
import dev.thaw.image.OpenFile;
import dev.thaw.image.file.SignalFd;
import java.io.IOException;

/** {@link SignalFd}: fdinfo tells all of it. */
public final class SignalFdDump implements FileDump {
  @Override
  public boolean claims(OpenedFile file) {
    return file.link().equals("anon_inode:[signalfd]");
  }

  @Override
  public OpenFile dump(int id, OpenedFile file, OpenedFiles tree) throws IOException {
    return new SignalFd(
        id, file.flags(), Addr.of(Long.parseUnsignedLong(file.info("sigmask"), 16)));
  }
}
