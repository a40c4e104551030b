package dev.thaw;

import dev.thaw.dump.UnsupportedResourceException;
import dev.thaw.image.ImageFormatException;
import dev.thaw.linux.Errno;
import dev.thaw.linux.SyscallException;
import dev.thaw.remote.RemoteException;
import dev.thaw.remote.TaskGoneException;
import dev.thaw.store.CorruptFrameException;
import java.io.IOException;

/** Sorts what went wrong into {@link ThawException.Kind}, once for all operations. */
final class Failures {
  private Failures() {}

  /** An operation of the inner layers. */
  interface Operation<T> {
    T run() throws IOException;
  }

  /** Runs it; every failure is a {@link ThawException} with the same message. */
  static <T> T explained(Operation<T> operation) throws ThawException {
    try {
      return operation.run();
    } catch (ThawException e) {
      throw e;
    } catch (IOException e) {
      throw new ThawException(kind(e), e.getMessage(), e);
    }
  }

  private static ThawException.Kind kind(IOException e) {
    if (e instanceof UnsupportedResourceException) {
      return ThawException.Kind.REFUSED;
    }
    if (e instanceof ImageFormatException || e instanceof CorruptFrameException) {
      return ThawException.Kind.BAD_IMAGE;
    }
    if (e instanceof TaskGoneException) {
      return ThawException.Kind.GONE;
    }
    int code = 0;
    if (e instanceof SyscallException call) {
      code = call.code();
    } else if (e instanceof RemoteException remote) {
      code = remote.errno();
    }
    boolean refused = Errno.of(code) == Errno.EPERM || Errno.of(code) == Errno.EACCES;
    return refused ? ThawException.Kind.NOT_ALLOWED : ThawException.Kind.FAILED;
  }
}
