package dev.thaw.restore;

import dev.thaw.image.OpenFile;
import dev.thaw.image.ProcessImage;
import dev.thaw.image.SharedMemory;
import dev.thaw.image.SignalAction;
import dev.thaw.image.file.ProcessFd;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** What of a checkpoint cannot exist twice on a machine, and so cannot be cloned. */
public final class CloneCheck {
  private static final int SIGEV_THREAD_ID = 4;

  /** SIGCHLD, SIGCONT, SIGURG, SIGWINCH do nothing to a program that does not handle them. */
  private static final Set<Integer> HARMLESS = Set.of(17, 18, 23, 28);

  private CloneCheck() {}

  /**
   * Why it cannot be cloned so, in words; empty if it can.
   *
   * @param newPids as another process than in the checkpoint, not in a pid namespace
   * @param signal what the root is to be told by
   */
  public static Optional<String> obstacle(Images images, boolean newPids, OptionalInt signal) {
    for (SharedMemory memory : images.files().sharedMemory()) {
      if (memory.kind() == SharedMemory.Kind.SYSV) {
        return Optional.of(
            "System V segment "
                + memory.sysv().id()
                + ": exists once in an IPC namespace, so a clone cannot have it; restore it");
      }
    }
    if (signal.isPresent() && !survives(images.processes().get(0), signal.getAsInt())) {
      return Optional.of(
          "signal "
              + signal.getAsInt()
              + ": it has no handler, so its clones would be killed by it; choose another");
    }
    return newPids ? pidHeld(images) : Optional.empty();
  }

  private static boolean survives(ProcessImage root, int signal) {
    boolean handled =
        root.actions().stream()
            .anyMatch((SignalAction a) -> a.signal() == signal && a.handler().value() != 0);
    boolean blocked = (root.threads().get(0).blocked().value() >>> (signal - 1) & 1) != 0;
    return handled || blocked || HARMLESS.contains(signal);
  }

  private static Optional<String> pidHeld(Images images) {
    String wayOut = "; clone it without --new-pids";
    ProcessImage root = images.processes().get(0);
    if (images.manifest().processes().size() > 1) {
      return Optional.of("its children: a process holds the pids of its children" + wayOut);
    }
    if (root.threads().size() > 1) {
      return Optional.of("its threads: locks hold the ids of their owners" + wayOut);
    }
    for (OpenFile file : images.files().files()) {
      if (file instanceof ProcessFd) {
        return Optional.of(file.describe() + ": names a pid" + wayOut);
      }
    }
    if (root.timers().stream().anyMatch(t -> t.notification() == SIGEV_THREAD_ID)) {
      return Optional.of("a timer signals a thread by its id" + wayOut);
    }
    return Optional.empty();
  }
}
