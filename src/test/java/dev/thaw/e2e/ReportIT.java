package dev.thaw.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.image.ImageCodec;
import dev.thaw.image.stats.TreeStats;
import dev.thaw.linux.PidFd;
import dev.thaw.report.TouchedReport;
import dev.thaw.store.RecordingFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code thaw report}, opened in Chromium. */
@Tag("e2e")
@Timeout(value = 240, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ReportIT {
  private static final int SIGUSR2 = 12;
  private static final Pattern CANVAS =
      Pattern.compile("<canvas role=\"img\"[^>]*data-cells=\"(\\d+)\"[^>]*data-drawn=\"(\\d+)\"");

  @TempDir Path directory;

  /** The document after its scripts have run, and what the browser complained about. */
  private String open(Path page) throws Exception {
    String output =
        Command.run(
                List.of(
                    "chromium",
                    "--no-sandbox",
                    "--headless",
                    "--disable-gpu",
                    "--disable-dev-shm-usage",
                    "--user-data-dir=" + directory.resolve("chromium"),
                    "--enable-logging=stderr",
                    "--virtual-time-budget=10000",
                    "--window-size=1400,1200",
                    "--dump-dom",
                    page.toUri().toString()))
            .succeeded()
            .output();
    assertFalse(output.contains("CONSOLE"), output);
    return output;
  }

  private static String attribute(String document, String name) {
    Matcher body = Pattern.compile("<body[^>]* data-" + name + "=\"([^\"]*)\"").matcher(document);
    assertTrue(body.find(), "no data-" + name);
    return body.group(1);
  }

  private static void assertWhole(String document, int vmas) {
    assertEquals("yes", attribute(document, "ready"));
    assertFalse(document.contains("data-errors"));
    assertEquals(vmas, Integer.parseInt(attribute(document, "vmas")));
    Matcher canvas = CANVAS.matcher(document);
    long cells = 0;
    int canvases = 0;
    while (canvas.find()) {
      assertEquals(canvas.group(1), canvas.group(2), "cells drawn");
      cells += Long.parseLong(canvas.group(1));
      canvases++;
    }
    assertEquals(vmas, canvases);
    assertEquals(cells, Long.parseLong(attribute(document, "cells")));
  }

  @Test
  void aBrowserShowsEveryVmaAndBothChartsWithoutAnError() throws Exception {
    try (Victim victim = Victim.start("process_tree", directory)) {
      Path checkpoint = victim.dump("checkpoint");
      victim.restore(checkpoint, "--private-memory", "share");
      Path stats = directory.resolve("stats");
      Files.writeString(stats, Command.thaw("stats", victim.pid(), "--json").succeeded().output());
      victim.check();
      int vmas = TouchedReport.vmaCount(checkpoint);
      assertTrue(vmas > 20);

      Path page = directory.resolve("touched.html");
      Files.writeString(page, TouchedReport.of(checkpoint, stats));
      String document = open(page);
      assertWhole(document, vmas);
      assertEquals("2", attribute(document, "charts"));
      assertTrue(document.contains("first touched after"));

      Path made = directory.resolve("made.html");
      Command.thaw("report", checkpoint, "-o", made, "--stats", stats).succeeded();
      String untouched = open(made);
      assertWhole(untouched, vmas);
      assertEquals("1", attribute(untouched, "charts"));
    }
  }

  @Test
  void aRecordedRestoreIsShownWithTheLatenciesOfItsFaults() throws Exception {
    try (Victim victim = Victim.start("working_set", directory)) {
      Path checkpoint = victim.dump("checkpoint");
      Files.createFile(directory.resolve("touch"));
      victim.restore(checkpoint, "--record");
      int position = victim.log().length();
      try (PidFd process = PidFd.open(victim.pid())) {
        process.send(SIGUSR2);
      }
      Victim.await("the touches", () -> victim.log().substring(position).equals("ready\n"));
      Command.thaw("mark", victim.pid()).succeeded();
      Path page = directory.resolve("page.html");
      Command.thaw("report", checkpoint, "-o", page).succeeded();

      Path recorded = RecordingFiles.list(checkpoint).get(0);
      long touches = RecordingFiles.read(recorded).touches().size();
      Path stats = RecordingFiles.stats(recorded).orElseThrow();
      TreeStats counted =
          ImageCodec.read(stats.toString(), Files.readAllBytes(stats), TreeStats.class);
      long faults = counted.total().all().count();
      // A page at a time: each of the victim's 1600 touches was a fault.
      assertTrue(touches >= 1600 && faults >= 1600, touches + " touches, " + faults + " faults");
      String document = open(page);
      assertWhole(document, TouchedReport.vmaCount(checkpoint));
      assertEquals("2", attribute(document, "charts"));
      assertTrue(document.contains(String.format(Locale.ROOT, "%,d pages touched", touches)));
      assertTrue(document.contains("from working-set-1.stats"));
      assertTrue(document.contains(String.format(Locale.ROOT, "<td>all</td><td>%,d</td>", faults)));
    }
  }

  @Test
  void theCheckOfThePageSeesAnError() throws Exception {
    try (Victim victim = Victim.start("threads", directory)) {
      Path checkpoint = victim.dump("checkpoint");
      Path page = directory.resolve("page.html");
      Command.thaw("report", checkpoint, "-o", page).succeeded();
      String broken = Files.readString(page).replace("map.start();", "map.begin();");
      Files.writeString(page, broken);
      AssertionError seen = null;
      try {
        open(page);
      } catch (AssertionError e) {
        seen = e;
      }
      assertTrue(seen != null && seen.getMessage().contains("map.begin is not a function"));
    }
  }
}
