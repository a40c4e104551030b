package dev.thaw.dump;

import dev.thaw.linux.Kcmp;
import dev.thaw.proc.ProcStat;
import dev.thaw.proc.ProcStatus;
import dev.thaw.remote.TaskGoneException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Refuses trees that cannot be dumped, before anything of them is touched. */
final class TreeCheck {
  private static final Map<Kcmp.Type, String> SHARED =
      Map.of(
          Kcmp.Type.VM, "memory (CLONE_VM, vfork)",
          Kcmp.Type.FILES, "descriptor table (CLONE_FILES)",
          Kcmp.Type.FS, "directory and umask (CLONE_FS)");

  private TreeCheck() {}

  /**
   * The process exists, is no kernel thread, is not traced, and neither this program nor the one
   * that waits for the dump is below it.
   */
  static void requireDumpable(int pid, int callerPid) throws IOException {
    ProcDir proc = new ProcDir(pid);
    ProcStat stat;
    try {
      stat = proc.stat();
    } catch (NoSuchFileException e) {
      throw new TaskGoneException(pid, "no such process; see ps -e");
    }
    if (stat.kernelThread()) {
      throw new UnsupportedResourceException(
          pid, stat.name(), "is a kernel thread; name a process, see ps -e");
    }
    if (stat.zombie()) {
      throw new UnsupportedResourceException(
          pid, stat.name(), "has exited already, and waits for its parent to take notice");
    }
    if (pid == 1) {
      throw new UnsupportedResourceException(
          pid, stat.name(), "is the init of this pid namespace; name a process below it");
    }
    ProcStatus status = proc.status();
    if (status.number("Tgid") != pid) {
      throw new UnsupportedResourceException(
          pid, stat.name(), "is a thread; name its process, " + status.number("Tgid"));
    }
    int tracer = status.tracer();
    if (tracer != 0) {
      throw new UnsupportedResourceException(
          pid, stat.name(), "is traced by process " + tracer + "; detach that first");
    }
    requireOwnNamespace(pid, stat.name());
    requireNotAbove(ProcessHandle.current(), pid, stat.name());
    Optional<ProcessHandle> caller = ProcessHandle.of(callerPid);
    if (caller.isPresent()) {
      requireNotAbove(caller.get(), pid, stat.name());
    }
  }

  /** A checkpoint holds the pids that the processes see: they must be those seen here. */
  private static void requireOwnNamespace(int pid, String name) throws IOException {
    Path ours = Files.readSymbolicLink(Path.of("/proc/self/ns/pid"));
    if (!Files.readSymbolicLink(Path.of("/proc/" + pid + "/ns/pid")).equals(ours)) {
      throw new UnsupportedResourceException(
          pid,
          name,
          "lives in another pid namespace; dump it from inside: nsenter -t "
              + pid
              + " -p -m thaw ...");
    }
  }

  private static void requireNotAbove(ProcessHandle program, int pid, String name)
      throws UnsupportedResourceException {
    for (ProcessHandle p = program; p != null; p = p.parent().orElse(null)) {
      if (p.pid() == pid) {
        throw new UnsupportedResourceException(
            pid, name, "is an ancestor of this thaw, and would stop it; run thaw from elsewhere");
      }
    }
  }

  /** No two processes share what a restore makes apart; sessions can be made again. */
  static void requireSeparate(FrozenTree tree) throws IOException {
    List<FrozenTree.Member> living = tree.processes().stream().filter(m -> !m.zombie()).toList();
    for (int i = 0; i < living.size(); i++) {
      for (int j = i + 1; j < living.size(); j++) {
        for (Map.Entry<Kcmp.Type, String> shared : SHARED.entrySet()) {
          if (Kcmp.same(living.get(i).pid(), living.get(j).pid(), shared.getKey(), 0, 0)) {
            throw new UnsupportedResourceException(
                living.get(j).pid(),
                shared.getValue(),
                "is shared with process " + living.get(i).pid() + "; not supported yet");
          }
        }
      }
    }
    requireSessions(tree);
  }

  private static void requireSessions(FrozenTree tree) throws IOException {
    Map<Integer, Integer> sessions = new HashMap<>();
    for (FrozenTree.Member member : tree.processes()) {
      ProcStat stat = new ProcDir(member.pid()).stat();
      sessions.put(member.pid(), stat.sid());
      Integer parent = sessions.get(member.parentPid());
      boolean own = stat.sid() == member.pid();
      // The parent's session now, or the one it was born into before it called setsid().
      boolean inherited = parent == null || stat.sid() == parent || parent == member.parentPid();
      if (!own && !inherited) {
        throw new UnsupportedResourceException(
            member.pid(), "session " + stat.sid(), "its leader is gone; not supported yet");
      }
    }
  }
}
