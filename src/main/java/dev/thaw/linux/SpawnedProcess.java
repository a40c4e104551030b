package dev.thaw.linux;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * A child process that inherits chosen descriptors and may be in namespaces of its own, which
 * ProcessBuilder cannot give it: {@code native/lib/spawn.c}. Killed by {@link #close} if it still
 * runs. Waits for this pid only.
 */
public final class SpawnedProcess implements AutoCloseable {
  /** What it may have of its own: CLONE_NEW* of clone(2). */
  public static final long NEW_PIDS = 0x20000000;

  public static final long NEW_MOUNTS = 0x00020000;
  public static final long NEW_NETWORK = 0x40000000;

  private static final long NR_WAIT4 = 61;
  private static final long NR_KILL = 62;
  private static final int SIGKILL = 9;

  static {
    Native.register(SpawnedProcess.class, ThawLibrary.load());
  }

  private final int pid;
  private int status = -1;

  private SpawnedProcess(int pid) {
    this.pid = pid;
  }

  /**
   * Starts {@code command} in the namespaces of this process.
   *
   * @param descriptors its descriptors from 3 on; they stay the caller's
   */
  public static SpawnedProcess start(List<String> command, List<? extends Fd> descriptors)
      throws SyscallException {
    return start(command, descriptors, 0);
  }

  /**
   * Starts {@code command}. No signal is blocked in it, and it has no other descriptor than the
   * standard ones and those given.
   *
   * @param command a path and arguments
   * @param descriptors its descriptors from 3 on; they stay the caller's
   * @param namespaces that it is born into, with mounts and /proc to match: a sum of {@code NEW_*}
   * @throws SyscallException which names the step that failed
   */
  public static SpawnedProcess start(
      List<String> command, List<? extends Fd> descriptors, long namespaces)
      throws SyscallException {
    try (Scratch argv = Scratch.of(8L * (command.size() + 1));
        Scratch fds = Scratch.of(Math.max(1, 4L * descriptors.size()))) {
      Memory[] words = new Memory[command.size()];
      for (int i = 0; i < words.length; i++) {
        byte[] text = (command.get(i) + "\0").getBytes(StandardCharsets.UTF_8);
        words[i] = new Memory(text.length);
        words[i].write(0, text, 0, text.length);
        argv.setPointer(8L * i, words[i]);
      }
      argv.setPointer(8L * words.length, null);
      for (int i = 0; i < descriptors.size(); i++) {
        fds.setInt(4L * i, descriptors.get(i).number());
      }
      PointerByReference failed = new PointerByReference();
      int pid = thaw_spawn(argv, fds, descriptors.size(), namespaces, failed);
      for (Memory word : words) {
        word.close();
      }
      if (pid < 0) {
        throw new SyscallException(command.get(0) + ": " + failed.getValue().getString(0), -pid);
      }
      return new SpawnedProcess(pid);
    }
  }

  /** Its pid. */
  public int pid() {
    return pid;
  }

  /** Waits for its end; returns the status of wait(2). */
  public synchronized int await() throws SyscallException {
    if (status >= 0) {
      return status;
    }
    try (Scratch out = Scratch.of(4)) {
      long found;
      do {
        found = LibC.syscall(NR_WAIT4, pid, Pointer.nativeValue(out), 0, 0, 0, 0);
      } while (found < 0 && LibC.errno() == Errno.EINTR.code());
      if (found != pid) {
        throw new SyscallException("wait4(" + pid + ")", LibC.errno());
      }
      status = out.getInt(0);
      return status;
    }
  }

  /** kill(2) of any process by its pid. */
  public static boolean kill(int pid, int signal) {
    return LibC.syscall(NR_KILL, pid, signal, 0, 0, 0, 0) == 0;
  }

  @Override
  public void close() throws SyscallException {
    if (status < 0) {
      kill(pid, SIGKILL);
      await();
    }
  }

  private static native int thaw_spawn(
      Pointer argv, Pointer fds, int fdCount, long namespaces, PointerByReference failed);
}
