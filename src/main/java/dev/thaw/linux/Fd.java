package dev.thaw.linux;

/**
 * An owned file descriptor of this process. {@link #close} is idempotent and never retried:
 * close(2) frees the number even where it reports EINTR.
 */
public class Fd implements AutoCloseable {
  private static final long NR_FCNTL = 72;
  private static final int F_DUPFD_CLOEXEC = 1030;

  private int number;

  /** Takes ownership of {@code number}. */
  public Fd(int number) {
    if (number < 0) {
      throw new IllegalArgumentException("descriptor " + number);
    }
    this.number = number;
  }

  /** The number, for calls of this package and for handing over by SCM_RIGHTS. */
  public final int number() {
    if (number < 0) {
      throw new IllegalStateException("descriptor is closed");
    }
    return number;
  }

  /** Another descriptor of the same open file description, close-on-exec. */
  public final Fd duplicate() throws SyscallException {
    long fd = LibC.syscall(NR_FCNTL, number(), F_DUPFD_CLOEXEC, 0, 0, 0, 0);
    if (fd < 0) {
      throw new SyscallException("fcntl(" + number() + ", F_DUPFD_CLOEXEC)", LibC.errno());
    }
    return new Fd((int) fd);
  }

  /** Gives ownership away: this object is closed, the descriptor is not. */
  final synchronized int release() {
    int old = number();
    number = -1;
    return old;
  }

  @Override
  public synchronized void close() {
    if (number >= 0) {
      int old = number;
      number = -1;
      LibC.close(old);
    }
  }
}
