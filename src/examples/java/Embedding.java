import dev.thaw.Checkpoint;
import dev.thaw.DumpOptions;
import dev.thaw.DumpReport;
import dev.thaw.ExitStatus;
import dev.thaw.Inspection;
import dev.thaw.Progress;
import dev.thaw.RestoreOptions;
import dev.thaw.RestoredTree;
import dev.thaw.ThawException;
import dev.thaw.VerifyReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Dumps a program and restores it, from a Java program. As root:
 *
 * <pre>
 *   java -cp target/thaw.jar src/examples/java/Embedding.java DIR [PROGRAM ARG...]
 * </pre>
 *
 * <p>DIR gets the checkpoint and what the program prints. Exits as the program does.
 */
public final class Embedding {
  private static final List<String> PROGRAM =
      List.of("sh", "-c", "for i in 1 2 3 4 5; do echo tick $i; sleep 1; done; exit 7");

  private Embedding() {}

  /** See above. */
  public static void main(String[] args) throws InterruptedException {
    if (args.length == 0) {
      System.err.println("usage: Embedding DIR [PROGRAM ARG...]");
      System.exit(2);
    }
    List<String> program = args.length > 1 ? List.of(args).subList(1, args.length) : PROGRAM;
    try {
      System.exit(run(Path.of(args[0]), program));
    } catch (ThawException e) {
      System.err.println(e.kind() + ": " + e.getMessage());
    } catch (IOException e) {
      System.err.println(e.getMessage());
    }
    System.exit(1);
  }

  private static int run(Path directory, List<String> program)
      throws IOException, InterruptedException {
    Path checkpoint = Files.createDirectories(directory).resolve("checkpoint");
    int pid = start(program, directory.resolve("output"));
    DumpReport dumped = Checkpoint.dump(DumpOptions.of(pid, checkpoint));
    System.out.printf(
        "dumped pid %d: %d pages, frozen for %d ms%n",
        pid, dumped.pagesSeen(), dumped.frozen().toMillis());

    VerifyReport verified = Checkpoint.verify(checkpoint, Progress.NONE);
    Inspection inside = Checkpoint.inspect(checkpoint);
    System.out.printf(
        "%d files, %d problems, %d processes%n",
        verified.filesRead(), verified.problems().size(), inside.processes().size());

    try (RestoredTree tree = Checkpoint.restore(RestoreOptions.of(checkpoint))) {
      System.out.printf(
          "restored pid %d, it runs after %d ms%n", tree.rootPid(), tree.timeToResume().toMillis());
      tree.warnings().forEach(System.out::println);
      ExitStatus end = tree.awaitExit();
      System.out.printf("pid %d %s%n", tree.rootPid(), end);
      return end.code();
    }
  }

  /**
   * Starts the program below a shell that waits for it. It must not be a child of this JVM: the
   * thread with which that waits for each of its children would take the stops of a dump away.
   */
  private static int start(List<String> program, Path output) throws IOException {
    String script = "out=$1; shift; \"$@\" </dev/null >\"$out\" 2>&1 & echo $!; wait";
    List<String> command = new ArrayList<>(List.of("sh", "-c", script, "sh", output.toString()));
    command.addAll(program);
    Process shell = new ProcessBuilder(command).start();
    return Integer.parseInt(shell.inputReader().readLine());
  }
}
