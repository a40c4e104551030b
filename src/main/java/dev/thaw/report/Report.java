package dev.thaw.report;

import dev.thaw.image.ImageCodec;
import dev.thaw.image.Manifest;
import dev.thaw.image.stats.FaultLatency;
import dev.thaw.image.stats.TreeStats;
import dev.thaw.restore.Images;
import dev.thaw.store.PageStatistics;
import dev.thaw.store.Pagemap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Makes one page of HTML of a checkpoint and the recordings beside it. */
public final class Report {
  private static final long PAGE_BYTES = 4096;

  private final Path directory;
  private final Images images;

  private Report(Path directory, Images images) {
    this.directory = directory;
    this.images = images;
  }

  /**
   * The page: it needs nothing else, no file and no network.
   *
   * @param directory the checkpoint
   * @param statsFile what {@code thaw stats --json} printed; if none, what a restore that recorded
   *     has left in the directory, if any
   */
  public static String of(Path directory, Optional<Path> statsFile) throws IOException {
    return of(directory, Recordings.of(directory), statsFile);
  }

  static String of(Path directory, Recordings recordings, Optional<Path> statsFile)
      throws IOException {
    try (Images images = Images.open(directory)) {
      Optional<Path> stats = statsFile.or(recordings::lastStats);
      return ReportPage.of(new Report(directory, images).data(recordings.touches(), stats));
    }
  }

  private ReportData data(List<TouchRecording> recordings, Optional<Path> statsFile)
      throws IOException {
    FirstTouches touches = new FirstTouches(recordings);
    List<FaultLatency> latency = List.of();
    if (statsFile.isPresent()) {
      byte[] content = Files.readAllBytes(statsFile.get());
      latency =
          ImageCodec.read(statsFile.get().toString(), content, TreeStats.class).total().latency();
    }
    Manifest.TreeNode root = images.manifest().processes().get(0);
    return new ReportData(
        root.name() + " (" + root.pid() + ")",
        facts(),
        CheckpointMap.of(images, touches),
        touches.pageCount(),
        touches.quantileMicros(),
        recordings.stream().map(Curves::of).toList(),
        latency,
        statsFile.map(file -> file.getFileName().toString()).orElse(""));
  }

  private List<ReportData.Fact> facts() throws IOException {
    Manifest manifest = images.manifest();
    List<ReportData.Fact> facts = new ArrayList<>();
    int threads = images.processes().stream().mapToInt(p -> p.threads().size()).sum();
    facts.add(new ReportData.Fact("Processes", number(manifest.processes().size())));
    facts.add(new ReportData.Fact("Threads", number(threads)));
    PageStatistics pages = pages();
    facts.add(new ReportData.Fact("Pages held", number(pages.seen())));
    facts.add(new ReportData.Fact("Zero", number(pages.zero())));
    facts.add(new ReportData.Fact("Equal to others", number(pages.duplicate())));
    facts.add(new ReportData.Fact("Stored", number(pages.stored())));
    String stored =
        String.format(
            Locale.ROOT,
            "%,.1f MiB for %,.1f MiB",
            images.pages().fileBytes() / 1048576.0,
            pages.seen() * PAGE_BYTES / 1048576.0);
    facts.add(new ReportData.Fact("On disk", stored));
    facts.add(new ReportData.Fact("Dumped", dumped()));
    facts.add(new ReportData.Fact("Kernel", manifest.machine().kernel()));
    facts.add(
        new ReportData.Fact(
            "Format", manifest.formatVersion() + ", by thaw " + manifest.thawVersion()));
    facts.add(new ReportData.Fact("Directory", directory.toAbsolutePath().normalize().toString()));
    return facts;
  }

  private String dumped() throws IOException {
    return Files.getLastModifiedTime(directory.resolve(Manifest.FILE))
        .toInstant()
        .truncatedTo(ChronoUnit.SECONDS)
        .toString();
  }

  private PageStatistics pages() {
    List<String> names = new ArrayList<>();
    images.processes().forEach(p -> names.add(Integer.toString(p.pid())));
    images.files().sharedMemory().forEach(memory -> names.add(memory.pagemapName()));
    long zero = 0;
    long duplicate = 0;
    long stored = 0;
    for (String name : names) {
      Pagemap pagemap = images.pagemap(name);
      zero += pagemap.statistics().zero();
      duplicate += pagemap.statistics().duplicate();
      stored += pagemap.statistics().stored();
    }
    return new PageStatistics(zero + duplicate + stored, zero, duplicate, stored);
  }

  private static String number(long value) {
    return String.format(Locale.ROOT, "%,d", value);
  }
}
