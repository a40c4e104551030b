package dev.thaw.image;

/**
 * Who gets a signal when an open file becomes ready: fcntl(2), F_SETOWN_EX and F_SETSIG.
 *
 * @param file id of the {@link OpenFile}
 * @param type F_OWNER_TID 0, F_OWNER_PID 1, F_OWNER_PGRP 2
 * @param owner that thread, process or group; 0 if there is none
 * @param signal instead of SIGIO, or 0
 * @param uid real user id of who set it, with which the right to signal is checked
 * @param euid effective user id of who set it
 * @param enabled O_ASYNC
 */
public record SignalOwner(
    int file, int type, int owner, int signal, int uid, int euid, boolean enabled) {
  /** F_OWNER_TID. */
  public static final int TID = 0;

  /** F_OWNER_PGRP. */
  public static final int PGRP = 2;

  private static final int SIGRTMAX = 64;

  /** Validates. */
  public SignalOwner {
    if (type < TID || type > PGRP || owner < 0 || signal < 0 || signal > SIGRTMAX) {
      throw new IllegalArgumentException("signal " + signal + " to " + type + " " + owner);
    }
  }
}
