package dev.thaw;

import dev.thaw.ThawException.Kind;
import dev.thaw.linux.NativeFiles;
import java.io.File;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;

/** The command line of a JVM that goes on filling a tree's memory when this one has died. */
final class FillerCommand {
  /** By name: the API must not depend on the command line. */
  private static final String MAIN_CLASS = "dev.thaw.cli.Main";

  /** What a JVM may have been told about native libraries. */
  private static final List<String> PROPERTIES =
      List.of(
          "java.io.tmpdir",
          "jna.boot.library.path",
          "jna.library.path",
          "jna.tmpdir",
          "jna.nosys",
          "jna.nounpack",
          "jna.noclasspath",
          "ZstdNativePath",
          "ZstdTempFolder");

  /** What thaw-init takes, less some room for the rest. */
  private static final int MAX_CLASS_PATH_BYTES = 60_000;

  /** As this JVM was started; read once, since the answer comes from /proc and /etc/passwd. */
  private static final AtomicReference<List<String>> BEGINNING = new AtomicReference<>();

  private FillerCommand() {}

  /**
   * The command; its first word is a path.
   *
   * @param checksum of the checkpoint that was restored
   */
  static List<String> of(Path directory, int checksum) throws ThawException {
    List<String> beginning = BEGINNING.get();
    if (beginning == null) {
      beginning = ofThisCommand();
      BEGINNING.set(beginning);
    }
    List<String> command = new ArrayList<>(beginning.isEmpty() ? ofProgram() : beginning);
    command.addAll(List.of("refill", "-D", directory.toAbsolutePath().toString()));
    command.add("--checksum=" + checksum);
    return command;
  }

  /** This JVM's own command line up to the main class; empty where that is not ours. */
  private static List<String> ofThisCommand() {
    ProcessHandle.Info self = ProcessHandle.current().info();
    List<String> arguments = List.of(self.arguments().orElse(new String[0]));
    int main = arguments.indexOf(MAIN_CLASS);
    List<String> command = new ArrayList<>();
    if (main >= 0 && self.command().isPresent()) {
      command.add(self.command().get());
      command.addAll(arguments.subList(0, main + 1));
    }
    return command;
  }

  /** Of a program that Thaw is embedded in: the same Java, the same class path, our main class. */
  private static List<String> ofProgram() throws ThawException {
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    if (!Files.isExecutable(java)) {
      throw new ThawException(
          Kind.FAILED,
          java + ": is not there to go on filling if this JVM dies; run a JDK or JRE with bin/java",
          null);
    }
    List<String> command = new ArrayList<>();
    command.add(java.toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
    command.add("-Djava.util.logging.SimpleFormatter.format=thaw: %5$s%n");
    command.add("-Dthaw.native=" + NativeFiles.find("thaw-init").getParent());
    for (String name : PROPERTIES) {
      String value = System.getProperty(name);
      if (value != null) {
        command.add("-D" + name + "=" + value);
      }
    }
    command.addAll(List.of("-cp", classPath(), MAIN_CLASS));
    return command;
  }

  /** Absolute. First where this class is, which another class loader may have found. */
  private static String classPath() throws ThawException {
    Set<String> entries = new LinkedHashSet<>();
    CodeSource source = FillerCommand.class.getProtectionDomain().getCodeSource();
    try {
      if (source != null) {
        entries.add(Path.of(source.getLocation().toURI()).toString());
      }
    } catch (URISyntaxException | IllegalArgumentException e) {
      // inside of another archive: then the class path has that
    }
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
      entries.add(Path.of(entry).toAbsolutePath().toString());
    }
    String path = String.join(File.pathSeparator, entries);
    int bytes = path.getBytes(StandardCharsets.UTF_8).length;
    if (bytes > MAX_CLASS_PATH_BYTES) {
      throw new ThawException(
          Kind.FAILED,
          "the class path takes "
              + bytes
              + " bytes, thaw-init takes at most "
              + MAX_CLASS_PATH_BYTES
              + "; name the jars in the manifest of one",
          null);
    }
    return path;
  }
}
