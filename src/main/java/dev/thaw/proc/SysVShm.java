package dev.thaw.proc;

import java.util.Optional;

/**
 * One line of /proc/sysvipc/shm: sysvipc_shm_proc_show() in ipc/shm.c.
 *
 * @param mode permission bits
 * @param removed marked by IPC_RMID: SHM_DEST
 * @param attachments shm_nattch: how many mappings there are
 */
public record SysVShm(
    int key, int id, int mode, boolean removed, long bytes, int attachments, int uid, int gid) {
  private static final int SHM_DEST = 01000;

  /** The segment {@code id} in the whole text. */
  public static Optional<SysVShm> find(String text, long id) {
    return text.lines()
        .skip(1)
        .map(line -> line.strip().split("\\s+"))
        .filter(words -> Long.parseLong(words[1]) == id)
        .map(SysVShm::parse)
        .findFirst();
  }

  private static SysVShm parse(String[] words) {
    int perms = Integer.parseInt(words[2], 8);
    return new SysVShm(
        Integer.parseInt(words[0]),
        Integer.parseInt(words[1]),
        perms & 0777,
        (perms & SHM_DEST) != 0,
        Long.parseLong(words[3]),
        Integer.parseInt(words[6]),
        Integer.parseInt(words[7]),
        Integer.parseInt(words[8]));
  }
}
