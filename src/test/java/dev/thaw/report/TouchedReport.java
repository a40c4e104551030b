package dev.thaw.report;

import dev.thaw.image.ProcessImage;
import dev.thaw.restore.Images;
import dev.thaw.store.PagemapRun;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A report of a checkpoint every third held page of which was touched, in two recordings. */
public final class TouchedReport {
  private TouchedReport() {}

  /**
   * The page.
   *
   * @param stats a file of thaw stats --json
   */
  public static String of(Path directory, Path stats) throws IOException {
    List<Touch> touches = new ArrayList<>();
    try (Images images = Images.open(directory)) {
      for (ProcessImage process : images.processes()) {
        String name = ProcessImage.pagemapName(process.pid());
        for (PagemapRun run : images.runs(name)) {
          for (long page = run.firstPage(); page < run.endPage(); page += 3) {
            long nanos = 1_000_000L + 20_000L * touches.size();
            touches.add(new Touch(nanos, name, page, touches.size() % 5 == 0));
          }
        }
      }
    }
    long end = 2_000_000L + 20_000L * touches.size();
    int half = touches.size() / 2;
    Recordings recordings =
        new Recordings(
            List.of(
                new TouchRecording("working-set-1.ws", end, touches.subList(0, half)),
                new TouchRecording("working-set-2.ws", end, touches)),
            Optional.empty());
    return Report.of(directory, recordings, Optional.of(stats));
  }

  /** The VMAs of all processes. */
  public static int vmaCount(Path directory) throws IOException {
    try (Images images = Images.open(directory)) {
      return images.processes().stream().mapToInt(p -> p.mm().vmas().size()).sum();
    }
  }
}
