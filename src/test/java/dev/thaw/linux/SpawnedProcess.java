package dev.thaw.linux;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/**
 * A child process that inherits chosen descriptors, which ProcessBuilder cannot give it; killed by
 * {@link #close} if it still runs. Waits for this pid only.
 */
public final class SpawnedProcess implements AutoCloseable {
  private static final int ACTIONS_BYTES = 128;
  private static final long NR_WAIT4 = 61;
  private static final long NR_KILL = 62;
  private static final int SIGKILL = 9;

  static {
    Native.register(SpawnedProcess.class, "c");
  }

  private final int pid;
  private int status = -1;

  private SpawnedProcess(int pid) {
    this.pid = pid;
  }

  /**
   * Starts {@code command}.
   *
   * @param descriptors number in the child to descriptor here; they stay the caller's
   */
  public static SpawnedProcess start(List<String> command, Map<Integer, Fd> descriptors)
      throws SyscallException {
    try (Memory actions = new Memory(ACTIONS_BYTES);
        Memory pid = new Memory(4);
        Memory argv = new Memory(8L * (command.size() + 1))) {
      Memory[] words = new Memory[command.size()];
      for (int i = 0; i < words.length; i++) {
        byte[] text = (command.get(i) + "\0").getBytes(StandardCharsets.UTF_8);
        words[i] = new Memory(text.length);
        words[i].write(0, text, 0, text.length);
        argv.setPointer(8L * i, words[i]);
      }
      argv.setPointer(8L * words.length, null);
      posix_spawn_file_actions_init(actions);
      descriptors.forEach(
          (number, fd) -> posix_spawn_file_actions_adddup2(actions, fd.number(), number));
      Pointer environment =
          com.sun.jna.NativeLibrary.getInstance("c")
              .getGlobalVariableAddress("environ")
              .getPointer(0);
      int error = posix_spawn(pid, command.get(0), actions, null, argv, environment);
      posix_spawn_file_actions_destroy(actions);
      for (Memory word : words) {
        word.close();
      }
      if (error != 0) {
        throw new SyscallException("posix_spawn(" + command.get(0) + ")", error);
      }
      return new SpawnedProcess(pid.getInt(0));
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
    try (Memory out = new Memory(4)) {
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

  private static native int posix_spawn(
      Pointer pid, String path, Pointer actions, Pointer attributes, Pointer argv, Pointer envp);

  private static native int posix_spawn_file_actions_init(Pointer actions);

  private static native int posix_spawn_file_actions_destroy(Pointer actions);

  private static native int posix_spawn_file_actions_adddup2(Pointer actions, int fd, int newFd);
}
