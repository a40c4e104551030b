package dev.thaw;

import dev.thaw.image.Manifest.TreeNode;
import dev.thaw.restore.Images;
import dev.thaw.restore.MemoryMode;
import dev.thaw.restore.RestorePlan;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/** {@link Checkpoint#plan}. */
final class Planning {
  private Planning() {}

  static List<String> run(Path directory, OptionalInt pid) throws IOException {
    try (Images images = Images.open(directory)) {
      List<TreeNode> nodes = images.manifest().processes();
      if (pid.isPresent() && nodes.stream().noneMatch(n -> n.pid() == pid.getAsInt())) {
        throw new ThawException(
            ThawException.Kind.GONE,
            directory
                + ": has no process "
                + pid.getAsInt()
                + "; it holds "
                + nodes.stream()
                    .map(n -> Integer.toString(n.pid()))
                    .collect(Collectors.joining(", ")),
            null);
      }
      return RestorePlan.of(images, MemoryMode.GRADUATE, pid);
    }
  }
}
