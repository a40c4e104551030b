package dev.thaw.cli;

import dev.thaw.ThawException;
import java.io.PrintStream;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.ParameterException;

/** The {@code thaw} command. The only place that prints errors and picks exit codes. */
@Command(
    name = "thaw",
    header = "Checkpoints running Linux process trees and restores them lazily.",
    synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    subcommands = {
      DumpCommand.class,
      RestoreCommand.class,
      CheckCommand.class,
      InspectCommand.class,
      PlanCommand.class,
      VerifyCommand.class,
      VersionCommand.class,
      CommandLine.HelpCommand.class
    },
    commandListHeading = "%nCommands:%n",
    footer = "%n'thaw help COMMAND' tells more about one.")
public final class Main {

  private Main() {}

  /** Runs one command and exits with its code. */
  public static void main(String[] args) {
    System.exit(run(System.err, args));
  }

  /** Runs one command; its errors go to {@code err}. */
  static int run(PrintStream err, String... args) {
    CommandLine line = new CommandLine(new Main());
    line.setUsageHelpAutoWidth(false);
    line.setParameterExceptionHandler((e, ignored) -> usageError(err, e));
    line.setExecutionExceptionHandler(
        (e, command, parsed) -> report(err, e, List.of(args).contains("-v")));
    if (args.length == 0) {
      line.usage(err);
      return ExitCode.USAGE;
    }
    return line.execute(args);
  }

  private static int usageError(PrintStream err, ParameterException e) {
    err.println(
        oneLine(e.getMessage())
            + "; see: "
            + e.getCommandLine().getCommandSpec().qualifiedName()
            + " --help");
    return ExitCode.USAGE;
  }

  /** One line for {@code e}; with {@code verbose} its stack trace follows. */
  private static int report(PrintStream err, Exception e, boolean verbose) {
    boolean known = e instanceof ThawException || e instanceof java.io.IOException;
    err.println(oneLine(known && e.getMessage() != null ? e.getMessage() : "internal error: " + e));
    if (verbose) {
      e.printStackTrace(err);
    }
    return e instanceof ThawException thaw ? ExitCode.of(thaw.kind()) : ExitCode.FAILED;
  }

  private static String oneLine(String message) {
    return "thaw: " + message.strip().replaceAll("\\s*\\R\\s*", "; ");
  }

  /** Reads the version that the build wrote into the jar's manifest. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[] {"thaw " + number()};
    }

    static String number() {
      String version = Main.class.getPackage().getImplementationVersion();
      return version == null ? "(unpacked build)" : version;
    }
  }
}
