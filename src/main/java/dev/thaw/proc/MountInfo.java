package dev.thaw.proc;

import java.util.ArrayList;
import java.util.List;

/**
 * One line of /proc/PID/mountinfo.
 *
 * @param root what of the file system is mounted
 * @param mountPoint where
 */
public record MountInfo(int major, int minor, String root, String mountPoint) {

  /** Parses the file. */
  public static List<MountInfo> parse(String text) {
    List<MountInfo> mounts = new ArrayList<>();
    for (String line : text.split("\n")) {
      String[] words = line.split(" ");
      if (words.length > 4) {
        String[] device = words[2].split(":");
        mounts.add(
            new MountInfo(
                Integer.parseInt(device[0]),
                Integer.parseInt(device[1]),
                ProcText.unescape(words[3]),
                ProcText.unescape(words[4])));
      }
    }
    return mounts;
  }
}
