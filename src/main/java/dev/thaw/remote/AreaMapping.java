package dev.thaw.remote;

import dev.thaw.linux.Errno;
import dev.thaw.linux.ProcessVm;
import dev.thaw.linux.SyscallException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/** How the area is mapped and reached from outside; errors name the process. */
final class AreaMapping {
  /**
   * PROT_READ | PROT_EXEC, not writable: one injected call suffices, since the blob itself makes
   * the part behind its code rw-, and a process that forbids itself W^X (PR_SET_MDWE) allows this.
   */
  static final long READ_EXEC = 1 | 4;

  static final long PRIVATE_ANONYMOUS = 0x2 | 0x20;

  private AreaMapping() {}

  static ByteBuffer read(Tracee thread, long address, int length) throws RemoteException {
    try {
      return ByteBuffer.wrap(ProcessVm.read(thread.tid(), address, length))
          .order(ByteOrder.LITTLE_ENDIAN);
    } catch (SyscallException e) {
      throw failed(thread, "", e);
    }
  }

  static void write(Tracee thread, long address, byte[] bytes) throws RemoteException {
    try {
      ProcessVm.write(thread.tid(), address, bytes);
    } catch (SyscallException e) {
      throw failed(thread, "", e);
    }
  }

  static void writeForced(Tracee thread, long address, byte[] bytes) throws RemoteException {
    try {
      ProcessVm.writeForced(thread.tid(), address, bytes);
    } catch (IOException e) {
      throw new RemoteException(
          thread.tid(), "writing /proc/" + thread.tid() + "/mem: " + e.getMessage(), e);
    }
  }

  /** Where the target is no more it is gone, whatever was being done. */
  static RemoteException failed(Tracee thread, String what, SyscallException e) {
    return e.errno() == Errno.ESRCH
        ? new TaskGoneException(thread.tid(), "is gone: " + what + e.getMessage())
        : new RemoteException(thread.tid(), what + e.getMessage(), e.code(), e);
  }

  static boolean filtersSyscalls(int tid) throws RemoteException {
    try {
      return Files.readAllLines(Path.of("/proc/" + tid + "/status")).stream()
          .anyMatch(line -> line.startsWith("Seccomp:") && !line.endsWith("\t0"));
    } catch (IOException e) {
      throw new RemoteException(tid, "reading its status: " + e.getMessage(), e);
    }
  }
}
