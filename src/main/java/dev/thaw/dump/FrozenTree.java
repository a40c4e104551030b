package dev.thaw.dump;

import dev.thaw.remote.Registers;
import dev.thaw.remote.RemoteException;
import dev.thaw.remote.TaskGoneException;
import dev.thaw.remote.Tracee;
import java.time.Duration;
import java.util.List;

/**
 * A process and its descendants, every thread of them stopped. Made, used and released on one
 * tracer thread; when that thread or its process dies, the kernel releases the tree.
 */
public final class FrozenTree implements AutoCloseable {
  private final List<Member> processes;
  private boolean thawed;

  /**
   * One stopped thread.
   *
   * @param registers with what the stop did to them undone, see {@link Tracee#settle}
   * @param signalMask the blocked signals, bit n-1 for signal n
   */
  public record Thread(Tracee tracee, Registers registers, long signalMask) {
    public int tid() {
      return tracee.tid();
    }
  }

  /**
   * One process.
   *
   * @param parentPid the parent inside the tree; 0 for the root
   * @param threads the leader first, by tid; without it where the leader has exited; empty for a
   *     zombie
   * @param groupStopped it was stopped by SIGSTOP or its like, and will be when it is thawed
   */
  public record Member(int pid, int parentPid, List<Thread> threads, boolean groupStopped) {
    public Member {
      threads = List.copyOf(threads);
    }

    /** Exited, and not yet waited for by its parent. */
    public boolean zombie() {
      return threads.isEmpty();
    }
  }

  FrozenTree(List<Member> processes) {
    this.processes = List.copyOf(processes);
  }

  /**
   * Stops {@code rootPid} and its descendants; threads and children made meanwhile do not escape.
   *
   * @throws RemoteException where it does not succeed within {@code limit}; everything runs on as
   *     it was
   */
  public static FrozenTree freeze(int rootPid, Duration limit) throws RemoteException {
    return new TreeFreezer(rootPid, limit).freeze();
  }

  /** Parents before their children. */
  public List<Member> processes() {
    return processes;
  }

  /**
   * Lets everything run on: what was in a group stop stays in it. Blobs must be cured before. Does
   * nothing the second time.
   */
  public void thaw() throws RemoteException {
    if (thawed) {
      return;
    }
    thawed = true;
    RemoteException first = null;
    for (Member process : processes) {
      for (Thread thread : process.threads()) {
        try {
          thread.tracee().detach();
        } catch (TaskGoneException killed) {
          // SIGKILL reaches stopped threads too
        } catch (RemoteException e) {
          first = first == null ? e : first;
        }
      }
    }
    if (first != null) {
      throw first;
    }
  }

  @Override
  public void close() throws RemoteException {
    thaw();
  }
}
