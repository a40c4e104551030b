package dev.thaw.image;

import java.util.List;

/**
 * Credentials of a task. Capability sets are 64-bit masks.
 *
 * @param securebits PR_GET_SECUREBITS
 */
public record Credentials(
    int uid,
    int euid,
    int suid,
    int fsuid,
    int gid,
    int egid,
    int sgid,
    int fsgid,
    List<Integer> groups,
    Addr inheritable,
    Addr permitted,
    Addr effective,
    Addr bounding,
    Addr ambient,
    int securebits) {
  /** Validates. */
  public Credentials {
    groups = List.copyOf(groups);
  }
}
