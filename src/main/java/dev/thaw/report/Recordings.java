package dev.thaw.report;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.StreamSupport;

/**
 * What restores have left beside a checkpoint.
 *
 * @param touches one for each recording
 * @param lastStats what the pager had counted at the end of the last one of them
 */
record Recordings(List<TouchRecording> touches, Optional<Path> lastStats) {
  private static final String STATS = "working-set-*.stats";

  static Recordings of(Path directory) throws IOException {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory, STATS)) {
      return new Recordings(
          List.of(),
          StreamSupport.stream(entries.spliterator(), false)
              .max(Comparator.comparingLong(file -> file.toFile().lastModified())));
    }
  }
}
