package dev.thaw.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A program that writes checkpoints into the directory of its first argument until it is ended: 0
 * and all even ones into directories that do not exist, the others into empty ones. Prints the
 * number of each when it begins.
 */
final class EndlessDumper {
  private EndlessDumper() {}

  public static void main(String[] arguments) throws IOException {
    ByteBuffer pages = Pages.mixed(400, 1);
    for (int i = 0; ; i++) {
      Path target = Path.of(arguments[0], "checkpoint" + i);
      if (i % 2 == 1) {
        Files.createDirectory(target);
      }
      System.out.println(i);
      try (CheckpointWriter checkpoint = CheckpointWriter.begin(target);
          PageStoreWriter writer = new PageStoreWriter(checkpoint, PageStoreOptions.DEFAULTS)) {
        for (int file = 0; file < 20; file++) {
          checkpoint.add("file" + file + ".json", new byte[100]);
        }
        writer.put(pages.duplicate(), writer.sink("1"), 0);
        writer.finish();
        checkpoint.commit();
      }
    }
  }
}
