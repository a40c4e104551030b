package dev.thaw.dump;

import dev.thaw.dump.FrozenTree.Member;
import dev.thaw.linux.Errno;
import dev.thaw.remote.RemoteException;
import dev.thaw.remote.TaskGoneException;
import dev.thaw.remote.Tracee;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;

/**
 * Stops a tree that goes on changing while it is being stopped. A process is stopped when a look at
 * its {@code /proc/PID/task} finds nothing new after all that is known there has stopped; only then
 * can it make no more children, and these are looked at.
 */
final class TreeFreezer {
  /** Longer than any call that a signal ends; vfork(2) until exec takes its time, so start over. */
  private static final Duration SLICE = Duration.ofMillis(250);

  private static final Duration CHECK = Duration.ofMillis(20);
  private static final long PAUSE_NANOS = 20_000_000;

  private final int rootPid;
  private final Duration limit;
  private final long endNanos;

  /** Everything traced, stopped or not, by tid. */
  private final Map<Integer, Tracee> traced = new LinkedHashMap<>();

  private final Set<Integer> stopped = new LinkedHashSet<>();

  TreeFreezer(int rootPid, Duration limit) {
    this.rootPid = rootPid;
    this.limit = limit;
    this.endNanos = System.nanoTime() + limit.toNanos();
  }

  FrozenTree freeze() throws RemoteException {
    while (true) {
      try {
        return attempt();
      } catch (StillRunning e) {
        release();
        if (System.nanoTime() > endNanos) {
          throw new RemoteException(
              rootPid, "its tree can not be stopped within " + limit + ": " + e.getMessage(), e);
        }
        LockSupport.parkNanos(PAUSE_NANOS);
      } catch (RemoteException | RuntimeException e) {
        release();
        throw e;
      }
    }
  }

  private FrozenTree attempt() throws RemoteException {
    if (!Files.exists(task(rootPid))) {
      throw new TaskGoneException(rootPid, "no such process");
    }
    Map<Integer, Integer> parents = new LinkedHashMap<>();
    Deque<Integer> todo = new ArrayDeque<>(List.of(rootPid));
    parents.put(rootPid, 0);
    while (!todo.isEmpty()) {
      int pid = todo.remove();
      stopProcess(pid);
      for (int child : children(pid)) {
        if (parents.putIfAbsent(child, pid) == null) {
          todo.add(child);
        }
      }
    }
    List<Member> members = new ArrayList<>();
    for (Map.Entry<Integer, Integer> entry : parents.entrySet()) {
      Member member = member(entry.getKey(), entry.getValue());
      if (member != null) {
        members.add(member);
      }
    }
    releaseStrangers(members);
    if (members.isEmpty() || members.get(0).zombie()) {
      throw new TaskGoneException(rootPid, "exited while it was being stopped");
    }
    return new FrozenTree(members);
  }

  private void stopProcess(int pid) throws RemoteException {
    boolean found = true;
    while (found) {
      found = false;
      for (int tid : tids(pid)) {
        found |= !traced.containsKey(tid) && seize(pid, tid);
      }
      for (int tid : tids(pid)) {
        Tracee thread = traced.get(tid);
        if (thread != null && stopped.add(tid)) {
          found = true;
          await(thread);
        }
      }
    }
  }

  /** False: it is gone, or a zombie. */
  private boolean seize(int pid, int tid) throws RemoteException {
    Tracee thread;
    try {
      thread = Tracee.seize(tid, Tracee.FOLLOW);
      traced.put(tid, thread);
      thread.interrupt();
      return true;
    } catch (TaskGoneException e) {
      traced.remove(tid);
      return false;
    } catch (RemoteException e) {
      char state = state(tid);
      if (state == 'Z' || state == 'X') {
        return false;
      }
      if (e.errno() == Errno.EPERM.code() && tracedByUs(tid)) {
        traced.put(tid, Tracee.attached(tid)); // took its leader's tid in execve(2)
        return true;
      }
      throw new RemoteException(
          pid,
          e.getMessage().replaceFirst("pid \\d+: ", "thread " + tid + ": ") + tracer(tid),
          e.errno(),
          e);
    }
  }

  private void await(Tracee thread) throws RemoteException {
    long sliceEnd = Math.min(endNanos, System.nanoTime() + SLICE.toNanos());
    while (true) {
      try {
        thread.awaitStop(CHECK);
        thread.takeBorn().forEach(task -> traced.putIfAbsent(task.tid(), task));
        thread.settle();
        return;
      } catch (TaskGoneException e) {
        thread.takeBorn().forEach(task -> traced.putIfAbsent(task.tid(), task));
        forget(thread);
        return;
      } catch (RemoteException e) {
        char state = state(thread.tid());
        if (state == 'Z' || state == 'X') {
          forget(thread); // a leader that exited before its threads is never reported
          return;
        }
        if (System.nanoTime() > sliceEnd) {
          stopped.remove(thread.tid());
          throw new StillRunning(thread.tid(), e);
        }
      }
    }
  }

  private void forget(Tracee thread) {
    traced.remove(thread.tid());
    stopped.remove(thread.tid());
  }

  private Member member(int pid, int parent) throws RemoteException {
    TreeMap<Integer, FrozenTree.Thread> threads = new TreeMap<>();
    boolean groupStopped = false;
    for (int tid : tids(pid)) {
      Tracee thread = traced.get(tid);
      if (thread != null && stopped.contains(tid)) {
        threads.put(tid, new FrozenTree.Thread(thread, thread.registers(), thread.signalMask()));
        groupStopped |= thread.groupStopped();
      }
    }
    if (threads.isEmpty() && !Files.exists(task(pid))) {
      return null; // a zombie that its parent's death took away
    }
    List<FrozenTree.Thread> ordered = new ArrayList<>();
    if (threads.containsKey(pid)) {
      ordered.add(threads.remove(pid));
    }
    ordered.addAll(threads.values());
    return new Member(pid, parent, ordered, groupStopped);
  }

  /** Tasks born with CLONE_PARENT belong to the root's parent: traced by birth, not of the tree. */
  private void releaseStrangers(List<Member> members) {
    Set<Integer> known = new HashSet<>();
    members.forEach(member -> member.threads().forEach(thread -> known.add(thread.tid())));
    for (Tracee task : List.copyOf(traced.values())) {
      if (!known.contains(task.tid())) {
        letGo(task);
        forget(task);
      }
    }
  }

  /** Undoes everything. */
  private void release() {
    for (Tracee thread : List.copyOf(traced.values())) {
      letGo(thread);
    }
    traced.clear();
    stopped.clear();
  }

  private void letGo(Tracee task) {
    try {
      if (!stopped.contains(task.tid())) {
        task.awaitStop(SLICE);
        task.settle();
      }
      task.detach();
    } catch (RemoteException e) {
      // Gone, or in a kernel call that nothing ends: then it stays traced until the next attempt
      // finds it, or until the tracer thread ends and the kernel detaches it.
      return;
    }
  }

  /** Every thread has a list of the children it made. */
  static List<Integer> children(int pid) throws RemoteException {
    List<Integer> children = new ArrayList<>();
    for (int tid : tids(pid)) {
      try {
        String text = Files.readString(Path.of("/proc/" + pid + "/task/" + tid + "/children"));
        for (String child : text.strip().split(" ")) {
          if (!child.isEmpty()) {
            children.add(Integer.parseInt(child));
          }
        }
      } catch (IOException e) {
        // The thread is a zombie by now: its children went to another thread of the process.
      }
    }
    return children;
  }

  private static List<Integer> tids(int pid) {
    List<Integer> tids = new ArrayList<>();
    String[] names = task(pid).toFile().list();
    if (names != null) { // null: the process is gone
      for (String name : names) {
        tids.add(Integer.parseInt(name));
      }
    }
    return tids;
  }

  private static Path task(int pid) {
    return Path.of("/proc/" + pid + "/task");
  }

  /** The letter of /proc/PID/stat; 'X': there is no such thread. */
  private static char state(int tid) {
    try {
      String stat = Files.readString(Path.of("/proc/" + tid + "/stat"));
      return stat.charAt(stat.lastIndexOf(')') + 2);
    } catch (IOException e) {
      return 'X';
    }
  }

  private static int process(int tid) {
    return statusNumber(tid, "Tgid:");
  }

  private static boolean tracedByUs(int tid) {
    int tracer = statusNumber(tid, "TracerPid:");
    return tracer > 0 && process(tracer) == ProcessHandle.current().pid();
  }

  private static String tracer(int tid) {
    int tracer = statusNumber(tid, "TracerPid:");
    return tracer > 0 ? "; process " + tracer + " traces it: detach that first" : "";
  }

  /** 0 where there is none. */
  private static int statusNumber(int tid, String field) {
    try {
      return Files.readAllLines(Path.of("/proc/" + tid + "/status")).stream()
          .filter(line -> line.startsWith(field))
          .mapToInt(line -> Integer.parseInt(line.substring(field.length()).strip()))
          .findFirst()
          .orElse(0);
    } catch (IOException e) {
      return 0;
    }
  }

  /** A thread that does not stop now, but may later. */
  private static final class StillRunning extends RemoteException {
    private static final long serialVersionUID = 1L;

    StillRunning(int tid, RemoteException cause) {
      super(tid, cause.getMessage().replaceFirst("pid \\d+: ", ""), cause);
    }
  }
}
