package dev.thaw.dump.fd;

import dev.thaw.image.Addr;
import dev.thaw.image.OpenFile;
import dev.thaw.image.file.EventFd;
import java.io.IOException;

/** {@link EventFd}: fdinfo tells all of it. */
public final class EventFdDump implements FileDump {
  @Override
  public boolean claims(OpenedFile file) {
    return file.link().equals("anon_inode:[eventfd]");
  }

  @Override
  public OpenFile dump(int id, OpenedFile file, OpenedFiles tree) throws IOException {
    return new EventFd(
        id,
        file.flags(),
        Addr.of(Long.parseUnsignedLong(file.info("eventfd-count"), 16)),
        file.info("eventfd-semaphore").equals("1"));
  }
}
