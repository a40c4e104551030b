package dev.thaw.linux;

import com.sun.jna.Pointer;

/** fcntl(2) and poll(2) questions about a descriptor; none of them changes it. */
public final class Fcntl {
  public static final short POLLIN = 0x1;
  public static final short POLLERR = 0x8;
  public static final short POLLHUP = 0x10;
  public static final short POLLRDHUP = 0x2000;

  private static final long NR_POLL = 7;
  private static final long NR_FCNTL = 72;
  private static final long NR_IOCTL = 16;
  private static final long F_GETSIG = 11;
  private static final long F_GETOWN_EX = 16;
  private static final long F_GETOWNER_UIDS = 17;
  private static final long F_GET_SEALS = 1034;
  private static final long FIONREAD = 0x541b;

  private Fcntl() {}

  /** The owner that gets SIGIO: F_GETOWN_EX. */
  public record Owner(int type, int id) {}

  /** The seals of a memfd or tmpfs file. */
  public static int seals(Fd fd) throws SyscallException {
    return (int) call(fd, "F_GET_SEALS", F_GET_SEALS, 0);
  }

  /** The signal that replaces SIGIO; 0 for SIGIO itself. */
  public static int signal(Fd fd) throws SyscallException {
    return (int) call(fd, "F_GETSIG", F_GETSIG, 0);
  }

  /** The owner; id 0 if there is none. */
  public static Owner owner(Fd fd) throws SyscallException {
    try (Scratch owner = Scratch.of(8)) {
      call(fd, "F_GETOWN_EX", F_GETOWN_EX, Pointer.nativeValue(owner));
      return new Owner(owner.getInt(0), owner.getInt(4));
    }
  }

  /** The real and effective user id of who set the owner: F_GETOWNER_UIDS. */
  public static int[] ownerUids(Fd fd) throws SyscallException {
    try (Scratch uids = Scratch.of(8)) {
      call(fd, "F_GETOWNER_UIDS", F_GETOWNER_UIDS, Pointer.nativeValue(uids));
      return new int[] {uids.getInt(0), uids.getInt(4)};
    }
  }

  /** How many bytes a read would find: FIONREAD. */
  public static int readableBytes(Fd fd) throws SyscallException {
    try (Scratch count = Scratch.of(8)) {
      count.setLong(0, 0);
      long result =
          LibC.syscall(NR_IOCTL, fd.number(), FIONREAD, Pointer.nativeValue(count), 0, 0, 0);
      if (result < 0) {
        throw new SyscallException("ioctl(" + fd.number() + ", FIONREAD)", LibC.errno());
      }
      return count.getInt(0);
    }
  }

  /** What poll(2) reports at once of {@code events}, POLLERR and POLLHUP. */
  public static int poll(Fd fd, int events) throws SyscallException {
    try (Scratch poll = Scratch.of(8)) {
      poll.setInt(0, fd.number());
      poll.setShort(4, (short) events);
      poll.setShort(6, (short) 0);
      if (LibC.syscall(NR_POLL, Pointer.nativeValue(poll), 1, 0, 0, 0, 0) < 0) {
        throw new SyscallException("poll(" + fd.number() + ")", LibC.errno());
      }
      return poll.getShort(6) & 0xffff;
    }
  }

  static long call(Fd fd, String name, long command, long argument) throws SyscallException {
    long result = LibC.syscall(NR_FCNTL, fd.number(), command, argument, 0, 0, 0);
    if (result < 0) {
      throw new SyscallException("fcntl(" + fd.number() + ", " + name + ")", LibC.errno());
    }
    return result;
  }
}
