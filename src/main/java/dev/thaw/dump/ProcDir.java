package dev.thaw.dump;

import dev.thaw.proc.ProcStat;
import dev.thaw.proc.ProcStatus;
import dev.thaw.proc.ProcText;
import dev.thaw.proc.Smaps;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;

/** Reads the files of /proc/PID. */
public record ProcDir(int pid) {

  /** {@code /proc/PID/name}. */
  public Path path(String name) {
    return Path.of("/proc/" + pid + "/" + name);
  }

  /** The content as ISO 8859-1 text, so that no byte is lost. */
  public String text(String name) throws IOException {
    return new String(Files.readAllBytes(path(name)), StandardCharsets.ISO_8859_1);
  }

  /** The content. */
  public byte[] bytes(String name) throws IOException {
    return Files.readAllBytes(path(name));
  }

  /** Where the link points. */
  public String link(String name) throws IOException {
    return Files.readSymbolicLink(path(name)).toString();
  }

  /** Parsed stat. */
  public ProcStat stat() throws IOException {
    return ProcStat.parse(text("stat"));
  }

  /** Parsed status. */
  public ProcStatus status() throws IOException {
    return ProcStatus.parse(text("status"));
  }

  /** Parsed smaps. */
  public List<Smaps.Entry> smaps() throws IOException {
    return Smaps.parse(text("smaps"));
  }

  /** Parsed fdinfo. */
  public Map<String, String> fdinfo(int number) throws IOException {
    return ProcText.lines(text("fdinfo/" + number));
  }

  /** The numbers that name the entries of a directory, e.g. {@code fd} or {@code task}; sorted. */
  public List<Integer> numbers(String directory) throws IOException {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(path(directory))) {
      return StreamSupport.stream(entries.spliterator(), false)
          .map(p -> Integer.parseInt(p.getFileName().toString()))
          .sorted()
          .toList();
    }
  }

  /** The same view of one thread. */
  public String threadText(int tid, String name) throws IOException {
    return text("task/" + tid + "/" + name);
  }
}
