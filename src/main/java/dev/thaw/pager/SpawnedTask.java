package dev.thaw.pager;

import dev.thaw.linux.Fd;

/**
 * A child of thaw-init, to be seized and made into something: it runs what its {@link Image} has,
 * with all signals blocked.
 *
 * <p>It has thaw-init's memory and its descriptors 0, 1 and 2; SIGKILL is its parent-death signal
 * until it is told otherwise.
 *
 * @param pid as this JVM sees it: for ptrace(2) and /proc
 * @param innerPid as thaw-init and the task itself see it: another one in a pid namespace of theirs
 * @param socket the other end of its descriptor {@link Image#descriptor}; the receiver owns it
 */
public record SpawnedTask(int pid, int innerPid, Fd socket) {

  /**
   * What it begins with: {@code THAW_INIT_SPAWN} of native/include/thaw_init_proto.h.
   *
   * @param address of its area, whole pages that thaw-init does not use
   * @param bytes of the area
   * @param descriptor the number of its end of a pair of sockets, above 2
   * @param start the beginning of the area; the first byte is the first instruction
   */
  public record Image(long address, long bytes, int descriptor, byte[] start) {}
}
