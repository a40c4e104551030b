package dev.thaw.linux;

/** The errno values that the code decides on, and the names of all that a message may show. */
public enum Errno {
  EPERM(1),
  ENOENT(2),
  ESRCH(3),
  EINTR(4),
  EIO(5),
  ENXIO(6),
  E2BIG(7),
  ENOEXEC(8),
  EBADF(9),
  ECHILD(10),
  EAGAIN(11),
  ENOMEM(12),
  EACCES(13),
  EFAULT(14),
  ENOTBLK(15),
  EBUSY(16),
  EEXIST(17),
  EXDEV(18),
  ENODEV(19),
  ENOTDIR(20),
  EISDIR(21),
  EINVAL(22),
  ENFILE(23),
  EMFILE(24),
  ENOTTY(25),
  ETXTBSY(26),
  EFBIG(27),
  ENOSPC(28),
  ESPIPE(29),
  EROFS(30),
  EMLINK(31),
  EPIPE(32),
  EDOM(33),
  ERANGE(34),
  EDEADLK(35),
  ENAMETOOLONG(36),
  ENOSYS(38),
  ENOTEMPTY(39),
  ELOOP(40),
  ENODATA(61),
  EOVERFLOW(75),
  ENOTSOCK(88),
  EDESTADDRREQ(89),
  EMSGSIZE(90),
  ENOPROTOOPT(92),
  EPROTONOSUPPORT(93),
  EOPNOTSUPP(95),
  EAFNOSUPPORT(97),
  EADDRINUSE(98),
  EADDRNOTAVAIL(99),
  ENOBUFS(105),
  ENOTCONN(107),
  ETIMEDOUT(110),
  ECONNREFUSED(111),
  EINPROGRESS(115),
  EDQUOT(122),
  /** Any other number; the message carries it. */
  OTHER(0);

  private final int code;

  Errno(int code) {
    this.code = code;
  }

  /** The number in asm-generic/errno.h; 0 for {@link #OTHER}. */
  public int code() {
    return code;
  }

  /**
   * The constant that strerror(3) describes as {@code text}, or {@link #OTHER}: the JDK's
   * exceptions about files have the text alone.
   */
  public static Errno ofText(String text) {
    for (Errno e : values()) {
      if (e != OTHER && LibC.strerror(e.code).getString(0).equals(text)) {
        return e;
      }
    }
    return OTHER;
  }

  /** The constant for {@code code}, or {@link #OTHER}. */
  public static Errno of(int code) {
    for (Errno e : values()) {
      if (e.code == code) {
        return e;
      }
    }
    return OTHER;
  }
}
