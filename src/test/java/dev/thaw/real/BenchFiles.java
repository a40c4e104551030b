package dev.thaw.real;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** The scratch directory of a bench. */
final class BenchFiles {
  private BenchFiles() {}

  /** What a bench does in a directory that is gone afterwards. */
  interface Body {
    void run(Path directory) throws Exception;
  }

  static void in(String name, Body body) throws Exception {
    Path directory = Files.createTempDirectory("thaw-bench-" + name);
    try {
      body.run(directory);
    } finally {
      delete(directory);
    }
  }

  static void delete(Path tree) throws IOException {
    try (Stream<Path> files = Files.walk(tree)) {
      for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
        Files.delete(file);
      }
    }
  }

  static long mib(Path tree) throws IOException {
    try (Stream<Path> files = Files.walk(tree)) {
      return files.filter(Files::isRegularFile).mapToLong(f -> f.toFile().length()).sum() >> 20;
    }
  }
}
