package dev.thaw.restore;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The pid that a process has in its own pid namespace, which may be below this one's. */
final class InnerPid {
  private static final String FIELD = "NSpid:";

  private InnerPid() {}

  /** Of the process that is {@code hostPid} here: the last number of NSpid in its status. */
  static int of(int hostPid) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/" + hostPid + "/status"))) {
      if (line.startsWith(FIELD)) {
        String[] pids = line.substring(FIELD.length()).strip().split("\\s+");
        return Integer.parseInt(pids[pids.length - 1]);
      }
    }
    return hostPid; // a kernel without pid namespaces
  }
}
