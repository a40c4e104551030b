package dev.thaw;

import dev.thaw.dump.UnsupportedResourceException;
import dev.thaw.image.ImageFormatException;
import dev.thaw.linux.Errno;
import dev.thaw.linux.SyscallException;
import dev.thaw.remote.RemoteException;
import dev.thaw.remote.TaskGoneException;
import dev.thaw.restore.RestoreRefusedException;
import dev.thaw.store.CorruptFrameException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;

/** Sorts what went wrong into {@link ThawException.Kind}, once for all operations. */
final class Failures {
  /** All that FileChannel.map says of ENOMEM. */
  private static final String NO_ADDRESS_SPACE = "Map failed";

  private Failures() {}

  /** An operation of the inner layers. */
  interface Operation<T> {
    T run() throws IOException;
  }

  /** Runs it; every failure is a {@link ThawException} that says what to do. */
  static <T> T explained(Operation<T> operation) throws ThawException {
    try {
      return operation.run();
    } catch (ThawException e) {
      throw e;
    } catch (FileSystemException e) {
      throw FileFailure.explained(e);
    } catch (UncheckedIOException e) {
      return explained(
          () -> {
            throw e.getCause();
          });
    } catch (IOException e) {
      ThawException.Kind kind = kind(e);
      throw new ThawException(kind, e.getMessage() + wayOut(kind, e), e);
    }
  }

  private static String wayOut(ThawException.Kind kind, IOException e) {
    if (kind == ThawException.Kind.NOT_ALLOWED) {
      return "; run as root (thaw check tells what is missing)";
    }
    if (NO_ADDRESS_SPACE.equals(e.getMessage())) {
      return ": no address space is left; raise the limit (ulimit -v)";
    }
    return e instanceof SyscallException call && call.errno() == Errno.EMFILE
        ? FileFailure.wayOut(Errno.EMFILE)
        : "";
  }

  private static ThawException.Kind kind(IOException e) {
    if (e instanceof UnsupportedResourceException || e instanceof RestoreRefusedException) {
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
