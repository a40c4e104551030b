package dev.thaw.linux;

import com.sun.jna.Pointer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A System V shared memory segment that this process is attached to: shmget(2), shmat(2). */
public final class SysVSegment implements AutoCloseable {
  private static final Path NEXT_ID = Path.of("/proc/sys/kernel/shm_next_id");
  private static final long NR_SHMGET = 29;
  private static final long NR_SHMAT = 30;
  private static final long NR_SHMCTL = 31;
  private static final long NR_SHMDT = 67;
  private static final long IPC_CREAT_EXCL = 01000 | 02000;
  private static final long SHM_HUGETLB = 04000;
  private static final int SHM_HUGE_SHIFT = 26;
  private static final long IPC_RMID = 0;
  private static final long IPC_SET = 1;

  /** struct shmid64_ds of x86-64: struct ipc64_perm with uid, gid and mode at these offsets. */
  private static final int SHMID_DS_BYTES = 112;

  private static final int UID_AT = 4;
  private static final int GID_AT = 8;
  private static final int MODE_AT = 20;

  private final int id;
  private final long address;

  private SysVSegment(int id, long address) {
    this.id = id;
    this.address = address;
  }

  /**
   * Makes a segment with this id, which must be free, and attaches to it.
   *
   * @param key IPC_PRIVATE is 0
   * @param hugePageBytes the size of its pages, or 0 for ordinary ones
   */
  public static SysVSegment create(int id, int key, long bytes, int mode, long hugePageBytes)
      throws IOException {
    Files.writeString(NEXT_ID, Integer.toString(id)); // Documentation/admin-guide/sysctl/kernel.rst
    String call = "shmget(" + key + ", " + bytes + ", IPC_CREAT|IPC_EXCL)";
    long flags = IPC_CREAT_EXCL | mode;
    if (hugePageBytes != 0) {
      flags |= SHM_HUGETLB | (long) Long.numberOfTrailingZeros(hugePageBytes) << SHM_HUGE_SHIFT;
    }
    long made = LibC.syscall(NR_SHMGET, key, bytes, flags, 0, 0, 0);
    if (made < 0) {
      throw new SyscallException(call, LibC.errno());
    }
    if (made != id) {
      LibC.syscall(NR_SHMCTL, made, IPC_RMID, 0, 0, 0, 0);
      throw new SyscallException(call + " with id " + id, Errno.EEXIST.code());
    }
    return attach(id);
  }

  /** Attaches to one that is there. */
  public static SysVSegment attach(int id) throws SyscallException {
    long address = LibC.syscall(NR_SHMAT, id, 0, 0, 0, 0, 0);
    if (address < 0 && address > -4096) {
      throw new SyscallException("shmat(" + id + ")", LibC.errno());
    }
    return new SysVSegment(id, address);
  }

  /** Where it is attached in this process. */
  public long address() {
    return address;
  }

  /** Sets owner and mode. */
  public void own(int uid, int gid, int mode) throws SyscallException {
    try (Scratch ds = Scratch.of(SHMID_DS_BYTES)) {
      ds.clear();
      ds.setInt(UID_AT, uid);
      ds.setInt(GID_AT, gid);
      ds.setInt(MODE_AT, mode);
      control("IPC_SET", IPC_SET, Pointer.nativeValue(ds));
    }
  }

  /** Removes it: at once for new users, for good with its last detachment. */
  public void remove() throws SyscallException {
    control("IPC_RMID", IPC_RMID, 0);
  }

  private void control(String name, long command, long argument) throws SyscallException {
    if (LibC.syscall(NR_SHMCTL, id, command, argument, 0, 0, 0) < 0) {
      throw new SyscallException("shmctl(" + id + ", " + name + ")", LibC.errno());
    }
  }

  /** Detaches. */
  @Override
  public void close() {
    LibC.syscall(NR_SHMDT, address, 0, 0, 0, 0, 0);
  }
}
